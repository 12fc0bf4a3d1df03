import type { NfvError } from '../../errors.js';
import type { IpFamily } from '../../model/addresses.js';
import { checkRouter, type Router, type RouterSpec } from '../../model/router.js';
import { gatewayNves } from '../../model/router-exit.js';
import { overlap, subnetHolds, subnetHosts, type SubnetSpec } from '../../model/subnet.js';
import { NEW_VIRTUAL_NETWORK, type Provider } from '../../model/virtual-network.js';
import { Violations } from '../../model/violations.js';
import type { Reads } from '../reads.js';
import { notAllowed } from './allowed.js';
import { isImmutable } from './immutable.js';
import {
  macKey,
  networkRouterKey,
  nveGenerationKey,
  specKey,
  subnetRouterKey,
  vniKey,
  vrfKey,
} from '../keys.js';
import { metaOf, RECORDS } from '../records.js';
import {
  checkExitsFit,
  exitClaims,
  exitGateways,
  exitsAreAlone,
  takenFrom as taken,
} from './router-exits.js';
import { reference } from './references.js';
import type { Checked, Claim, Guard, ResourceRules } from './resource-rules.js';

const IMMUTABLE = ['tenant', 'vrfId'] as const;

export interface RouterDeps {
  readonly store: Reads;
  /** An id of tables that seems free. @throws NfvError VNI_EXHAUSTED */
  takeVrf(): number | Promise<number>;
  /** A VNI that seems free. @throws NfvError VNI_EXHAUSTED */
  takeVni(): number | Promise<number>;
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
    check: (id, before, after) => check(deps, id, before, after),
    checkDelete: () => Promise.resolve([]),
    claims: (id, spec) => claimsOf(store, id, spec),
    tenant: ({ tenant }) => Promise.resolve(tenant),
    statusKeys: () => [],
    generations(before, after) {
      const [was, is] = [gatewayNves(before?.exits ?? []), gatewayNves(after?.exits ?? [])];
      const moved = [...was, ...is].filter((nve) => was.has(nve) !== is.has(nve));
      return moved.map(nveGenerationKey);
    },
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
  id: string,
  before: RouterSpec | undefined,
  after: RouterSpec,
): Promise<Checked<RouterSpec>> {
  const spec = checkRouter(after);
  if (before !== undefined) isImmutable('router', before, spec, IMMUTABLE);
  const { subnets, exits, family, providers, guards } = await attached(deps.store, spec);
  guards.push(...(await macIsAlone(deps.store, before, spec, subnets)));
  const v = new Violations('router');
  checkOverlaps(v, spec, [...subnets, ...exits]);
  checkExitsFit(v, spec, subnets, exits);
  checkHops(v, spec, subnets, exits);
  v.throwIfAny();
  guards.push(...(await exitGateways(deps.store, before, spec, family, providers)));
  guards.push(...(await exitsAreAlone(deps.store, id, before, spec, exits)));
  // Those that were there could; what they have become shows in their status.
  if (!spec.subnets.every((id) => before?.subnets.includes(id))) {
    await deps.canRoute([...new Set(subnets.map(({ network }) => network))]);
  }
  return allocated(deps, before, spec, guards);
}

/** With what the router is given where it asks for nothing. */
async function allocated(
  deps: RouterDeps,
  before: RouterSpec | undefined,
  spec: RouterSpec,
  guards: readonly Guard[],
): Promise<Checked<RouterSpec>> {
  const transitVni = await transitOf(deps, before, spec);
  const vrfId = spec.vrfId === 0 ? await deps.takeVrf() : spec.vrfId;
  const taken = [
    ...(vrfId === spec.vrfId ? [] : [vrfKey(vrfId)]),
    ...(transitVni === spec.transitVni || transitVni === before?.transitVni
      ? []
      : [vniKey(transitVni)]),
  ];
  const free = taken.map((key): Guard => {
    return { compare: { kind: 'revision', key, revision: 0 }, onFail: 'retry' };
  });
  return { spec: { ...spec, vrfId, transitVni }, guards: [...guards, ...free] };
}

/** The VNI that it was given stays as long as there is an exit and nobody asks for another one. */
async function transitOf(
  deps: RouterDeps,
  before: RouterSpec | undefined,
  spec: RouterSpec,
): Promise<number> {
  const { exits, transitVni } = spec;
  if (exits.length === 0) return 0;
  const had = before?.transitVni ?? 0;
  if (transitVni === 0) return had === 0 ? deps.takeVni() : had;
  return transitVni;
}

