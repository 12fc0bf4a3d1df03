/** The way of a packet through the exit of a router: by each of its gateways, there and back. */
import type { EndpointSpec } from '../../model/endpoint.js';
import {
  bridgeDomainKey,
  macKey,
  neighborKey,
  portKey,
  providerPortKey,
  tunnelKey,
  vtepKey,
} from '../../model/item.js';
import { gatewayKey, gatewayNeighborKey, routeKey } from '../../model/routing-items.js';
import { subnetHolds } from '../../model/subnet.js';
import type { VirtualNetworkSpec } from '../../model/virtual-network.js';
import type { ExitBetween, LeadingNve, RouteBetween } from '../compiler/route-between.js';
import { exitMac } from '../exit-mac.js';

/** Something that a frame passes. */
export interface Step {
  readonly nve: string;
  readonly what: string;
  readonly key: string;
}

export interface End {
  readonly id: string;
  readonly spec: EndpointSpec;
}

export interface ExitWay {
  /** The endpoint in one of the router's own networks, and the one in the network beyond. */
  readonly inside: End;
  readonly outside: End;
  /** Their networks. */
  readonly own: VirtualNetworkSpec;
  readonly beyond: VirtualNetworkSpec;
  readonly route: RouteBetween;
  readonly exit: ExitBetween;
  /** The packet goes out, and its answer comes in. */
  readonly isOutward: boolean;
  /** VTEP address of an NVE, in the family of the router's networks. */
  vtepOf(nve: string): string;
}

/** The packet's steps, then its answer's that are others; each once. */
export function* stepsThroughExit(way: ExitWay): Generator<Step> {
  const told = new Set<string>();
  const ways = way.isOutward ? [outward, inward] : [inward, outward];
  const live = way.exit.gateways.filter(({ withdrawn }) => !withdrawn);
  for (const go of ways) {
    for (const gateway of live) {
      for (const step of go(way, gateway)) {
        const name = `${step.nve} ${step.key}`;
        if (!told.has(name)) yield step;
        told.add(name);
      }
    }
  }
}

function* outward(way: ExitWay, gateway: LeadingNve): Generator<Step> {
  const { inside, outside, own, beyond, route, exit } = way;
  const { nve } = inside.spec;
  yield* atPort(inside, own.vni);
  yield gatewayOf(nve, route.vrf, own.vni);
  if (nve !== gateway.nve) {
    const vni = exit.transitVni;
    yield gatewayOf(nve, route.vrf, vni);
    for (const ip of outside.spec.ips) yield routeTo(nve, route.vrf, exit, ip);
    yield* neighborsOf(nve, route.vrf, vni, gateway.addresses, macOf(way, gateway));
    yield* crossing(way, vni, macOf(way, gateway), nve, gateway.nve);
    yield gatewayOf(gateway.nve, route.vrf, vni);
  }
  yield gatewayOf(gateway.nve, route.vrf, beyond.vni);
  yield* arriving(way, gateway, beyond.vni, outside);
}

function* inward(way: ExitWay, gateway: LeadingNve): Generator<Step> {
  const { inside, outside, own, beyond, route } = way;
  const { nve } = outside.spec;
  yield* atPort(outside, beyond.vni);
  if (nve !== gateway.nve) {
    const mac = macOf(way, gateway);
    for (const ip of beyond.arpSuppression ? gateway.addresses : []) {
      yield { nve, what: `${ip} is at ${mac}`, key: neighborKey(beyond.vni, ip) };
    }
    yield* crossing(way, beyond.vni, mac, nve, gateway.nve);
  }
  yield gatewayOf(gateway.nve, route.vrf, beyond.vni);
  yield gatewayOf(gateway.nve, route.vrf, own.vni);
  yield* arriving(way, gateway, own.vni, inside);
}

/** Of the networks that the packet is in it is the one beyond, without tunnels. */
const isPhysical = ({ beyond }: ExitWay, vni: number): boolean =>
  beyond.provider !== undefined && beyond.vni === vni;

