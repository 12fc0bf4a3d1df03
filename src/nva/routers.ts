import type { NfvError } from '../errors.js';
import { invalidFields, type ErrorCode } from '../errors.js';
import { checkRouter, type Router, type RouterSpec } from '../model/router.js';
import { overlap, subnetHolds, subnetHosts, type SubnetSpec } from '../model/subnet.js';
import { Violations } from '../model/violations.js';
import type { Reads } from './reads.js';
import { notAllowed } from './allowed.js';
import { isImmutable } from './immutable.js';
import { macKey, networkRouterKey, specKey, subnetRouterKey, vrfKey } from './keys.js';
import { metaOf, RECORDS } from './records.js';
import { reference } from './references.js';
import type { Checked, Claim, Guard, ResourceRules } from './resource-rules.js';

const IMMUTABLE = ['tenant', 'vrfId'] as const;

export interface RouterDeps {
  readonly store: Reads;
  /** An id of tables that seems free. @throws NfvError VNI_EXHAUSTED */
  takeVrf(): number;
  /** @throws NfvError NVE_LACKS_CAPABILITY if an NVE of one of these networks cannot route */
  canRoute(networks: readonly string[]): Promise<void>;
}

export function routerRules(deps: RouterDeps): ResourceRules<RouterSpec, Router> {
  const { store } = deps;
  return {
    kind: 'Router',
    collection: 'routers',
    noun: 'router',
    records: RECORDS.routers,
    immutable: IMMUTABLE,
    check: (_id, before, after) => check(deps, before, after),
    checkDelete: () => Promise.resolve([]),
    claims: (id, spec) => claimsOf(store, id, spec),
    tenant: ({ tenant }) => Promise.resolve(tenant),
    statusKeys: () => [],
    generations: () => [],
    assemble: (id, { value, modRevision }) =>
      Promise.resolve({
        kind: 'Router',
        id,
        spec: value.spec,
        meta: metaOf(value, modRevision, 0),
      }),
  };
}

async function check(
  deps: RouterDeps,
  before: RouterSpec | undefined,
  after: RouterSpec,
): Promise<Checked<RouterSpec>> {
  const spec = checkRouter(after);
  if (before !== undefined) isImmutable('router', before, spec, IMMUTABLE);
  const { subnets, guards } = await attached(deps.store, spec);
  guards.push(...(await macIsAlone(deps.store, before, spec, subnets)));
  const v = new Violations('router');
  checkOverlaps(v, spec, subnets);
  checkHops(v, spec, subnets);
  v.throwIfAny();
  // Those that were there could; what they have become shows in their status.
  if (!spec.subnets.every((id) => before?.subnets.includes(id))) {
    await deps.canRoute([...new Set(subnets.map(({ network }) => network))]);
  }
  if (spec.vrfId !== 0) return { spec, guards };
  const vrfId = deps.takeVrf();
  const compare = { kind: 'revision', key: vrfKey(vrfId), revision: 0 } as const;
  return { spec: { ...spec, vrfId }, guards: [...guards, { compare, onFail: 'retry' }] };
}

/** The subnets, in the router's order, each with a gateway and of a network of the router's tenant. */
async function attached(
  store: Reads,
  spec: RouterSpec,
): Promise<{ subnets: SubnetSpec[]; guards: Guard[] }> {
  const subnets: SubnetSpec[] = [];
  const guards: Guard[] = [];
  const families = new Set<string>();
  const v = new Violations('router');
  for (const [i, id] of spec.subnets.entries()) {
    const field = `subnets[${i}]`;
    const subnet = await reference(store, `router.${field}`, 'subnets', id, RECORDS.subnets);
    const { network } = subnet.spec;
    const of = await reference(
      store,
      `router.${field}`,
      'virtualNetworks',
      network,
      RECORDS.virtualNetworks,
    );
    if (of.spec.tenant !== spec.tenant) {
      const reason = `virtualNetworks/${network} is of tenant ${of.spec.tenant}`;
      v.add(field, `subnets/${id}`, reason, `give subnets of tenant ${spec.tenant}'s networks`);
    }
    families.add(of.spec.underlayFamily);
    if (families.size > 1) {
      const reason = `virtualNetworks/${network} has an ${of.spec.underlayFamily} underlay, others have another`;
      v.add(field, `subnets/${id}`, reason, 'give networks of one underlay family');
    }
    if (subnet.spec.gateway === '') {
      v.add(field, `subnets/${id}`, 'has no gateway', 'give the subnet one first');
    }
    subnets.push(subnet.spec);
    guards.push(subnet.guard);
  }
  v.throwIfAny();
  return { subnets, guards };
}

