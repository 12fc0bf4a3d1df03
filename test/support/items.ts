/** Items for tests, and random configurations of them. */
import { canonicalJson } from '../../src/model/canonical.js';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  dependenciesOf,
  keyOf,
  type BridgeDomainItem,
  type Item,
  type MacVia,
  type Payload,
  type PortItem,
} from '../../src/model/item.js';

/** The item of a payload, its version being a digest of it. */
export function itemOf(payload: Payload): Item {
  const version = createHash('sha256').update(canonicalJson(payload)).digest('hex').slice(0, 12);
  return { key: keyOf(payload), version, dependsOn: dependenciesOf(payload), payload };
}

export function itemsOf(...payloads: readonly Payload[]): Map<string, Item> {
  return new Map(payloads.map((payload) => [keyOf(payload), itemOf(payload)]));
}

export const VTEPS = ['10.0.0.1', '10.0.0.2'] as const;
export const REMOTES = ['10.0.1.1', '10.0.1.2'] as const;
export const VNIS = [10, 20] as const;
export const MACS = ['02:00:00:00:00:0a', '02:00:00:00:00:0b', '02:00:00:00:00:0c'] as const;
export const ENDPOINTS = ['e1', 'e2', 'e3'] as const;
const IPS = ['192.168.0.1', '192.168.0.2'] as const;

export const vtep = (address: string = VTEPS[0]): Payload => ({ kind: 'vtep', address });

export const bridgeDomain = (
  vni: number,
  change: Partial<Omit<BridgeDomainItem, 'kind' | 'vni'>> = {},
): Payload => ({
  kind: 'bridge_domain',
  network: `net-${vni}`,
  vni,
  vtep: VTEPS[0],
  learn: false,
  flood: true,
  arpSuppression: true,
  mtu: 1450,
  bumGroup: '',
  ...change,
});

export const tunnel = (vni: number, remote: string, local: string = VTEPS[0]): Payload => ({
  kind: 'tunnel',
  vni,
  remote,
  local,
});

export const floodMember = (vni: number, remote: string): Payload => ({
  kind: 'flood_member',
  vni,
  remote,
});

export const behind = (remote: string): MacVia => ({ kind: 'remote', vtep: remote });
export const at = (endpoint: string): MacVia => ({ kind: 'endpoint', endpoint });

export const macEntry = (vni: number, mac: string, via: MacVia): Payload => ({
  kind: 'mac_entry',
  vni,
  mac,
  via,
});

export const neighbor = (vni: number, ip: string, mac: string): Payload => ({
  kind: 'neighbor_entry',
  vni,
  ip,
  mac,
});

export const port = (
  endpoint: string,
  vni: number,
  change: Partial<Omit<PortItem, 'kind' | 'endpoint' | 'vni'>> & { readonly name?: string } = {},
): Payload => {
  const { name = `tap-${endpoint}`, ...rest } = change;
  return {
    kind: 'port',
    endpoint,
    vni,
    mac: '02:00:00:00:00:01',
    addresses: [],
    adminUp: true,
    mtu: 1450,
    port: { kind: 'tap', interface: name, ownerUid: 0, multiQueue: false, vnetHdr: false },
    ...rest,
  };
};

/** Absent once in `freq` times. */
const maybe = <T>(arbitrary: fc.Arbitrary<T>, freq = 3): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq });

const mtus = fc.constantFrom(1400, 1450);
const vnis = fc.constantFrom(...VNIS);

const randomPort = (endpoint: string): fc.Arbitrary<Payload> =>
  fc
    .record({
      vni: vnis,
      mtu: mtus,
      name: fc.constantFrom(`tap-${endpoint}`, 'tap-x', 'tap-y'),
      mac: fc.constantFrom('02:00:00:00:00:01', '02:00:00:00:00:02'),
    })
    .map(({ vni, ...change }) => port(endpoint, vni, change));

const randomVia = fc.oneof(
  fc.constantFrom(...REMOTES).map(behind),
  fc.constantFrom(...ENDPOINTS).map(at),
);

function randomPieces(): fc.Arbitrary<Payload | undefined>[] {
  const pieces: fc.Arbitrary<Payload | undefined>[] = [];
  for (const address of VTEPS) pieces.push(maybe(fc.constant(vtep(address)), 8));
  for (const vni of VNIS) {
    const own = fc.record({ vtep: fc.constantFrom(...VTEPS), mtu: mtus, learn: fc.boolean() });
    pieces.push(
      maybe(
        own.map((change) => bridgeDomain(vni, change)),
        5,
      ),
    );
    for (const remote of REMOTES) {
      pieces.push(maybe(fc.constantFrom(...VTEPS).map((local) => tunnel(vni, remote, local))));
      pieces.push(maybe(fc.constant(floodMember(vni, remote))));
    }
    for (const mac of MACS) pieces.push(maybe(randomVia.map((via) => macEntry(vni, mac, via))));
    for (const ip of IPS) {
      pieces.push(maybe(fc.constantFrom(...MACS).map((mac) => neighbor(vni, ip, mac))));
    }
  }
  for (const endpoint of ENDPOINTS) pieces.push(maybe(randomPort(endpoint)));
  return pieces;
}

/** Payloads that need not go together: dependencies may be missing, names taken twice. */
export const randomPayloads: fc.Arbitrary<readonly Payload[]> = fc
  .tuple(...randomPieces())
  .map((pieces) => pieces.filter((piece) => piece !== undefined));

/** Payloads that a host can have: every dependency is there, every name taken once. */
export const randomConfiguration: fc.Arbitrary<readonly Payload[]> = randomPayloads.map(possible);

/** The largest part of `payloads` that a host can have. */
export function possible(payloads: readonly Payload[]): readonly Payload[] {
  const names = new Set<string>();
  let rest = payloads.filter((payload) => {
    if (payload.kind !== 'port' || payload.port.kind !== 'tap') return true;
    const isFree = !names.has(payload.port.interface);
    names.add(payload.port.interface);
    return isFree;
  });
  for (;;) {
    const keys = new Set(rest.map(keyOf));
    const next = rest.filter((p) => dependenciesOf(p).every((key) => keys.has(key)));
    if (next.length === rest.length) return rest;
    rest = next;
  }
}
