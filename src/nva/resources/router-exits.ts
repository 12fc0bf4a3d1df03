/** What the exits of a router need, and hold. */
import { invalidFields, type ErrorCode, type NfvError } from '../../errors.js';
import type { IpFamily } from '../../model/addresses.js';
import { vtepOf, type Capabilities } from '../../model/nve.js';
import type { RouterSpec } from '../../model/router.js';
import { holdsTransit, TRANSIT_ADDRESSES, type RouterExit } from '../../model/router-exit.js';
import { subnetHolds, subnetHosts, type SubnetSpec } from '../../model/subnet.js';
import type { Provider } from '../../model/virtual-network.js';
import type { Violations } from '../../model/violations.js';
import { notAllowed, type OwnAddress } from './allowed.js';
import { exitMac } from '../exit-mac.js';
import {
  ipKey,
  macKey,
  networkRouterKey,
  nveRoutersOf,
  specKey,
  subnetRouterKey,
  vniKey,
} from '../keys.js';
import { providerNeeds, routingNeeds, type Need } from './needs.js';
import { readNveStatus } from './nves.js';
import type { Reads } from '../reads.js';
import { RECORDS } from '../records.js';
import { reference } from './references.js';
import type { Claim, Guard } from './resource-rules.js';

/** Of a route item. */
const MAX_NEXT_HOPS = 16;

/** Networks, addresses and numbers; `subnets` and `exits` are in the order of the specification. */
export function checkExitsFit(
  v: Violations,
  spec: RouterSpec,
  subnets: readonly SubnetSpec[],
  exits: readonly SubnetSpec[],
): void {
  if (exits.length === 0) return;
  for (const [i, { prefix }] of [...subnets, ...exits].entries()) {
    if (!holdsTransit(prefix)) continue;
    const own = i < subnets.length;
    const field = own ? `subnets[${i}]` : `exits[${i - subnets.length}].subnet`;
    const reason = `has one of the transit's addresses, ${TRANSIT_ADDRESSES.join(' and ')}`;
    v.add(field, prefix, reason, 'give another subnet');
  }
  for (const [i, subnet] of exits.entries()) {
    const { network, prefix } = subnet;
    if (subnets.some((each) => each.network === network)) {
      const reason = `the router is on all NVEs of virtualNetworks/${network} by another subnet`;
      const remedy = 'give a subnet of a network of its own, that leads out';
      v.add(`exits[${i}].subnet`, `subnets/${spec.exits[i]?.subnet ?? ''}`, reason, remedy);
    }
    for (const [n, { address }] of (spec.exits[i]?.gateways ?? []).entries()) {
      if (subnetHosts(subnet, address)) continue;
      const field = `exits[${i}].gateways[${n}].address`;
      v.add(field, address, `no address of a host of ${prefix}`, 'give a free one of a host');
    }
  }
  checkShares(v, spec, exits);
}

/** An NVE that leads nowhere itself sends to each gateway of each exit that the next hops are in. */
function checkShares(v: Violations, spec: RouterSpec, exits: readonly SubnetSpec[]): void {
  for (const [i, { nextHops }] of spec.routes.entries()) {
    const counts = exits.map((subnet, n) => {
      const beyond = nextHops.filter(({ address }) => subnetHolds(subnet, address)).length;
      return { beyond, most: Math.max(beyond, spec.exits[n]?.gateways.length ?? 0) };
    });
    const used = counts.filter(({ beyond }) => beyond > 0);
    const most = used.reduce((sum, each) => sum + each.most - each.beyond, nextHops.length);
    if (most <= MAX_NEXT_HOPS) continue;
    const found = `${most} next hops and gateways that lead to them`;
    v.add(`routes[${i}].next_hops`, found, 'too many', `use at most ${MAX_NEXT_HOPS}`);
  }
}

/**
 * That the NVEs which lead out exist, and can.
 * @param family of the underlay
 * @param providers of the exits' networks, in their order
 * @throws NfvError REFERENCE_NOT_FOUND, NVE_LACKS_CAPABILITY
 */
export async function exitGateways(
  store: Reads,
  before: RouterSpec | undefined,
  { exits }: RouterSpec,
  family: IpFamily,
  providers: readonly (Provider | undefined)[],
): Promise<Guard[]> {
  const guards = new Map<string, Guard>();
  const had = new Set(before?.exits.flatMap(leadingOut));
  for (const [i, { subnet, gateways }] of exits.entries()) {
    const provider = providers[i];
    for (const [n, { nve }] of gateways.entries()) {
      const field = `router.exits[${i}].gateways[${n}].nve`;
      const { spec, guard } = await reference(store, field, 'nves', nve, RECORDS.nves);
      guards.set(nve, guard);
      if (vtepOf(spec, family) === undefined) {
        throw lacks(field, nve, `VTEP address of the family ${family}`);
      }
      // Those that were there could; what they have become shows in their status.
      if (had.has(`${subnet} ${nve}`)) continue;
      const capabilities = (await readNveStatus(store, nve))?.value.capabilities;
      const needs = capabilities === undefined ? [] : exitNeeds(capabilities, provider);
      const missing = needs.find(([, value, has]) => !has.includes(value));
      if (missing !== undefined) throw lacks(field, nve, `${missing[0]} ${missing[1]}`);
    }
  }
  return [...guards.values()];
}

