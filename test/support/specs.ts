/** Specifications with everything in them but what a test is about. */
import { NEW_ENDPOINT, type EndpointSpec, type Migration } from '../../src/model/endpoint.js';
import { NEW_NVE, type NveSpec } from '../../src/model/nve.js';
import { NEW_ROUTER, type RouterSpec } from '../../src/model/router.js';
import { NEW_SUBNET, type SubnetSpec } from '../../src/model/subnet.js';
import {
  NEW_VIRTUAL_NETWORK,
  PROVIDER_DEFAULTS,
  type VirtualNetworkSpec,
} from '../../src/model/virtual-network.js';
import type { NveInput } from '../../src/nva/compiler/inputs.js';

export function networkSpec(fields: Partial<VirtualNetworkSpec> = {}): VirtualNetworkSpec {
  return { ...NEW_VIRTUAL_NETWORK, ...fields };
}

/** A network that is a VLAN of an uplink, or all of it. */
export function providerSpec(fields: Partial<VirtualNetworkSpec> = {}): VirtualNetworkSpec {
  return networkSpec({
    ...PROVIDER_DEFAULTS,
    provider: { uplink: 'physnet1', vlan: 0 },
    ...fields,
  });
}

export function nveSpec(vtepAddresses: readonly string[], fields: Partial<NveSpec> = {}): NveSpec {
  return { ...NEW_NVE, vtepAddresses, ...fields };
}

/** An NVE whose addresses are on interfaces with `mtu`; without it, its agent has said nothing. */
export function nveInput(
  vtepAddresses: readonly string[],
  mtu?: number,
  withdrawn = false,
): NveInput {
  return {
    spec: nveSpec(vtepAddresses),
    underlays:
      mtu === undefined
        ? []
        : vtepAddresses.map((address) => ({ address, interface: 'eth0', mtu })),
    withdrawn,
  };
}

export function endpointSpec(fields: Partial<EndpointSpec> = {}): EndpointSpec {
  const port = { kind: 'veth', netns: 'guest', interface: 'eth0', hostInterface: '' } as const;
  const mac = '02:00:00:00:00:01';
  return { ...NEW_ENDPOINT, network: 'net', nve: 'nve', port, mac, ...fields };
}

/** With a gateway, as it is stored. */
export function subnetSpec(fields: Partial<SubnetSpec> = {}): SubnetSpec {
  return { ...NEW_SUBNET, network: 'net', prefix: '10.0.0.0/24', gateway: '10.0.0.1', ...fields };
}

export function routerSpec(fields: Partial<RouterSpec> = {}): RouterSpec {
  return { ...NEW_ROUTER, vrfId: 1, ...fields };
}

/** A migration from NVE `nve`, that has just begun. */
export function migrationTo(target: string, fields: Partial<Migration> = {}): Migration {
  return {
    id: '6f1c52f0-3c0a-4b52-9d5e-0b6a7b0f2a11',
    source: 'nve',
    target,
    port: { kind: 'veth', netns: 'guest-2', interface: 'eth0', hostInterface: '' },
    phase: 'ASSOCIATING',
    hold: false,
    released: false,
    force: false,
    timeoutMs: 60_000,
    startTime: '2026-01-01T00:00:00.000Z',
    deadline: '2026-01-01T00:01:00.000Z',
    reasonCode: '',
    reason: '',
    ...fields,
  };
}
