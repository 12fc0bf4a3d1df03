/**
 * What a VPP has, seen by other eyes than the client's: of a real one what its command line shows, of
 * the emulator its state.
 */
import assert from 'node:assert/strict';
import type { VppClient } from '../../src/vpp-api/client/client.js';
import type { VppEmulator } from './vpp-emulator/emulator.js';
import { FEATURE } from './vpp-emulator/features/bridge-domain.js';
import {
  CommandLineRoutingEye,
  EmulatorRoutingEye,
  type RoutingEye,
  type SeenGateway,
} from './vpp-eye-routing.js';
import { ipText, macText } from './vpp-text.js';

export interface SeenDomain {
  readonly learn: boolean;
  readonly flood: boolean;
  readonly arpTermination: boolean;
  readonly tag: string;
  /** `NAME SHG`, in the order of their names. */
  readonly members: readonly string[];
  /** `IP MAC`, sorted. */
  readonly arp: readonly string[];
  /** `MAC NAME`, the static ones, sorted. */
  readonly macs: readonly string[];
}

export interface Eye {
  readonly routing: RoutingEye;
  domain(id: number): Promise<SeenDomain | undefined>;
  domainIds(): Promise<readonly number[]>;
  /** `VNI LOCAL REMOTE`, by the interface's name. */
  tunnelNames(): Promise<ReadonlyMap<string, string>>;
  /** `NAME up|down`, sorted. */
  interfaces(): Promise<readonly string[]>;
  /**
   * Sorted: `vhost-user SOCKET server|client OFFER…`, `memif SOCKET ID master|slave`, `memif-socket PATH`, and
   * `NAME REWRITE` of members whose tags are rewritten.
   */
  plugged(): Promise<readonly string[]>;
}

/** `VNI LOCAL REMOTE`, sorted. */
export async function tunnelsOf(eye: Eye): Promise<readonly string[]> {
  return [...(await eye.tunnelNames()).values()].sort();
}

/** All of it, with tunnels called by their ends: VPP numbers them as they come. */
export async function everything(eye: Eye): Promise<object> {
  const names = new Map(await eye.tunnelNames());
  const renamed = (line: string): string =>
    line.replaceAll(/(?:vxlan_tunnel|loop)\d+/g, (name) => names.get(name) ?? name);
  const domains: Record<string, SeenDomain | undefined> = {};
  const gateways: Record<string, Partial<SeenGateway>> = {};
  for (const id of await eye.domainIds()) {
    const gateway = await eye.routing.gateway(id);
    if (gateway !== undefined) {
      names.set(gateway.name, `gateway-${id}`);
      gateways[id] = { ...gateway, name: '' };
    }
  }
  for (const id of await eye.domainIds()) {
    const seen = await eye.domain(id);
    domains[id] = seen && {
      ...seen,
      members: seen.members.map(renamed).sort(),
      macs: seen.macs.map(renamed).sort(),
    };
  }
  const tables = await eye.routing.tables();
  const ids = new Set(tables.map((each) => Number(each.split(' ')[1])));
  const routes: Record<string, readonly string[]> = {};
  for (const id of ids) routes[id] = (await eye.routing.forwarding(id)).map(renamed);
  return {
    domains,
    gateways,
    tables,
    routes,
    crossConnects: await eye.routing.crossConnects(),
    interfaces: (await eye.interfaces()).map(renamed).sort(),
    plugged: await eye.plugged(),
  };
}

/** Through `vppctl`'s commands. */
export class CommandLineEye implements Eye {
  readonly routing: RoutingEye;

