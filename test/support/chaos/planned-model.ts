/** Resources as they are to be, by what was asked so far; and what may be asked next. */
import type { Kind, Specified } from '../../../src/model/changes.js';
import type { EndpointSpec } from '../../../src/model/endpoint.js';
import type { RouterSpec } from '../../../src/model/router.js';
import type { SubnetSpec } from '../../../src/model/subnet.js';
import type { VirtualNetworkSpec } from '../../../src/model/virtual-network.js';
import { endpointSpec, networkSpec, providerSpec, routerSpec, subnetSpec } from '../specs.js';
import { FLAT_PLACES, placeOf, type Place } from './places.js';

/** `Endpoint/e-1`. */
export const keyOf = (kind: Kind, id: string): string => `${kind}/${id}`;

/** What becomes of each resource by its key; undefined: it is deleted. */
export type Effects = ReadonlyMap<string, Specified | undefined>;

/** Where the guests' namespaces are: by host, by slot. */
export type GuestNames = readonly (readonly string[])[];

/** The endpoint that took a virtual address last, by `NETWORK ADDRESS`. */
export type Holders = ReadonlyMap<string, string>;
export const virtualKey = (network: string, ip: string): string => `${network} ${ip}`;

export type Of<K extends Kind> = Extract<Specified, { readonly kind: K }>;

export class PlannedModel {
  readonly #resources = new Map<string, Specified>();
  readonly #holders = new Map<string, string>();
  #count = 0;

  /** @param places for provider networks */
  constructor(
    readonly guests: GuestNames,
    private readonly places: readonly Place[] = FLAT_PLACES,
  ) {}

  take(effects: Effects): void {
    for (const [key, resource] of effects) {
      if (resource === undefined) this.#resources.delete(key);
      else this.#resources.set(key, resource);
    }
  }

  /** An endpoint takes a virtual address, from whoever has it. */
  hand(network: string, ip: string, id: string): void {
    this.#holders.set(virtualKey(network, ip), id);
  }

  get resources(): ReadonlyMap<string, Specified> {
    return this.#resources;
  }

  get holders(): Holders {
    return this.#holders;
  }

  has(kind: Kind, id: string): boolean {
    return this.#resources.has(keyOf(kind, id));
  }

  endpoints(): Of<'Endpoint'>[] {
    return this.#all((each) => (each.kind === 'Endpoint' ? each : undefined));
  }

  networks(): Of<'VirtualNetwork'>[] {
    return this.#all((each) => (each.kind === 'VirtualNetwork' ? each : undefined));
  }

  subnets(): Of<'Subnet'>[] {
    return this.#all((each) => (each.kind === 'Subnet' ? each : undefined));
  }

  routers(): Of<'Router'>[] {
    return this.#all((each) => (each.kind === 'Router' ? each : undefined));
  }

  /** Of a network that is one. */
  placeOf(network: string): Place | undefined {
    const found = this.networks().find(({ id }) => id === network);
    return found?.spec.provider && placeOf(found.spec.provider);
  }

  /** Those that have no network. */
  freePlaces(): Place[] {
    const taken = this.networks().map(({ id }) => this.placeOf(id));
    return this.places.filter((place) => !taken.includes(place));
  }

  /** What endpoints and routers' exits have in a network. */
  addressesIn(network: string): Set<string> {
    const subnets = new Set(
      this.subnets().flatMap(({ id, spec }) => (spec.network === network ? [id] : [])),
    );
    const exits = this.routers().flatMap(({ spec }) => spec.exits);
    return new Set([
      ...this.endpoints().flatMap(({ spec }) => (spec.network === network ? spec.ips : [])),
      ...exits
        .filter(({ subnet }) => subnets.has(subnet))
        .flatMap(({ gateways }) => gateways.map(({ address }) => address)),
    ]);
  }

  #all<T>(pick: (each: Specified) => T | undefined): T[] {
    return [...this.#resources.values()].flatMap((each) => pick(each) ?? []);
  }

  /** A number that nothing had before. */
  next(): number {
    return ++this.#count;
  }

  /** Slots of a host that no endpoint has. */
  freeSlots(host: number): string[] {
    const taken = new Set(
      this.endpoints().map(({ spec }) => (spec.port.kind === 'veth' ? spec.port.netns : '')),
    );
    return (this.guests[host] ?? []).filter((name) => !taken.has(name));
  }
}

/** A network and its subnet, by a number of their own. */
export function newNetwork(n: number): readonly [Of<'VirtualNetwork'>, Of<'Subnet'>] {
  const prefix = `10.${100 + (n % 100)}.${Math.floor(n / 100)}.0/24`;
  const network: VirtualNetworkSpec = networkSpec({ vni: 1000 + n });
  const gateway = prefix.replace(/0\/24$/, '1');
  const subnet: SubnetSpec = subnetSpec({ network: `net-${n}`, prefix, gateway });
  return [
    { kind: 'VirtualNetwork', id: `net-${n}`, spec: network },
    { kind: 'Subnet', id: `net-${n}`, spec: subnet },
  ];
}

/** The same of a physical network. */
export function newProvider(
  n: number,
  { uplink, vlan, prefix, outside }: Place,
): readonly [Of<'VirtualNetwork'>, Of<'Subnet'>] {
  const network = providerSpec({ vni: 1000 + n, provider: { uplink, vlan } });
  const subnet = subnetSpec({ network: `net-${n}`, prefix, gateway: outside });
  return [
    { kind: 'VirtualNetwork', id: `net-${n}`, spec: network },
    { kind: 'Subnet', id: `net-${n}`, spec: subnet },
  ];
}

export function newRouter(
  n: number,
  subnets: readonly string[],
  fields: Partial<RouterSpec> = {},
): Of<'Router'> {
  return {
    kind: 'Router',
    id: `router-${n}`,
    spec: routerSpec({ vrfId: n, subnets: [...subnets], ...fields }),
  };
}

/** @param netns of its guest; undefined: a tap */
export function newEndpoint(
  n: number,
  subnet: Of<'Subnet'>,
  host: number,
  netns: string | undefined,
): Of<'Endpoint'> {
  const spec: EndpointSpec = endpointSpec({
    network: subnet.spec.network,
    nve: `host-${host}`,
    mac: `02:00:00:${hex(n >> 16)}:${hex(n >> 8)}:${hex(n)}`,
    ips: [addressIn(subnet, n)],
    subnets: [subnet.id],
    port:
      netns === undefined
        ? { kind: 'tap', interface: '', ownerUid: 0, multiQueue: false, vnetHdr: false }
        : { kind: 'veth', netns, interface: 'eth0', hostInterface: '' },
  });
  return { kind: 'Endpoint', id: `e-${n}`, spec };
}

const hex = (n: number): string => (n & 0xff).toString(16).padStart(2, '0');

/** The n-th address but for the gateway's; there are never 200 endpoints at once. */
export function addressIn({ spec }: Pick<Of<'Subnet'>, 'spec'>, n: number): string {
  return spec.prefix.replace(/0\/24$/, String(10 + (n % 240)));
}

/** The one that several endpoints may have. */
export function virtualIn({ spec }: Pick<Of<'Subnet'>, 'spec'>): string {
  return spec.prefix.replace(/0\/24$/, '251');
}
