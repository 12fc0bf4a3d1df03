import { invalidFields, NfvError } from '../../errors.js';
import { formatName } from '../../model/names.js';
import {
  checkSubnet,
  overlap,
  subnetHolds,
  type Subnet,
  type SubnetSpec,
} from '../../model/subnet.js';
import type { VirtualNetworkSpec } from '../../model/virtual-network.js';
import type { KeyValue } from '../../store/store.js';
import type { Reads } from '../reads.js';
import { notAllowed } from './allowed.js';
import { isImmutable } from './immutable.js';
import {
  ipKey,
  networkEndpointsOf,
  networkGenerationKey,
  networkSubnetsOf,
  specKey,
  subnetRouterKey,
  subnetsGenerationKey,
} from '../keys.js';
import { metaOf, RECORDS } from '../records.js';
import { listedSpec, reference, tenantOf, type Reference } from './references.js';
import type { Claim, Guard, ResourceRules } from './resource-rules.js';
import { scanIds } from '../scan.js';

const IMMUTABLE = ['network', 'prefix'] as const;

export function subnetRules(store: Reads): ResourceRules<SubnetSpec, Subnet> {
  return {
    kind: 'Subnet',
    collection: 'subnets',
    noun: 'subnet',
    records: RECORDS.subnets,
    immutable: IMMUTABLE,
    async check(id, before, after) {
      const spec = checkSubnet(after);
      if (before !== undefined) isImmutable('subnet', before, spec, IMMUTABLE);
      const guards = [
        ...(before === undefined
          ? await fits(store, id, spec)
          : [(await networkOf(store, spec)).guard]),
        ...(await gatewayFits(store, id, before, spec)),
        ...(await gatewayIsAlone(store, before, spec)),
      ];
      return { spec, guards };
    },
    checkDelete: (id, spec, back) => unneeded(store, id, spec, back !== undefined),
    claims: claimsOf,
    tenant: ({ network }) => tenantOf(store, network),
    statusKeys: () => [],
    generations(before, after) {
      const network = (after ?? before)?.network;
      return network === undefined ? [] : [subnetsGenerationKey(network)];
    },
    assemble: (id, { value, modRevision }) =>
      Promise.resolve({
        kind: 'Subnet',
        id,
        spec: value.spec,
        meta: metaOf(value, modRevision, 0),
      }),
  };
}

/** The gateway's address is the subnet's own, as an endpoint's is the endpoint's. */
function claimsOf(id: string, { network, gateway }: SubnetSpec): Claim[] {
  const taken = (): NfvError =>
    invalidFields(
      [
        {
          field: 'subnet.gateway',
          value: gateway,
          reason: `an endpoint of virtualNetworks/${network} has it`,
          remedy: 'give the gateway an address of its own',
        },
      ],
      'IP_IN_USE',
    );
  return [
    { key: `${networkSubnetsOf(network)}${id}`, taken: undefined },
    ...(gateway === '' ? [] : [{ key: ipKey(network, gateway), taken }]),
  ];
}

/** Of a subnet that stays it is asked too: the same plan may delete its network. */
function networkOf(store: Reads, { network }: SubnetSpec): Promise<Reference<VirtualNetworkSpec>> {
  const { virtualNetworks: records } = RECORDS;
  return reference(store, 'subnet.network', 'virtualNetworks', network, records);
}

/** The network exists, and no subnet of it overlaps, nor one that comes while we look. */
async function fits(store: Reads, id: string, spec: SubnetSpec): Promise<Guard[]> {
  const { network, prefix } = spec;
  const { guard } = await networkOf(store, spec);
  const key = subnetsGenerationKey(network);
  const revision = (await store.get(key))?.modRevision ?? 0;
  for await (const [other, { prefix: taken }] of subnetsOf(store, network)) {
    if (other === id || !overlap(prefix, taken)) continue;
    const reason = `overlaps with subnets/${other}, ${taken}`;
    const remedy = 'give a prefix that no other subnet of the network has';
    throw invalidFields([{ field: 'subnet.prefix', value: prefix, reason, remedy }]);
  }
  return [guard, { compare: { kind: 'revision', key, revision }, onFail: 'retry' }];
}

