/** Asks peers of an NVE whether they reach it over the underlay. */
import type { QueryAnswer, UnderlayPath } from '../../model/query.js';
import { MAX_QUERY_PATHS } from '../../model/query.js';
import type { Queries } from '../sessions/queries.js';
import { verdictOf, type Finding, type Verdict } from './verdict.js';

/** An NVE with a session here whose agent can probe. */
export interface Prober {
  readonly nve: string;
  readonly queries: Pick<Queries, 'ask'>;
}

export interface ProbingDeps {
  /** By peer, the ways to an NVE. */
  pathsTo(nve: string): ReadonlyMap<string, readonly UnderlayPath[]>;
  /** Undefined: it has no session here, or cannot probe. */
  prober(nve: string): Prober | undefined;
  /** VTEP addresses of NVEs that have a session, with whichever replica, but for these NVEs'. */
  presentVteps(except: readonly string[]): Iterable<string>;
}

/** Of each address that a prober probes from. */
const CONTROLS = 2;

/**
 * @param most so many are asked
 * @param attempt another one asks others first
 */
export async function probe(
  nve: string,
  most: number,
  attempt: number,
  deps: ProbingDeps,
  signal: AbortSignal,
): Promise<Verdict> {
  const paths = deps.pathsTo(nve);
  const able = [...paths.keys()].flatMap((peer) => deps.prober(peer) ?? []);
  const first = able.length === 0 ? 0 : (attempt * most) % able.length;
  const asked = [...able.slice(first), ...able.slice(0, first)].slice(0, most);
  const remotes = new Set([...paths.values()].flat().map(({ remote }) => remote));
  const findings = await Promise.all(
    asked.map((prober) => ask(nve, prober, paths.get(prober.nve) ?? [], deps, signal)),
  );
  return verdictOf(remotes, findings);
}

async function ask(
  nve: string,
  { nve: prober, queries }: Prober,
  paths: readonly UnderlayPath[],
  deps: ProbingDeps,
  signal: AbortSignal,
): Promise<Finding> {
  const controls = controlsFor(nve, prober, paths, deps);
  const all = [...paths, ...controls].slice(0, MAX_QUERY_PATHS);
  let answer: Pick<QueryAnswer, 'reaches'>;
  try {
    answer = await queries.ask({ what: 'REACH', paths: all }, signal);
  } catch {
    // It says nothing, whatever the reason.
    answer = { reaches: [] };
  }
  const isTarget = (remote: string): boolean => paths.some((path) => path.remote === remote);
  return {
    prober,
    reaches: answer.reaches.filter(({ remote }) => isTarget(remote)),
    controls: answer.reaches.filter(({ remote }) => !isTarget(remote)),
  };
}

/** Peers that have a session first: who has a tunnel to them must reach them. */
function controlsFor(
  nve: string,
  prober: string,
  paths: readonly UnderlayPath[],
  deps: ProbingDeps,
): UnderlayPath[] {
  const present = new Set(deps.presentVteps([nve, prober]));
  const peers = [...deps.pathsTo(prober)].flatMap(([, ways]) => ways.map(({ local }) => local));
  const order = [...peers.filter((vtep) => present.has(vtep)), ...present];
  return paths.flatMap(({ local }) => {
    const others = new Set(order.filter((vtep) => vtep.includes(':') === local.includes(':')));
    return [...others].slice(0, CONTROLS).map((remote) => ({ local, remote }));
  });
}
