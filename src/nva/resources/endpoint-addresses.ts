/** An endpoint's addresses: those that it names, and those that it is given in its subnets. */
import { invalidFields } from '../../errors.js';
import { checkEndpoint, type EndpointSpec } from '../../model/endpoint.js';
import { subnetHolds, type SubnetSpec } from '../../model/subnet.js';
import type { VirtualNetworkSpec } from '../../model/virtual-network.js';
import { exhausted } from './address-allocator.js';
import { whoMayHave } from './allowed.js';
import type { Reads } from '../reads.js';
import { ipKey, subnetsGenerationKey } from '../keys.js';
import { RECORDS } from '../records.js';
import { reference } from './references.js';
import type { Checked, Guard } from './resource-rules.js';
import { subnetsOf } from './subnets.js';

export interface AddressDeps {
  readonly store: Reads;
  /** An address of the subnet that seems free. @throws NfvError ADDRESSES_EXHAUSTED */
  takeAddress(subnet: string, spec: SubnetSpec): string | Promise<string>;
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
  const { prefixes, guards } = await allowedPrefixes(deps.store, spec.network, network.prefixes);
  const checked = checkEndpoint(spec, prefixes);
  const ips = [...checked.ips];
  for (const [i, id] of checked.subnets.entries()) {
    const field = `endpoint.subnets[${i}]`;
    const subnet = await reference(deps.store, field, 'subnets', id, RECORDS.subnets);
    if (subnet.spec.network !== spec.network) throw ofAnother(field, id, subnet.spec, spec);
    guards.push(subnet.guard);
    if (ips.some((ip) => subnetHolds(subnet.spec, ip))) continue;
    const ip = await freeAddress(deps, id, subnet.spec, checked);
    ips.push(ip);
    const compare = { kind: 'revision', key: ipKey(spec.network, ip), revision: 0 } as const;
    guards.push({ compare, onFail: 'retry' });
  }
  return { spec: checkEndpoint({ ...checked, ips }, prefixes), guards };
}

/** One that nobody may have but whoever is given it, not even that one besides. @throws NfvError ADDRESSES_EXHAUSTED */
async function freeAddress(
  deps: AddressDeps,
  id: string,
  subnet: SubnetSpec,
  { allowedAddresses }: EndpointSpec,
): Promise<string> {
  const tried = new Set<string>();
  for (;;) {
    const ip = await deps.takeAddress(id, subnet);
    // They come in turn: there is no other.
    if (tried.has(ip)) throw exhausted(id);
    tried.add(ip);
    const isItsOwn = allowedAddresses.some((allowed) => allowed.ip === ip);
    if (!isItsOwn && (await whoMayHave(deps.store, subnet.network, ip, '')) === undefined) {
      return ip;
    }
  }
}

/** What endpoints' addresses must lie in, of a network with these prefixes; none: in nothing. */
export async function allowedPrefixes(
  store: Reads,
  network: string,
  prefixes: readonly string[],
): Promise<{ readonly prefixes: readonly string[]; readonly guards: Guard[] }> {
  if (prefixes.length === 0) return { prefixes, guards: [] };
  const key = subnetsGenerationKey(network);
  const revision = (await store.get(key))?.modRevision ?? 0;
  const all = [...prefixes];
  for await (const [, { prefix }] of subnetsOf(store, network)) all.push(prefix);
  return {
    prefixes: all,
    guards: [{ compare: { kind: 'revision', key, revision }, onFail: 'retry' }],
  };
}

function ofAnother(field: string, id: string, subnet: SubnetSpec, spec: EndpointSpec): Error {
  const reason = `a subnet of virtualNetworks/${subnet.network}, not of ${spec.network}`;
  const remedy = `name one of "nfvctl get subnets --filter network=virtualNetworks/${spec.network}"`;
  return invalidFields([{ field, value: `subnets/${id}`, reason, remedy }]);
}
