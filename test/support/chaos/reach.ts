/** Which guests reach whom, once all is applied: pings, each of which is to come back. */
import assert from 'node:assert/strict';
import type { Specified } from '../../../src/model/changes.js';
import type { EndpointSpec } from '../../../src/model/endpoint.js';
import type { Netns } from '../netns.js';
import { placeOf, type Place } from './places.js';
import { keyOf, type Of } from './planned-model.js';
import type { Holder } from './virtual-addresses.js';
import { nth, type ChaosWorld } from './world.js';

type Model = ReadonlyMap<string, Specified>;

interface Guest {
  readonly spec: EndpointSpec;
  readonly ns: Netns;
}

export interface Reached {
  /** Guests with each other, in their network. */
  readonly pairs: number;
  /** Guests of a provider network with the machine outside. */
  readonly outside: number;
  /** Guests of a router with what is beyond one of its exits. */
  readonly beyond: number;
  /** Virtual addresses, from another guest of the network. */
  readonly virtual: number;
}

/** @throws AssertionError at the first that does not */
export async function allReach(
  world: ChaosWorld,
  model: Model,
  holders: readonly Holder[],
): Promise<Reached> {
  const guests = guestsOf(world, model);
  // First of all: what has come to another host is heard there, so that the switches learn.
  const outside = await reachOutside(guests, model);
  const [pairs, beyond, virtual] = await Promise.all([
    reachEachOther(guests),
    reachBeyond(world, guests, model),
    reachHolders(guests, holders),
  ]);
  return { pairs, outside, beyond, virtual };
}

/** With an interface that is up. */
function guestsOf(world: ChaosWorld, model: Model): Guest[] {
  return [...model.values()].flatMap((each) => {
    if (each.kind !== 'Endpoint' || each.spec.port.kind !== 'veth') return [];
    const ns = world.guest(each.spec.port.netns);
    return ns === undefined || each.spec.adminState !== 'UP' ? [] : [{ spec: each.spec, ns }];
  });
}

async function ping(from: Netns, to: string, what: string): Promise<void> {
  // The first one may wait for IPv4's duplicate detection of nobody: three are sent, one is to come.
  const ran = await from.try('ping', '-n', '-c', '3', '-i', '0.2', '-W', '2', to);
  assert.equal(ran.code, 0, `${what}: ${from.name} to ${to}: ${ran.stdout}${ran.stderr}`);
}

async function reachEachOther(guests: readonly Guest[]): Promise<number> {
  let pairs = 0;
  for (const network of new Set(guests.map(({ spec }) => spec.network))) {
    const all = guests.filter(({ spec }) => spec.network === network);
    if (all.length < 2) continue;
    pairs += all.length;
    await Promise.all(
      all.map(({ ns }, i) => {
        const [ip = ''] = nth(all, (i + 1) % all.length).spec.ips;
        return ping(ns, ip, network);
      }),
    );
  }
  return pairs;
}

async function reachOutside(guests: readonly Guest[], model: Model): Promise<number> {
  const there = guests.flatMap(({ spec, ns }) => {
    const place = placeOfNetwork(model, spec.network);
    return place === undefined ? [] : [{ place, ns, network: spec.network }];
  });
  await Promise.all(
    there.map(({ place, ns, network }) => ping(ns, place.outside, `${network} on ${place.uplink}`)),
  );
  return there.length;
}

function placeOfNetwork(model: Model, network: string): Place | undefined {
  const found = model.get(keyOf('VirtualNetwork', network));
  if (found?.kind !== 'VirtualNetwork') return undefined;
  return found.spec.provider && placeOf(found.spec.provider);
}

/** A subnet of a router that leads out. */
interface Tenant {
  readonly router: Of<'Router'>;
  readonly subnet: Of<'Subnet'>;
  /** The gateways' addresses, of all exits. */
  readonly gateways: readonly string[];
  readonly places: readonly Place[];
}

function tenantsOf(model: Model): Tenant[] {
  return [...model.values()].flatMap((router) => {
    if (router.kind !== 'Router' || router.spec.exits.length === 0) return [];
    const { exits, subnets } = router.spec;
    const gateways = exits.flatMap((exit) => exit.gateways.map(({ address }) => address));
    const places = exits.flatMap(({ subnet }) => {
      return placeOfNetwork(model, subnetOf(model, subnet).spec.network) ?? [];
    });
    return subnets.map((id) => ({ router, subnet: subnetOf(model, id), gateways, places }));
  });
}

function subnetOf(model: Model, id: string): Of<'Subnet'> {
  const found = model.get(keyOf('Subnet', id));
  if (found?.kind !== 'Subnet') throw new RangeError(`no subnet ${id}`);
  return found;
}

/** The machine outside sends back by all gateways of a router's exits. */
async function reachBeyond(
  world: ChaosWorld,
  guests: readonly Guest[],
  model: Model,
): Promise<number> {
  const tenants = tenantsOf(model);
  await world.outside.route(
    new Map(tenants.map(({ subnet, gateways }) => [subnet.spec.prefix, gateways])),
  );
  const ways = tenants.flatMap(({ router, subnet, places }) =>
    guests
      .filter(({ spec }) => spec.subnets.includes(subnet.id))
      .flatMap(({ ns }) => places.map((place) => ({ ns, place, router, subnet }))),
  );
  await Promise.all(
    ways.map(async ({ ns, place, router, subnet }) => {
      const way = ['via', subnet.spec.gateway, 'dev', 'eth0'];
      await ns.ip('route', 'replace', place.beyond, ...way);
      await ping(ns, place.target, `out of ${router.id} by ${place.uplink}`);
    }),
  );
  return ways.length;
}

async function reachHolders(guests: readonly Guest[], holders: readonly Holder[]): Promise<number> {
  const ways = holders.flatMap(({ id, ip, spec, netns }) => {
    if (netns === undefined || spec.adminState !== 'UP') return [];
    return guests
      .filter(({ ns, spec: other }) => other.network === spec.network && ns.name !== netns)
      .map(({ ns }) => ({ ns, ip, id }));
  });
  await Promise.all(ways.map(({ ns, ip, id }) => ping(ns, ip, `the address that ${id} has`)));
  return ways.length;
}
