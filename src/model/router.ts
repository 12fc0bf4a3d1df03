import { ipRange, isMulticastMac, parseIp, parseMac, parsePrefix } from './addresses.js';
import { checkHostAddress } from './host-address.js';
import { checkExits, MAX_EXITS, type RouterExit } from './router-exit.js';
import type { Labels, Meta } from './resource.js';
import { MAX_VNI } from './virtual-network.js';
import { checkDisplayName, checkId, checkIds, checkLabels, Violations } from './violations.js';
import type { NamedSubnet } from './subnet.js';

export interface RouterNextHop {
  readonly address: string;
  /** 1-255. */
  readonly weight: number;
}

/** A route that is none of a subnet's own. */
export interface StaticRoute {
  readonly prefix: string;
  /** None: packets are dropped. */
  readonly nextHops: readonly RouterNextHop[];
  readonly drop: boolean;
}

/** What a user sets of a router. Canonical: as `checkRouter` leaves it. */
export interface RouterSpec {
  readonly displayName: string;
  readonly tenant: string;
  /** Id of its tables; 0 only before the NVA has allocated one. */
  readonly vrfId: number;
  /** Of its gateways, on every NVE. */
  readonly gatewayMac: string;
  /** Ids. */
  readonly subnets: readonly string[];
  readonly routes: readonly StaticRoute[];
  readonly exits: readonly RouterExit[];
  /** Of the network between the router's NVEs that leads to its exits; 0: it has none, or the NVA is to choose. */
  readonly transitVni: number;
  readonly labels: Labels;
}

/** RFC 9135 §4.1: the same on all NVEs, known to everybody as a gateway's. */
export const DEFAULT_GATEWAY_MAC = '00:00:5e:00:01:01';

/** What a new router is like where nothing else is said. */
export const NEW_ROUTER: RouterSpec = {
  displayName: '',
  tenant: 'default',
  vrfId: 0,
  gatewayMac: DEFAULT_GATEWAY_MAC,
  subnets: [],
  routes: [],
  exits: [],
  transitVni: 0,
  labels: {},
};

export interface Router {
  readonly kind: 'Router';
  readonly id: string;
  readonly spec: RouterSpec;
  readonly meta: Meta;
}

export const MAX_VRF_ID = 0xffffff;
/** So many can all be changed for others in one transaction (store.ts, LIMITS.txnOps). */
export const MAX_ROUTER_SUBNETS = 11;
const MAX_ROUTES = 256;
const MAX_NEXT_HOPS = 16;
const MAX_WEIGHT = 255;

/** The subnets that it names, with the fields that do: no more than it may. */
export function subnetsNamed({ subnets = [], exits = [] }: Partial<RouterSpec>): NamedSubnet[] {
  return [
    ...subnets.slice(0, MAX_ROUTER_SUBNETS).map((id, i) => ({ field: `router.subnets[${i}]`, id })),
    ...exits
      .slice(0, MAX_EXITS)
      .map(({ subnet: id }, i) => ({ field: `router.exits[${i}].subnet`, id })),
  ];
}

/**
 * The specification in canonical form. What it says of subnets is only checked for its form.
 * @throws NfvError INVALID_FIELD with every violation, fields under `router`.
 */
export function checkRouter(spec: RouterSpec): RouterSpec {
  const v = new Violations('router');
  checkDisplayName(v, spec.displayName);
  checkLabels(v, spec.labels);
  checkId(v, 'tenant', spec.tenant);
  checkVrfId(v, spec.vrfId);
  const gatewayMac = checkGatewayMac(v, spec.gatewayMac);
  checkIds(v, 'subnets', spec.subnets, MAX_ROUTER_SUBNETS);
  const routes = checkRoutes(v, spec.routes);
  const exits = checkExits(v, spec.exits, spec.subnets);
  checkTransitVni(v, spec.transitVni);
  v.throwIfAny();
  // Without an exit nothing goes through it, and its VNI is free for others.
  const transitVni = exits.length === 0 ? 0 : spec.transitVni;
  return { ...spec, gatewayMac, routes, exits, transitVni };
}

function checkVrfId(v: Violations, id: number): void {
  if (!Number.isInteger(id) || id < 0 || id > MAX_VRF_ID) {
    const remedy = `give 1-${MAX_VRF_ID}, or leave it out to get one`;
    v.add('vrf_id', id, 'not the id of tables', remedy);
  }
}

function checkTransitVni(v: Violations, vni: number): void {
  if (Number.isInteger(vni) && vni >= 0 && vni <= MAX_VNI) return;
  v.add('transit_vni', vni, 'not a VNI', `give 1-${MAX_VNI}, or leave it out to get one`);
}

function checkGatewayMac(v: Violations, text: string): string {
  const mac = parseMac(text);
  if (mac === undefined || isMulticastMac(mac) || mac === '00:00:00:00:00:00') {
    v.add('gateway_mac', text, 'not a unicast MAC', `give one, e.g. "${DEFAULT_GATEWAY_MAC}"`);
    return '';
  }
  return mac;
}

function checkRoutes(v: Violations, routes: readonly StaticRoute[]): StaticRoute[] {
  const known: string[] = [];
  return v.atMost('routes', routes, MAX_ROUTES, `${routes.length} routes`).map((route, i) => {
    const field = `routes[${i}]`;
    const prefix = parsePrefix(route.prefix);
    if (prefix === undefined) {
      const remedy = 'give a network address and length, e.g. "0.0.0.0/0"';
      v.add(`${field}.prefix`, route.prefix, 'not an IP prefix', remedy);
      return route;
    }
    if (ipRange({ family: prefix.family, text: prefix.address }) === 'multicast') {
      v.add(`${field}.prefix`, route.prefix, 'a multicast prefix', 'give a unicast one');
    }
    if (known.includes(prefix.text)) {
      v.add(`${field}.prefix`, route.prefix, 'given twice', 'give all its next hops in one route');
    }
    known.push(prefix.text);
    return {
      ...route,
      prefix: prefix.text,
      nextHops: checkNextHops(v, field, route, prefix.family),
    };
  });
}

function checkNextHops(
  v: Violations,
  route: string,
  { nextHops, drop }: StaticRoute,
  family: string,
): RouterNextHop[] {
  const field = `${route}.next_hops`;
  if (drop !== (nextHops.length === 0)) {
    const reason = drop ? 'a route that drops has none' : 'none';
    v.add(field, `${nextHops.length} of them`, reason, 'give next hops, or drop');
  }
  const known: string[] = [];
  return v.atMost(field, nextHops, MAX_NEXT_HOPS).map((hop, i) => {
    const at = `${field}[${i}]`;
    const address = checkHostAddress(v, `${at}.address`, hop.address, known, '10.0.0.1');
    if (!Number.isInteger(hop.weight) || hop.weight < 1 || hop.weight > MAX_WEIGHT) {
      v.add(`${at}.weight`, hop.weight, 'out of range', `give 1-${MAX_WEIGHT}`);
    }
    if (address === undefined) return hop;
    known.push(address);
    if (parseIp(address)?.family !== family) {
      v.add(`${at}.address`, address, "not of the prefix's family", `give an ${family} address`);
    }
    return { address, weight: hop.weight };
  });
}