  constructor(private readonly client: VppClient) {
    this.routing = new CommandLineRoutingEye((what) => this.#show(what));
  }

  async domain(id: number): Promise<SeenDomain | undefined> {
    const list = await this.#show('bridge-domain');
    const row = list.split('\n').find((line) => line.trim().startsWith(`${id} `));
    if (row === undefined) return undefined;
    const [, index = '', , , learn, , , flood, arp] = row.trim().split(/\s+/);
    const detail = await this.#show(`bridge-domain ${id} detail`);
    const macs = await this.#show('l2fib all');
    return {
      learn: learn === 'on',
      flood: flood === 'on',
      arpTermination: arp === 'on',
      tag: /BD-Tag: (\S+)/.exec(detail)?.[1] ?? '',
      members: matches(detail, /^\s+(\S+)\s+\d+\s+\d+\s+(\d+)\s+[-*]\s+[-*]/gm),
      arp: matches(detail, /^\s+(\S+)\s+=>\s+(\S+)/gm),
      macs: matches(
        macs,
        new RegExp(`^ (\\S+)\\s+${index}\\s+\\d+\\s+\\S+\\s+\\S+\\s+\\*\\s+-\\s+-\\s+(\\S+)`, 'gm'),
      ),
    };
  }

  async domainIds(): Promise<readonly number[]> {
    const list = await this.#show('bridge-domain');
    return [...list.matchAll(/^ +([1-9]\d*) +\d/gm)].map(([, id]) => Number(id));
  }

  async tunnelNames(): Promise<ReadonlyMap<string, string>> {
    const text = await this.#show('vxlan tunnel');
    const found = [...text.matchAll(/instance (\d+) src (\S+) dst (\S+) .*vni (\d+)/g)];
    return new Map(
      found.map(([, n = '', src = '', dst = '', vni = '']) => [
        `vxlan_tunnel${n}`,
        `${vni} ${src} ${dst}`,
      ]),
    );
  }

  async interfaces(): Promise<readonly string[]> {
    return matches(await this.#show('interface'), /^(\S+)\s+\d+\s+(up|down)/gm);
  }

  async plugged(): Promise<readonly string[]> {
    const [vhost, memif] = await Promise.all([this.#show('vhost-user'), this.#show('memif')]);
    const details = await Promise.all(
      (await this.domainIds()).map((id) => this.#show(`bridge-domain ${id} detail`)),
    );
    const rewrites = details.flatMap((detail) =>
      matches(detail, /^\s+(\S+)\s+\d+\s+\d+\s+\d+\s+[-*]\s+[-*]\s+(pop-\d)/gm),
    );
    return [
      ...vhost
        .split(/^Interface: /m)
        .slice(1)
        .map(shownVhost),
      ...shownMemif(memif),
      ...rewrites,
    ].sort();
  }

  async #show(what: string): Promise<string> {
    return (await this.client.request('cli_inband', { cmd: `show ${what}` })).reply;
  }
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, a = '', b = '']) => `${a} ${b}`).sort();
}

const MRG_RXBUF = 1n << 15n;
const INDIRECT_DESC = 1n << 28n;

/** Of `show vhost-user`. */
function shownVhost(text: string): string {
  const [, socket = '', role = ''] = /socket filename (\S+) type (\S+)/.exec(text) ?? [];
  const mask = BigInt(/features mask \((\w+)\)/.exec(text)?.[1] ?? '0');
  const words = [
    ...(text.includes('GSO enable') ? ['gso'] : []),
    ...(text.includes('Packed ring enable') ? ['packed'] : []),
    ...(text.includes('Event index enable') ? ['event-idx'] : []),
    ...((mask & MRG_RXBUF) === 0n ? [] : ['mrg-rxbuf']),
    ...((mask & INDIRECT_DESC) === 0n ? [] : ['indirect-desc']),
  ];
  return ['vhost-user', socket, role, ...words].join(' ');
}

/** Of `show memif`; its own socket, 0, is always there. In its table a number is cut to three digits. */
function shownMemif(text: string): string[] {
  const rows = [...text.matchAll(/^ +(\d+) +(?:yes \(\d+\)|no) +(\/\S+)/gm)];
  const paths = new Map(rows.map(([, id = '', path = '']) => [id, path]));
  paths.delete('0');
  const found = text.matchAll(/socket-id (\d+) id (\d+) mode ethernet\s+flags *(.*)/g);
  return [
    ...[...paths.values()].map((path) => `memif-socket ${path}`),
    ...[...found].map(([, socket = '', id = '', flags = '']) => {
      const role = flags.includes('slave') ? 'slave' : 'master';
      return `memif ${paths.get(socket.slice(0, 3)) ?? socket} ${id} ${role}`;
    }),
  ];
}

const REWRITES: ReadonlyMap<unknown, string> = new Map([
  [3, 'pop-1'],
  [4, 'pop-2'],
]);

export class EmulatorEye implements Eye {
  readonly routing: RoutingEye;

