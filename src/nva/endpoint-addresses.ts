/** An endpoint's addresses: those that it names, and those that it is given in its subnets. */
import { invalidFields } from '../errors.js';
import { checkEndpoint, type EndpointSpec } from '../model/endpoint.js';
import { subnetHolds, type SubnetSpec } from '../model/subnet.js';
import type { VirtualNetworkSpec } from '../model/virtual-network.js';
import type { Store } from '../store/store.js';
import { ipKey } from './keys.js';
import { RECORDS } from './records.js';
import { reference } from './references.js';
import type { Checked, Guard } from './resource-rules.js';
import { subnetsOf } from './subnets.js';

export interface AddressDeps {
  readonly store: Store;
  /** An address of the subnet that seems free. @throws NfvError ADDRESSES_EXHAUSTED */
  takeAddress(subnet: string, spec: SubnetSpec): string;
}

/**
 * The specification with all its addresses. Where the network has prefixes, each must lie in one of them
 * or in a subnet of the network.
 * @throws NfvError INVALID_FIELD, REFERENCE_NOT_FOUND, ADDRESSES_EXHAUSTED
 */
export async function withAddresses(
  deps: AddressDeps,
  spec: EndpointSpec,
  network: VirtualNetworkSpec,
): Promise<Checked<EndpointSpec>> {
  const prefixes = await allowed(deps.store, spec, network);
  const checked = checkEndpoint(spec, prefixes);
  const ips = [...checked.ips];
  const guards: Guard[] = [];
  for (const [i, id] of checked.subnets.entries()) {
    const field = `endpoint.subnets[${i}]`;
    const subnet = await reference(deps.store, field, 'subnets', id, RECORDS.subnets);
    if (subnet.spec.network !== spec.network) throw ofAnother(field, id, subnet.spec, spec);
    guards.push(subnet.guard);
    if (ips.some((ip) => subnetHolds(subnet.spec, ip))) continue;
    const ip = deps.takeAddress(id, subnet.spec);
    ips.push(ip);
    const compare = { kind: 'revision', key: ipKey(spec.network, ip), revision: 0 } as const;
    guards.push({ compare, onFail: 'retry' });
  }
  return { spec: checkEndpoint({ ...checked, ips }, prefixes), guards };
}

async function allowed(
  store: Store,
  { network }: EndpointSpec,
  { prefixes }: VirtualNetworkSpec,
): Promise<readonly string[]> {
  if (prefixes.length === 0) return prefixes;
  const all = [...prefixes];
  for await (const [, { prefix }] of subnetsOf(store, network)) all.push(prefix);
  return all;
}

function ofAnother(field: string, id: string, subnet: SubnetSpec, spec: EndpointSpec): Error {
  const reason = `a subnet of virtualNetworks/${subnet.network}, not of ${spec.network}`;
  const remedy = `name one of "nfvctl get subnets --filter network=virtualNetworks/${spec.network}"`;
  return invalidFields([{ field, value: `subnets/${id}`, reason, remedy }]);
}
