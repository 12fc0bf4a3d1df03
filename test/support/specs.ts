/** Specifications with everything in them but what a test is about. */
import type { EndpointSpec } from '../../src/model/endpoint.js';
import type { NveSpec } from '../../src/model/nve.js';
import type { VirtualNetworkSpec } from '../../src/model/virtual-network.js';
import type { NveInput } from '../../src/nva/compiler/inputs.js';

export function networkSpec(fields: Partial<VirtualNetworkSpec> = {}): VirtualNetworkSpec {
  return {
    displayName: '',
    tenant: 'default',
    vni: 0,
    encapsulation: 'VXLAN',
    mtu: 0,
    bumMode: 'HEAD_END',
    bumGroup: '',
    learning: false,
    arpSuppression: true,
    prefixes: [],
    underlayFamily: 'IPV4',
    labels: {},
    ...fields,
  };
}

export function nveSpec(vtepAddresses: readonly string[], fields: Partial<NveSpec> = {}): NveSpec {
  return { displayName: '', vtepAddresses, labels: {}, nodeUuid: '', ...fields };
}

/** An NVE whose addresses are on interfaces with `mtu`; without it, its agent has said nothing. */
export function nveInput(vtepAddresses: readonly string[], mtu?: number): NveInput {
  return {
    spec: nveSpec(vtepAddresses),
    underlays:
      mtu === undefined
        ? []
        : vtepAddresses.map((address) => ({ address, interface: 'eth0', mtu })),
  };
}

export function endpointSpec(fields: Partial<EndpointSpec> = {}): EndpointSpec {
  return {
    displayName: '',
    network: 'net',
    nve: 'nve',
    port: { kind: 'veth', netns: 'guest', interface: 'eth0', hostInterface: '' },
    mac: '02:00:00:00:00:01',
    ips: [],
    adminState: 'UP',
    labels: {},
    ...fields,
  };
}
