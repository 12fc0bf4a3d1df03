/** Writes about virtual addresses, which several endpoints of a network may have, and their moves. */
import type { Random } from '../seeded.js';
import { applyOf, aboutEndpoint, own, pick, type Draw, type WeightedDraw } from './drawn.js';
import { virtualIn, virtualKey, type Of, type PlannedModel } from './planned-model.js';

const isAllowed = ({ spec }: Of<'Endpoint'>): boolean => spec.allowedAddresses.length > 0;

/** Those with guests that can take an address from each other. */
function sharedNetworks(model: PlannedModel): string[] {
  const guests = own(model).filter(({ spec }) => spec.port.kind === 'veth');
  const networks = guests.map(({ spec }) => spec.network);
  return [...new Set(networks.filter((network, i) => networks.indexOf(network) !== i))];
}

/** All endpoints of a network may have its virtual address; where they all may, one no more. */
const applyAllowed: Draw = (model, random) => {
  const network = pick(random, sharedNetworks(model));
  const subnet = model.subnets().find(({ spec }) => spec.network === network);
  const all = own(model).filter(({ spec }) => spec.network === network);
  if (subnet === undefined) return undefined;
  const ip = virtualIn(subnet);
  const others = all.filter((each) => !isAllowed(each));
  const changed =
    others.length > 0
      ? others.map((each) => withAllowed(each, [{ ip, mac: '' }]))
      : [withAllowed(oneOf(random, all), [])];
  const ids = changed.map(({ id }) => id).join(', ');
  return applyOf(`apply ${ip}: ${others.length > 0 ? '' : 'not '}for ${ids}`, changed);
};

function oneOf(random: Random, all: readonly Of<'Endpoint'>[]): Of<'Endpoint'> {
  const one = pick(random, all);
  if (one === undefined) throw new RangeError('none of them');
  return one;
}

const withAllowed = (
  endpoint: Of<'Endpoint'>,
  allowedAddresses: Of<'Endpoint'>['spec']['allowedAddresses'],
): Of<'Endpoint'> => ({ ...endpoint, spec: { ...endpoint.spec, allowedAddresses } });

/** A guest that may have the address, and has it not. */
const takeAddress: Draw = (model, random) => {
  const to = pick(random, able(model));
  const [allowed] = to?.spec.allowedAddresses ?? [];
  if (to === undefined || allowed === undefined) return undefined;
  const { id, spec } = to;
  const { ip } = allowed;
  const { network } = spec;
  const write = { kind: 'take', id, network, ip, effects: new Map() } as const;
  return { write, text: `${id} takes ${ip} of ${network}`, about: aboutEndpoint(to) };
};

const able = (model: PlannedModel): Of<'Endpoint'>[] =>
  own(model).filter(({ id, spec }) => {
    const [allowed] = spec.allowedAddresses;
    if (allowed === undefined || spec.adminState !== 'UP' || spec.port.kind !== 'veth')
      return false;
    return model.holders.get(virtualKey(spec.network, allowed.ip)) !== id;
  });

export const VIRTUAL_DRAWS: readonly WeightedDraw[] = [
  { weight: 4, draw: applyAllowed },
  { weight: 7, draw: takeAddress },
];