  constructor(private readonly emulator: VppEmulator) {
    this.routing = new EmulatorRoutingEye(emulator);
  }

  domain(id: number): Promise<SeenDomain | undefined> {
    const { bridgeDomains } = this.emulator.state;
    const found = bridgeDomains.byId.get(id);
    if (found === undefined) return Promise.resolve(undefined);
    const macs = [...bridgeDomains.macs.values()].filter(
      ({ bdIndex, isStatic }) => bdIndex === found.index && isStatic,
    );
    return Promise.resolve({
      learn: (found.features & FEATURE.learn) !== 0,
      flood: (found.features & FEATURE.flood) !== 0,
      arpTermination: (found.features & FEATURE.arpTerm) !== 0,
      tag: found.tag,
      members: [...found.members].map(([index, { shg }]) => `${this.#name(index)} ${shg}`).sort(),
      arp: [...found.arp].map(([ip, mac]) => `${ipText(ip)} ${macText(mac)}`).sort(),
      macs: macs.map(({ mac, swIfIndex }) => `${macText(mac)} ${this.#name(swIfIndex)}`).sort(),
    });
  }

  domainIds(): Promise<readonly number[]> {
    return Promise.resolve([...this.emulator.state.bridgeDomains.byId.keys()]);
  }

  tunnelNames(): Promise<ReadonlyMap<string, string>> {
    const tunnels = [...this.emulator.state.vxlan.bySwIfIndex.values()];
    return Promise.resolve(
      new Map(
        tunnels.map(({ swIfIndex, vni, src, dst }) => [
          this.#name(swIfIndex),
          `${vni} ${ipText(src)} ${ipText(dst)}`,
        ]),
      ),
    );
  }

  interfaces(): Promise<readonly string[]> {
    const all = [...this.emulator.state.interfaces.values()];
    return Promise.resolve(
      all.map(({ name, flags }) => `${name} ${(flags & 1) === 0 ? 'down' : 'up'}`).sort(),
    );
  }

  plugged(): Promise<readonly string[]> {
    const { vhostUsers, memifs, bridgeDomains, interfaces } = this.emulator.state;
    const vhost = [...vhostUsers.bySwIfIndex.values()].map(({ socket, server, offer }) =>
      ['vhost-user', socket, server === undefined ? 'client' : 'server', ...offer].join(' '),
    );
    const sockets = [...memifs.sockets].filter(([id]) => id !== 0);
    const memif = [...memifs.bySwIfIndex.values()].map(({ id, socketId, isMaster }) => {
      const path = memifs.sockets.get(socketId)?.filename ?? '';
      return `memif ${path} ${id} ${isMaster ? 'master' : 'slave'}`;
    });
    const members = [...bridgeDomains.byId.values()].flatMap((each) => [...each.members.keys()]);
    const rewrites = members.flatMap((index) => {
      const operation = REWRITES.get(interfaces.get(index)?.details['vtr_op']);
      return operation === undefined ? [] : [`${this.#name(index)} ${operation}`];
    });
    const named = sockets.map(([, { filename }]) => `memif-socket ${filename}`);
    return Promise.resolve([...vhost, ...named, ...memif, ...rewrites].sort());
  }

  #name(index: number): string {
    const found = this.emulator.state.interfaces.get(index);
    assert.ok(found !== undefined, `no interface ${index}`);
    return found.name;
  }
}