interface Attached {
  readonly subnets: SubnetSpec[];
  /** The exits'. */
  readonly exits: SubnetSpec[];
  /** Of the networks' underlay. */
  readonly family: IpFamily;
  /** Of the exits' networks. */
  readonly providers: (Provider | undefined)[];
  readonly guards: Guard[];
}

/** The subnets, in the router's order, each of a network of its tenant, and with a gateway if it is no exit. */
async function attached(store: Reads, spec: RouterSpec): Promise<Attached> {
  const [subnets, exits]: [SubnetSpec[], SubnetSpec[]] = [[], []];
  const providers: (Provider | undefined)[] = [];
  const guards: Guard[] = [];
  const families = new Set<IpFamily>();
  const v = new Violations('router');
  const named = [
    ...spec.subnets.map((id, i) => ({ id, field: `subnets[${i}]`, to: subnets })),
    ...spec.exits.map(({ subnet }, i) => ({ id: subnet, field: `exits[${i}].subnet`, to: exits })),
  ];
  for (const { id, field, to } of named) {
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
    const { provider } = of.spec;
    if (provider === undefined) families.add(of.spec.underlayFamily);
    else if (to === subnets) {
      const reason = `virtualNetworks/${network} is a provider network, where the gateway's one MAC would be on several NVEs`;
      v.add(
        field,
        `subnets/${id}`,
        reason,
        'name the subnet in an exit, where each gateway has an address of its own',
      );
    }
    if (provider === undefined && families.size > 1) {
      const reason = `virtualNetworks/${network} has an ${of.spec.underlayFamily} underlay, others have another`;
      v.add(field, `subnets/${id}`, reason, 'give networks of one underlay family');
    }
    if (to === subnets && subnet.spec.gateway === '') {
      v.add(field, `subnets/${id}`, 'has no gateway', 'give the subnet one first');
    }
    to.push(subnet.spec);
    if (to === exits) providers.push(provider);
    guards.push(subnet.guard);
  }
  v.throwIfAny();
  const [family = NEW_VIRTUAL_NETWORK.underlayFamily] = families;
  return { subnets, exits, family, providers, guards };
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

/** @param subnets its own, then the exits' */
function checkOverlaps(v: Violations, spec: RouterSpec, subnets: readonly SubnetSpec[]): void {
  const names = [...spec.subnets, ...spec.exits.map(({ subnet }) => subnet)];
  const own = spec.subnets.length;
  for (const [i, { prefix }] of subnets.entries()) {
    const j = subnets.findIndex((other, n) => n < i && overlap(other.prefix, prefix));
    if (j < 0) continue;
    const field = i < own ? `subnets[${i}]` : `exits[${i - own}].subnet`;
    const reason = `${prefix} overlaps with subnets/${names[j] ?? ''}`;
    v.add(field, `subnets/${names[i] ?? ''}`, reason, 'leave one of the two out');
  }
}

/** A next hop is reached by a gateway, and a subnet's own route stands for itself. */
function checkHops(
  v: Violations,
  spec: RouterSpec,
  subnets: readonly SubnetSpec[],
  exits: readonly SubnetSpec[],
): void {
  const all = [...subnets, ...exits];
  for (const [i, { prefix, nextHops }] of spec.routes.entries()) {
    const field = `routes[${i}]`;
    if (all.some((subnet) => subnet.prefix === prefix)) {
      v.add(`${field}.prefix`, prefix, "a subnet of the router's own", 'leave it out');
    }
    for (const [n, { address }] of nextHops.entries()) {
      const at = `${field}.next_hops[${n}].address`;
      const subnet = all.find((each) => subnetHolds(each, address));
      if (subnet === undefined) {
        v.add(at, address, "in none of the router's subnets", 'give an address in one of them');
      } else if (isOwn(spec, subnets.includes(subnet) ? subnet.gateway : '', address)) {
        v.add(at, address, "the router's own address", "give another router's");
      } else if (!subnetHosts(subnet, address)) {
        v.add(at, address, `no address of a host of ${subnet.prefix}`, 'give one of a host');
      }
    }
  }
}

/** @param gateway of the subnet that it is in; empty: it leads out */
function isOwn({ exits }: RouterSpec, gateway: string, address: string): boolean {
  if (gateway !== '') return gateway === address;
  return exits.some(({ gateways }) => gateways.some((each) => each.address === address));
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
  for (const each of await exitClaims(store, id, spec)) claims.set(each.key, each);
  return [...claims.values()];
}
