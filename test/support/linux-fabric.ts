/** Hosts on one underlay, and guests on them, as an NVA would have set them up. */
import type { BridgeDomainItem, Payload } from '../../src/model/item.js';
import { LinuxHost } from './linux-host.js';
import {
  domain,
  floodTo,
  macAt,
  macOf,
  neighbor,
  tunnelTo,
  vethPort,
  vtepItem,
} from './linux-items.js';
import { cable, Netns } from './netns.js';

export interface UnderlayFamily {
  readonly name: string;
  readonly vtep: (host: number) => string;
  readonly length: number;
  /** Bytes that VXLAN adds. */
  readonly overhead: number;
}

export const OVER_IPV4: UnderlayFamily = {
  name: 'IPv4',
  vtep: (host) => `10.1.0.${host + 1}`,
  length: 24,
  overhead: 50,
};

export const OVER_IPV6: UnderlayFamily = {
  name: 'IPv6',
  vtep: (host) => `fd01::${host + 1}`,
  length: 64,
  overhead: 70,
};

/** A virtual network; its guests are numbered over all networks. */
export interface Network {
  readonly vni: number;
  /** By guest, the host it is on. */
  readonly guests: ReadonlyMap<number, number>;
  readonly more?: Partial<BridgeDomainItem>;
  /** Of a guest's number. */
  readonly ips: (guest: number) => readonly string[];
}

export const macOfGuest = (guest: number): string =>
  `02:00:00:00:00:${(guest + 1).toString(16).padStart(2, '0')}`;

export const endpointOf = (guest: number): string => `guest-${guest}`;

export class Fabric {
  private constructor(
    readonly family: UnderlayFamily,
    private readonly wire: Netns,
    readonly hosts: readonly LinuxHost[],
    readonly guests: readonly Netns[],
  ) {}

  /** The hosts' interface to the underlay is `u0`; the underlay's MTU is 1500. */
  static async create(family: UnderlayFamily, hosts: number, guests: number): Promise<Fabric> {
    const wire = await Netns.create();
    const options = ['stp_state', '0', 'mcast_snooping', '0'];
    await wire.ip('link', 'add', 'name', 'wire', 'up', 'type', 'bridge', ...options);
    const made: LinuxHost[] = [];
    for (let i = 0; i < hosts; i++) {
      const host = await LinuxHost.create();
      made.push(host);
      await cable([host.ns, 'u0'], [wire, `to${i}`]);
      await wire.ip('link', 'set', 'dev', `to${i}`, 'master', 'wire');
      const nodad = family.vtep(i).includes(':') ? ['nodad'] : [];
      await host.ns.ip('addr', 'add', `${family.vtep(i)}/${family.length}`, 'dev', 'u0', ...nodad);
    }
    const namespaces: Netns[] = [];
    for (let i = 0; i < guests; i++) namespaces.push(await Netns.create());
    return new Fabric(family, wire, made, namespaces);
  }

  get mtu(): number {
    return 1500 - this.family.overhead;
  }

  host(i: number): LinuxHost {
    const host = this.hosts[i];
    if (host === undefined) throw new Error(`no host ${i}`);
    return host;
  }

  guest(i: number): Netns {
    const guest = this.guests[i];
    if (guest === undefined) throw new Error(`no guest ${i}`);
    return guest;
  }

  /** All that a host is sent for these networks. */
  itemsFor(host: number, networks: readonly Network[]): Payload[] {
    const here = this.family.vtep(host);
    const items = networks.flatMap((network) => this.#networkItems(host, network));
    return [vtepItem(here), ...items];
  }

  #networkItems(host: number, { vni, guests, more = {}, ips }: Network): Payload[] {
    const here = this.family.vtep(host);
    const others = new Set([...guests.values()].filter((other) => other !== host));
    if (![...guests.values()].includes(host)) return [];
    const floods = more.flood !== false && (more.bumGroup ?? '') === '';
    return [
      domain(vni, here, { mtu: this.mtu, ...more }),
      ...[...others].flatMap((other): Payload[] => {
        const there = this.family.vtep(other);
        return [tunnelTo(vni, there, here), ...(floods ? [floodTo(vni, there)] : [])];
      }),
      ...[...guests].flatMap(([guest, at]): Payload[] => {
        const mac = macOfGuest(guest);
        const known = ips(guest).map((ip) => neighbor(vni, ip, mac));
        if (at !== host) return [macAt(vni, mac, this.family.vtep(at)), ...known];
        const addresses = ips(guest).map((ip) => `${ip}/${ip.includes(':') ? 64 : 24}`);
        const name = this.guest(guest).name;
        const port = vethPort(endpointOf(guest), vni, mac, name, { addresses, mtu: this.mtu });
        return [port, macOf(vni, mac, endpointOf(guest)), ...known];
      }),
    ];
  }

  async converge(networks: readonly Network[]): Promise<void> {
    // A guest that moves to another host is to leave the first one before.
    for (const [i, host] of this.hosts.entries()) {
      const steps = await host.plan(this.itemsFor(i, networks), 'all');
      for (const step of steps.filter(({ op }) => op === 'delete').reverse()) {
        await host.succeed([step]);
      }
    }
    for (const [i, host] of this.hosts.entries()) {
      await host.converge(this.itemsFor(i, networks), 'all');
    }
  }

  async close(): Promise<void> {
    for (const host of this.hosts) await host.close();
    for (const guest of this.guests) await guest.close();
    await this.wire.close();
  }
}
