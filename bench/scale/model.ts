/**
 * A model of a given number of NVEs, 50 endpoints on each. Its networks are over 5 to 100 NVEs, and each
 * NVE is in six of them: most have few members, as those of tenants do, and a few have many.
 */
import { NEW_ENDPOINT } from '../../src/model/endpoint.js';
import { NEW_NVE } from '../../src/model/nve.js';
import type { NvaApi } from '../../src/model/api.js';
import type { Specified } from '../../src/model/changes.js';
import { NEW_VIRTUAL_NETWORK, type VirtualNetworkSpec } from '../../src/model/virtual-network.js';
import { createAll } from '../nva/fill.js';

export type SpecifiedEndpoint = Extract<Specified, { kind: 'Endpoint' }>;

interface Layer {
  /** NVEs of a network; the last one may have fewer. */
  readonly members: number;
  /** Endpoints of a network on each of them. */
  readonly endpoints: number;
  /** A network's NVEs are scattered, not neighbours. */
  readonly scattered: boolean;
}

export const LAYERS: readonly Layer[] = [
  { members: 5, endpoints: 10, scattered: false },
  { members: 5, endpoints: 10, scattered: true },
  { members: 10, endpoints: 10, scattered: false },
  { members: 20, endpoints: 10, scattered: false },
  { members: 50, endpoints: 6, scattered: false },
  { members: 100, endpoints: 4, scattered: false },
];

export const PER_NVE = LAYERS.reduce((sum, { endpoints }) => sum + endpoints, 0);
const FIRST_VNI = 10_000;
/** VNIs of a layer: more networks than any has. */
const VNIS = 1000;

const bytes = (n: number): number[] => [(n >> 16) & 255, (n >> 8) & 255, n & 255];
const hex = (n: number): string => n.toString(16).padStart(2, '0');

export interface Network {
  readonly id: string;
  readonly spec: VirtualNetworkSpec;
  /** Numbers of its NVEs. */
  readonly members: readonly number[];
}

export const nveName = (i: number): string => `nve-${i}`;

export class ScaleModel {
  /** Of each layer. */
  readonly networks: readonly (readonly Network[])[];

  constructor(readonly nves: number) {
    this.networks = LAYERS.map((layer, l) => networksOf(layer, l, nves));
  }

  get endpoints(): number {
    return this.nves * PER_NVE;
  }

  get nveNames(): string[] {
    return Array.from({ length: this.nves }, (_, i) => nveName(i));
  }

  /** Creates all of it. */
  async create(nva: NvaApi): Promise<void> {
    await createAll(nva.nves, this.nves, nve);
    const networks = this.networks.flat();
    await createAll(nva.virtualNetworks, networks.length, (n) => at(networks, n));
    const endpoints = [...this.#endpoints()];
    await createAll(nva.endpoints, endpoints.length, (n) => at(endpoints, n));
  }

  *#endpoints(): Generator<SpecifiedEndpoint> {
    let n = 0;
    for (const [l, { endpoints }] of LAYERS.entries()) {
      for (const network of this.networks[l] ?? []) {
        for (const i of network.members) {
          for (let k = 0; k < endpoints; k++) yield endpoint(n++, network.id, i);
        }
      }
    }
  }

  /** Endpoint `n` that is not part of the model yet, somewhere in a network. */
  more(n: number, network: Network): SpecifiedEndpoint {
    const member = network.members[n % network.members.length] ?? 0;
    return endpoint(this.endpoints + n, network.id, member);
  }
}

export function nve(i: number): Extract<Specified, { kind: 'Nve' }> {
  const vtepAddresses = [`172.${bytes(i + 0x10_0001).join('.')}`];
  return { kind: 'Nve', id: nveName(i), spec: { ...NEW_NVE, vtepAddresses } };
}

/** @param n its number among all endpoints, which gives it its MAC and its address */
export function endpoint(n: number, network: string, i: number): SpecifiedEndpoint {
  const id = `endpoint-${n}`;
  const spec = {
    ...NEW_ENDPOINT,
    network,
    nve: nveName(i),
    port: { kind: 'veth', netns: id, interface: 'eth0', hostInterface: '' },
    mac: `02:00:00:${bytes(n).map(hex).join(':')}`,
    ips: [`10.${bytes(n).join('.')}`],
  } as const;
  return { kind: 'Endpoint', id, spec };
}

function at<T>(all: readonly T[], n: number): T {
  const one = all[n];
  if (one === undefined) throw new Error(`${n} of ${all.length}`);
  return one;
}

function networksOf({ members, scattered }: Layer, layer: number, nves: number): Network[] {
  const count = Math.ceil(nves / members);
  return Array.from({ length: count }, (_, v) => ({
    id: `net-${layer}-${v}`,
    spec: { ...NEW_VIRTUAL_NETWORK, vni: FIRST_VNI + layer * VNIS + v },
    members: Array.from({ length: nves }, (_unused, i) => i).filter((i) =>
      scattered ? i % count === v : Math.floor(i / members) === v,
    ),
  }));
}