function* atPort({ id, spec: { nve } }: End, vni: number): Generator<Step> {
  yield { nve, what: `port of ${id}`, key: portKey(id) };
  yield { nve, what: `bridge domain ${vni}`, key: bridgeDomainKey(vni) };
}

const macOf = ({ route }: ExitWay, { nve }: LeadingNve): string => exitMac(route.router, nve);

function gatewayOf(nve: string, vrf: number, vni: number): Step {
  return { nve, what: `gateway of VRF ${vrf} in VNI ${vni}`, key: gatewayKey(vrf, vni) };
}

/** The longest prefix that holds the address; where none does, a route that nobody has. */
function routeTo(nve: string, vrf: number, { prefixes }: ExitBetween, ip: string): Step {
  const lengthOf = (prefix: string): number => Number(prefix.split('/')[1]);
  const [best = `${ip}/${ip.includes(':') ? 128 : 32}`] = prefixes
    .filter((prefix) => subnetHolds({ prefix }, ip))
    .sort((a, b) => lengthOf(b) - lengthOf(a));
  return { nve, what: `route to ${best}`, key: routeKey(vrf, best) };
}

function* neighborsOf(
  nve: string,
  vrf: number,
  vni: number,
  ips: readonly string[],
  mac: string,
): Generator<Step> {
  for (const ip of ips) {
    const what = `${ip} is at ${mac}, for the gateway`;
    yield { nve, what, key: gatewayNeighborKey(vrf, vni, ip) };
  }
}

/** From the router on a gateway to an endpoint, by the endpoint's network. */
function* arriving(
  way: ExitWay,
  { nve }: LeadingNve,
  vni: number,
  { id, spec }: End,
): Generator<Step> {
  const { vrf, subnetsHold } = way.route;
  const ips = spec.ips.filter((ip) => subnetsHold(spec.network, ip));
  yield* neighborsOf(nve, vrf, vni, ips, spec.mac);
  if (nve === spec.nve) yield { nve, what: `bridge domain ${vni}`, key: bridgeDomainKey(vni) };
  else yield* crossing(way, vni, spec.mac, nve, spec.nve);
  if (!isPhysical(way, vni)) {
    const what = `FDB entry ${spec.mac} → port of ${id}`;
    yield { nve: spec.nve, what, key: macKey(vni, spec.mac) };
  }
  yield { nve: spec.nve, what: `port of ${id}`, key: portKey(id) };
}

/** Where frames go to a physical network, or come from it. */
export function uplinkOf(nve: string, { vni, provider }: VirtualNetworkSpec): Step {
  const { uplink = '', vlan = 0 } = provider ?? {};
  const what = `uplink ${uplink}${vlan === 0 ? '' : `, VLAN ${vlan}`}`;
  return { nve, what, key: providerPortKey(vni) };
}

/** A frame to `mac` from one NVE to another, in one bridge domain. */
function* crossing(
  way: ExitWay,
  vni: number,
  mac: string,
  from: string,
  to: string,
): Generator<Step> {
  const [here, there] = [way.vtepOf(from), way.vtepOf(to)];
  const domain = { what: `bridge domain ${vni}`, key: bridgeDomainKey(vni) };
  if (isPhysical(way, vni)) {
    yield { nve: from, ...domain };
    for (const nve of [from, to]) yield uplinkOf(nve, way.beyond);
    yield { nve: to, ...domain };
    return;
  }
  yield { nve: from, ...domain };
  yield { nve: from, what: `FDB entry ${mac} → ${there}`, key: macKey(vni, mac) };
  yield { nve: from, what: `tunnel ${here} → ${there}`, key: tunnelKey(vni, there) };
  yield { nve: from, what: `VTEP ${here}`, key: vtepKey(here) };
  yield { nve: to, what: `VTEP ${there}`, key: vtepKey(there) };
  yield { nve: to, ...domain };
}
