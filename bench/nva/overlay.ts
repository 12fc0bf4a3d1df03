/**
 * A model of a given size: as many networks as NVEs, each over five NVEs, ten endpoints of each on
 * each of them. So every NVE is in five networks and has fifty endpoints.
 */
import { NEW_ENDPOINT, type EndpointSpec } from '../../src/model/endpoint.js';
import { NEW_NVE, type NveSpec } from '../../src/model/nve.js';
import { NEW_VIRTUAL_NETWORK, type VirtualNetworkSpec } from '../../src/model/virtual-network.js';
import type { Change } from '../../src/nva/compiler/inputs.js';

export const MEMBERS = 5;
const PER_MEMBER = 10;
const PER_NVE = MEMBERS * PER_MEMBER;
const FIRST_VNI = 10_000;

export interface Named<Spec> {
  readonly id: string;
  readonly spec: Spec;
}

const hex = (n: number): string => n.toString(16).padStart(2, '0');
const bytes = (n: number): number[] => [(n >> 16) & 255, (n >> 8) & 255, n & 255];

export class Overlay {
  /** @param endpoints a multiple of 50 */
  constructor(readonly endpoints: number) {}

  get nves(): number {
    return this.endpoints / PER_NVE;
  }

  nve(i: number): Named<NveSpec> {
    const vtepAddresses = [`172.${bytes(i + 0x10_0001).join('.')}`];
    return { id: `nve-${i}`, spec: { ...NEW_NVE, vtepAddresses } };
  }

  network(i: number): Named<VirtualNetworkSpec> {
    return { id: `net-${i}`, spec: { ...NEW_VIRTUAL_NETWORK, vni: FIRST_VNI + i } };
  }

  /** The numbers of the NVEs that network `i` is on. */
  membersOf(i: number): number[] {
    return Array.from({ length: MEMBERS }, (_, n) => (i + n) % this.nves);
  }

  /** Endpoint number `i` of all; those from `endpoints` on are not part of the model yet. */
  endpoint(i: number): Named<EndpointSpec> {
    return this.endpointIn(Math.floor(i / PER_NVE) % this.nves, i);
  }

  /** Endpoint number `i`, in a given network. */
  endpointIn(network: number, i: number): Named<EndpointSpec> {
    const id = `endpoint-${i}`;
    const nve = this.membersOf(network)[i % MEMBERS] ?? 0;
    const spec = {
      ...NEW_ENDPOINT,
      network: `net-${network}`,
      nve: `nve-${nve}`,
      port: { kind: 'veth', netns: id, interface: 'eth0', hostInterface: '' },
      mac: `02:00:00:${bytes(i).map(hex).join(':')}`,
      ips: [`10.${bytes(i).join('.')}`],
    } as const;
    return { id, spec };
  }

  /** All of it, as the compiler takes it in. */
  *changes(): Generator<Change> {
    for (let i = 0; i < this.nves; i++) {
      const { id, spec } = this.nve(i);
      yield { kind: 'Nve', id, after: { spec, underlays: [], withdrawn: false } };
    }
    for (let i = 0; i < this.nves; i++) {
      const { id, spec } = this.network(i);
      yield { kind: 'VirtualNetwork', id, after: spec };
    }
    for (let i = 0; i < this.endpoints; i++) {
      const { id, spec } = this.endpoint(i);
      yield { kind: 'Endpoint', id, after: spec };
    }
  }
}
