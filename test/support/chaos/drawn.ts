/** What the kinds of writes of a campaign have in common. */
import type { Specified, Wanted } from '../../../src/model/changes.js';
import { upTo, type Random } from '../seeded.js';
import { keyOf, type Effects, type Of, type PlannedModel } from './planned-model.js';
import type { Write } from './write.js';

export interface Drawn {
  readonly write: Write;
  readonly text: string;
  /** Keys of what it changes or refers to. */
  readonly about: readonly string[];
}

/** Undefined: it is not possible now. */
export type Draw = (model: PlannedModel, random: Random) => Drawn | undefined;

/** How often, and whether only while nothing is wrong. */
export interface WeightedDraw {
  readonly weight: number;
  readonly draw: Draw;
  readonly calm?: true;
}

/** Networks that nothing ever happens to, and the router that leads from the one to the other. */
export const PROBES = 'net-0';
export const FIXED_OUT = 'out';
export const FIXED_ROUTER = 'edge';

export const isFixed = (network: string): boolean => network === PROBES || network === FIXED_OUT;

export const keyOfThis = ({ kind, id }: Specified): string => keyOf(kind, id);
export const effectsOf = (...all: readonly Specified[]): Effects =>
  new Map(all.map((each) => [keyOfThis(each), each]));
export const put = (resource: Specified): Wanted => ({ put: resource, etag: '' });
const gone = ({ kind, id }: Specified): Wanted => ({ delete: { kind, id }, etag: '' });

export function pick<T>(random: Random, all: readonly T[]): T | undefined {
  return all[upTo(random, all.length)];
}

export const own = (model: PlannedModel): Of<'Endpoint'>[] =>
  model.endpoints().filter(({ spec }) => !isFixed(spec.network));

export const ownRouters = (model: PlannedModel): Of<'Router'>[] =>
  model.routers().filter(({ id }) => id !== FIXED_ROUTER);

/** Networks of tunnels. */
export const overlays = (model: PlannedModel): Of<'VirtualNetwork'>[] =>
  model.networks().filter(({ id, spec }) => !isFixed(id) && spec.provider === undefined);

/** Ids of those that a router has, or leads out by. */
export const attachedSubnets = (model: PlannedModel): Set<string> =>
  new Set(
    model
      .routers()
      .flatMap(({ spec }) => [...spec.subnets, ...spec.exits.map(({ subnet }) => subnet)]),
  );

export function aboutEndpoint({ id, spec }: Of<'Endpoint'>): string[] {
  const { network, subnets } = spec;
  return [
    keyOf('Endpoint', id),
    keyOf('VirtualNetwork', network),
    ...subnets.map((subnet) => keyOf('Subnet', subnet)),
  ];
}

/** A network and its subnet have one name. */
export const aboutExits = ({ spec }: Of<'Router'>): string[] =>
  spec.exits.flatMap(({ subnet }) => [keyOf('Subnet', subnet), keyOf('VirtualNetwork', subnet)]);

/** All or nothing. */
export function applyOf(
  text: string,
  puts: readonly Specified[],
  deletes: readonly Specified[] = [],
): Drawn {
  const wanted = [...deletes.map(gone), ...puts.map(put)];
  const effects = new Map<string, Specified | undefined>([
    ...deletes.map((each) => [keyOfThis(each), undefined] as const),
    ...puts.map((each) => [keyOfThis(each), each] as const),
  ]);
  const about = [...puts, ...deletes].flatMap(aboutResource);
  return { write: { kind: 'apply', wanted, effects }, text, about };
}

function aboutResource(resource: Specified): string[] {
  if (resource.kind === 'Endpoint') return aboutEndpoint(resource);
  const key = keyOfThis(resource);
  if (resource.kind !== 'VirtualNetwork' || resource.spec.provider === undefined) return [key];
  // One at a time has a place.
  const { uplink, vlan } = resource.spec.provider;
  return [key, `Place/${uplink}.${vlan}`];
}