/** The subnets of a network. */
export async function* subnetsOf(
  store: Reads,
  network: string,
): AsyncGenerator<[id: string, spec: SubnetSpec]> {
  for await (const id of scanIds(store, networkSubnetsOf(network))) {
    const spec = await listedSpec(store, 'subnets', id, RECORDS.subnets);
    if (spec !== undefined) yield [id, spec];
  }
}

/** A router has a gateway to be reached by, which is none of its next hops. */
async function gatewayFits(
  store: Reads,
  id: string,
  before: SubnetSpec | undefined,
  after: SubnetSpec,
): Promise<Guard[]> {
  if (before === undefined || before.gateway === after.gateway) return [];
  const key = subnetRouterKey(id);
  const router = await store.get(key);
  const free = { kind: 'revision', key, revision: router?.modRevision ?? 0 } as const;
  if (router === undefined) return [{ compare: free, onFail: 'retry' }];
  const kv = await store.get(specKey('routers', router.value));
  const spec = kv && RECORDS.routers.decode(kv.key, kv.value).spec;
  const same = { kind: 'revision', key: specKey('routers', router.value) } as const;
  const guards: Guard[] = [
    { compare: free, onFail: 'retry' },
    { compare: { ...same, revision: kv?.modRevision ?? 0 }, onFail: 'retry' },
  ];
  // The gateway of an exit's subnet is another router's, beyond it.
  if (spec?.exits.some(({ subnet }) => subnet === id)) return guards;
  if (after.gateway === '') {
    throw inUse(id, `is a subnet of routers/${router.value}, which needs its gateway`, router);
  }
  const hops = spec?.routes.flatMap(({ nextHops }) => nextHops) ?? [];
  if (hops.some(({ address }) => address === after.gateway)) {
    const reason = `a next hop of routers/${router.value}`;
    const remedy = 'give another address, or change the route first';
    throw invalidFields([{ field: 'subnet.gateway', value: after.gateway, reason, remedy }]);
  }
  return guards;
}

/** No endpoint may come to have the gateway's address. */
async function gatewayIsAlone(
  store: Reads,
  before: SubnetSpec | undefined,
  { network, gateway: address }: SubnetSpec,
): Promise<Guard[]> {
  if (address === '' || before?.gateway === address) return [];
  const own = { code: 'IP_IN_USE', address, field: 'subnet.gateway' } as const;
  return [await notAllowed(store, network, [own], '')];
}

/**
 * What is to be deleted has no router, and no endpoint that names it or has an address in it.
 * @param mayHold an endpoint may have an address in it, as it could have before there was the subnet
 */
async function unneeded(
  store: Reads,
  id: string,
  spec: SubnetSpec,
  mayHold: boolean,
): Promise<Guard[]> {
  const key = subnetRouterKey(id);
  const router = await store.get(key);
  if (router !== undefined) throw inUse(id, `is a subnet of routers/${router.value}`, router);
  const generation = networkGenerationKey(spec.network);
  const revision = (await store.get(generation))?.modRevision ?? 0;
  for await (const endpoint of scanIds(store, networkEndpointsOf(spec.network))) {
    const endpointSpec = await listedSpec(store, 'endpoints', endpoint, RECORDS.endpoints);
    if (endpointSpec === undefined) continue;
    const { subnets, ips, allowedAddresses } = endpointSpec;
    const all = [...ips, ...allowedAddresses.map(({ ip }) => ip)];
    const isHeld = !mayHold && all.some((ip) => subnetHolds(spec, ip));
    if (!subnets.includes(id) && !isHeld) continue;
    throw new NfvError('RESOURCE_IN_USE', `${formatName('subnets', id)} has endpoints`, {
      remedy: `delete or change them first: nfvctl get endpoints --network ${spec.network}`,
    });
  }
  return [
    { compare: { kind: 'revision', key, revision: 0 }, onFail: 'retry' },
    { compare: { kind: 'revision', key: generation, revision }, onFail: 'retry' },
  ];
}

function inUse(id: string, what: string, { value: router }: KeyValue): NfvError {
  return new NfvError('RESOURCE_IN_USE', `${formatName('subnets', id)} ${what}`, {
    remedy: `take it out of the router first: nfvctl update router ${router}`,
  });
}