const leadingOut = ({ subnet, gateways }: RouterExit): string[] =>
  gateways.map(({ nve }) => `${subnet} ${nve}`);

function exitNeeds(has: Capabilities, provider: Provider | undefined): Need[] {
  return [...routingNeeds(has), ...(provider === undefined ? [] : providerNeeds(provider, has))];
}

function lacks(field: string, nve: string, what: string): NfvError {
  const remedy = 'name another NVE; see "nfvctl describe nve"';
  const violation = { field, value: `nves/${nve}`, reason: `has no ${what}`, remedy };
  return invalidFields([violation], 'NVE_LACKS_CAPABILITY');
}

/**
 * That no endpoint may have what gateways that are new have for themselves.
 * @param subnets the exits', in their order
 * @throws NfvError IP_IN_USE, MAC_IN_USE
 */
export async function exitsAreAlone(
  store: Reads,
  id: string,
  before: RouterSpec | undefined,
  { exits }: RouterSpec,
  subnets: readonly SubnetSpec[],
): Promise<Guard[]> {
  const had = new Set(before?.exits.flatMap(addressesOf));
  const guards: Guard[] = [];
  for (const [i, exit] of exits.entries()) {
    const network = subnets[i]?.network;
    if (network === undefined) continue;
    const own = exit.gateways.flatMap(({ nve, address }, n): OwnAddress[] => {
      if (had.has(`${exit.subnet} ${nve} ${address}`)) return [];
      const at = `router.exits[${i}].gateways[${n}]`;
      return [
        { code: 'IP_IN_USE', address, field: `${at}.address` },
        { code: 'MAC_IN_USE', address: exitMac(id, nve), field: `${at}.nve` },
      ];
    });
    if (own.length > 0) guards.push(await notAllowed(store, network, own, ''));
  }
  return guards;
}

const addressesOf = ({ subnet, gateways }: RouterExit): string[] =>
  gateways.map(({ nve, address }) => `${subnet} ${nve} ${address}`);

/** An exit's network has one router, whose addresses and MACs none of its endpoints has. */
export async function exitClaims(store: Reads, id: string, spec: RouterSpec): Promise<Claim[]> {
  const claims = new Map<string, Claim>();
  const claim = (key: string, taken: Claim['taken']): void => {
    if (!claims.has(key)) claims.set(key, { key, taken });
  };
  const { exits, transitVni } = spec;
  if (transitVni !== 0) {
    const reason = "a network has this VNI, or another router's transit";
    claim(vniKey(transitVni), takenFrom('VNI_IN_USE', 'transit_vni', String(transitVni), reason));
  }
  for (const [i, { subnet, gateways }] of exits.entries()) {
    const field = `exits[${i}].subnet`;
    const name = `subnets/${subnet}`;
    const attachedTo = 'is a subnet of another router';
    claim(subnetRouterKey(subnet), takenFrom('RESOURCE_IN_USE', field, name, attachedTo));
    for (const { nve } of gateways) claim(`${nveRoutersOf(nve)}${id}`, undefined);
    const kv = await store.get(specKey('subnets', subnet));
    // Then it was deleted a moment ago, which the guard of the check sees.
    if (kv === undefined) continue;
    const { network } = RECORDS.subnets.decode(kv.key, kv.value).spec;
    const other = `virtualNetworks/${network} has another router`;
    claim(networkRouterKey(network), takenFrom('RESOURCE_IN_USE', field, name, other));
    for (const [n, { nve, address }] of gateways.entries()) {
      const at = `exits[${i}].gateways[${n}]`;
      const user = `an endpoint of virtualNetworks/${network} has it, or its gateway`;
      claim(ipKey(network, address), takenFrom('IP_IN_USE', `${at}.address`, address, user));
      const mac = exitMac(id, nve);
      const held = `an endpoint of virtualNetworks/${network} has its MAC there, ${mac}`;
      claim(macKey(network, mac), takenFrom('MAC_IN_USE', `${at}.nve`, `nves/${nve}`, held));
    }
  }
  return [...claims.values()];
}

/** @param field under `router` */
export function takenFrom(
  code: ErrorCode,
  field: string,
  value: string,
  reason: string,
): () => NfvError {
  const remedy = 'choose another';
  return () => invalidFields([{ field: `router.${field}`, value, reason, remedy }], code);
}
