/** Writes about what is outside the overlay: provider networks, and the exits of routers there. */
import type { RouterSpec, StaticRoute } from '../../../src/model/router.js';
import type { RouterExit } from '../../../src/model/router-exit.js';
import { upTo, type Random } from '../seeded.js';
import {
  aboutExits,
  applyOf,
  attachedSubnets,
  effectsOf,
  isFixed,
  keyOfThis,
  ownRouters,
  pick,
  type Draw,
  type WeightedDraw,
} from './drawn.js';
import {
  addressIn,
  newEndpoint,
  newProvider,
  type Of,
  type PlannedModel,
} from './planned-model.js';
import type { Place } from './places.js';

const MAX_EXITS = 2;
const TRANSITS = 500_000;

/** To what is beyond a place, by the machine there. */
export const routesTo = ({ beyond, outside }: Place): StaticRoute => ({
  prefix: beyond,
  nextHops: [{ address: outside, weight: 1 }],
  drop: false,
});

/** Those that exits are for. */
export function routesOf(model: PlannedModel, exits: readonly RouterExit[]): StaticRoute[] {
  return exits.flatMap(({ subnet }) => {
    const network = model.subnets().find(({ id }) => id === subnet)?.spec.network ?? '';
    const place = model.placeOf(network);
    return place === undefined ? [] : [routesTo(place)];
  });
}

/** @param numbers of the gateways' addresses, which no others have */
export function exitTo(
  subnet: Of<'Subnet'>,
  hosts: readonly number[],
  numbers: readonly number[],
): RouterExit {
  const gateways = hosts.map((host, i) => {
    return { nve: `host-${host}`, address: addressIn(subnet, numbers[i] ?? 0) };
  });
  return { subnet: subnet.id, gateways };
}

/** One host or two, with addresses that nothing has; undefined: others have them. */
function exitToBe(
  model: PlannedModel,
  random: Random,
  subnet: Of<'Subnet'> | undefined,
): RouterExit | undefined {
  if (subnet === undefined) return undefined;
  const count = model.guests.length;
  const first = upTo(random, count);
  const hosts = upTo(random, 2) === 0 ? [first] : [first, (first + 1) % count];
  const exit = exitTo(
    subnet,
    hosts,
    hosts.map(() => model.next()),
  );
  const taken = model.addressesIn(subnet.spec.network);
  return exit.gateways.some(({ address }) => taken.has(address)) ? undefined : exit;
}

/** A physical network, its subnet and its first endpoint. */
const applyProvider: Draw = (model, random) => {
  const place = pick(random, model.freePlaces());
  if (place === undefined) return undefined;
  const [network, subnet] = newProvider(model.next(), place);
  const host = upTo(random, model.guests.length);
  const endpoint = newEndpoint(model.next(), subnet, host, pick(random, model.freeSlots(host)));
  const where = place.vlan === 0 ? place.uplink : `VLAN ${place.vlan} of ${place.uplink}`;
  const text = `apply provider network ${network.id} on ${where} with ${endpoint.id} on host-${host}`;
  return applyOf(text, [network, subnet, endpoint]);
};

/** A router leads out, by other gateways, or no more. */
const updateExits: Draw = (model, random) => {
  const old = pick(random, ownRouters(model));
  if (old === undefined) return undefined;
  const exits = exitsToBe(model, random, old.spec.exits);
  if (exits === undefined) return undefined;
  const transitVni = exits.length === 0 ? 0 : old.spec.transitVni || TRANSITS + model.next();
  const dropping = old.spec.routes.filter(({ drop }) => drop);
  const routes = [...dropping, ...routesOf(model, exits)];
  const changes: Partial<RouterSpec> = { exits, transitVni, routes };
  const now: Of<'Router'> = { ...old, spec: { ...old.spec, ...changes } };
  const { id } = old;
  const told = exits.map(
    ({ subnet, gateways }) => `${subnet} by ${gateways.map(({ nve }) => nve).join(' and ')}`,
  );
  return {
    write: { kind: 'update', of: 'Router', id, changes, effects: effectsOf(now) },
    text: `update router ${id}: exits ${told.join(', ') || 'none'}`,
    about: [keyOfThis(old), ...aboutExits(old), ...aboutExits(now)],
  };
};

/** Undefined: what was drawn is not possible. */
function exitsToBe(
  model: PlannedModel,
  random: Random,
  exits: readonly RouterExit[],
): readonly RouterExit[] | undefined {
  const which = upTo(random, 4);
  if (exits.length > 0 && which === 0) return exits.slice(1);
  if (exits.length > 0 && which === 1) {
    const i = upTo(random, exits.length);
    const subnet = model.subnets().find(({ id }) => id === exits[i]?.subnet);
    const other = exitToBe(model, random, subnet);
    return other && exits.map((each, at) => (at === i ? other : each));
  }
  if (exits.length >= MAX_EXITS) return undefined;
  const attached = attachedSubnets(model);
  const free = model
    .subnets()
    .filter(({ id, spec }) => !isFixed(id) && !attached.has(id) && isOutside(model, spec.network));
  const more = exitToBe(model, random, pick(random, free));
  return more && [...exits, more];
}

const isOutside = (model: PlannedModel, network: string): boolean =>
  model.placeOf(network) !== undefined;

export const OUTSIDE_DRAWS: readonly WeightedDraw[] = [
  { weight: 3, draw: applyProvider },
  { weight: 5, draw: updateExits },
];