/** No endpoint of its networks may come to have the gateways' MAC. */
async function macIsAlone(
  store: Reads,
  before: RouterSpec | undefined,
  { gatewayMac: address, ...spec }: RouterSpec,
  subnets: readonly SubnetSpec[],
): Promise<Guard[]> {
  const isOld = (id: string): boolean => before?.subnets.includes(id) === true;
  if (before?.gatewayMac === address && spec.subnets.every(isOld)) return [];
  const own = { code: 'MAC_IN_USE', address, field: 'router.gateway_mac' } as const;
  const networks = [...new Set(subnets.map(({ network }) => network))];
  return Promise.all(networks.map((network) => notAllowed(store, network, [own], '')));
}

function checkOverlaps(v: Violations, spec: RouterSpec, subnets: readonly SubnetSpec[]): void {
  for (const [i, { prefix }] of subnets.entries()) {
    const j = subnets.findIndex((other, n) => n < i && overlap(other.prefix, prefix));
    if (j < 0) continue;
    const reason = `${prefix} overlaps with subnets/${spec.subnets[j] ?? ''}`;
    v.add(`subnets[${i}]`, `subnets/${spec.subnets[i] ?? ''}`, reason, 'leave one of the two out');
  }
}

/** A next hop is reached by a gateway, and a subnet's own route stands for itself. */
function checkHops(v: Violations, spec: RouterSpec, subnets: readonly SubnetSpec[]): void {
  for (const [i, { prefix, nextHops }] of spec.routes.entries()) {
    const field = `routes[${i}]`;
    if (subnets.some((subnet) => subnet.prefix === prefix)) {
      v.add(`${field}.prefix`, prefix, "a subnet of the router's own", 'leave it out');
    }
    for (const [n, { address }] of nextHops.entries()) {
      const at = `${field}.next_hops[${n}].address`;
      const subnet = subnets.find((each) => subnetHolds(each, address));
      if (subnet === undefined) {
        v.add(at, address, "in none of the router's subnets", 'give an address in one of them');
      } else if (subnet.gateway === address) {
        v.add(at, address, "the router's own address", "give another router's");
      } else if (!subnetHosts(subnet, address)) {
        v.add(at, address, `no address of a host of ${subnet.prefix}`, 'give one of a host');
      }
    }
  }
}

/** A network has one router, whose MAC none of its endpoints has. */
async function claimsOf(store: Reads, id: string, spec: RouterSpec): Promise<Claim[]> {
  const claims = new Map<string, Claim>();
  const claim = (key: string, taken: () => NfvError): void => {
    if (!claims.has(key)) claims.set(key, { key, taken });
  };
  claim(
    vrfKey(spec.vrfId),
    taken('VRF_IN_USE', 'vrf_id', String(spec.vrfId), 'another router has it'),
  );
  for (const [i, subnet] of spec.subnets.entries()) {
    const field = `subnets[${i}]`;
    const name = `subnets/${subnet}`;
    const attachedTo = 'is a subnet of another router';
    claim(subnetRouterKey(subnet), taken('RESOURCE_IN_USE', field, name, attachedTo));
    const kv = await store.get(specKey('subnets', subnet));
    // Then it was deleted a moment ago, which the guard of the check sees.
    if (kv === undefined) continue;
    const { network } = RECORDS.subnets.decode(kv.key, kv.value).spec;
    const other = `virtualNetworks/${network} has another router`;
    claim(networkRouterKey(network), taken('RESOURCE_IN_USE', field, name, other));
    const mac = spec.gatewayMac;
    const user = `an endpoint of virtualNetworks/${network} has it`;
    claim(macKey(network, mac), taken('MAC_IN_USE', 'gateway_mac', mac, user));
  }
  return [...claims.values()];
}

function taken(code: ErrorCode, field: string, value: string, reason: string): () => NfvError {
  const remedy = 'choose another';
  return () => invalidFields([{ field: `router.${field}`, value, reason, remedy }], code);
}
