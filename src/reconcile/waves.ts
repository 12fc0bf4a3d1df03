/** Steps into waves. */
import { byText } from './by-text.js';
import { PHASES, plannedStep, type Node, type Phase, type StepGraph } from './step-graph.js';
import { stepId, type StepId, type Wave } from './plan-types.js';

interface Place {
  readonly phase: Phase;
  readonly rank: number;
  /** Length of the longest chain before it within its phase and rank. */
  readonly depth: number;
}

/**
 * Waves in the order to apply them. Everything in a node's `after` is in an earlier wave; apart
 * from that, earlier phases and lower ranks go first.
 */
export function layer(graph: StepGraph): readonly Wave[] {
  const waves = new Map<string, { readonly place: Place; readonly nodes: Node[] }>();
  for (const [id, place] of findPlaces(graph)) {
    const node = graph.get(id);
    if (node === undefined) continue;
    const name = `${place.phase} ${place.rank} ${place.depth}`;
    const wave = waves.get(name);
    if (wave === undefined) waves.set(name, { place, nodes: [node] });
    else wave.nodes.push(node);
  }
  return [...waves.values()]
    .sort((a, b) => compare(a.place, b.place))
    .map(({ nodes }) => inStepOrder(nodes).map((node) => plannedStep(graph, node)));
}

function findPlaces(graph: StepGraph): Map<StepId, Place> {
  const places = new Map<StepId, Place>();
  const waiting = new Map<StepId, number>();
  const followers = new Map<StepId, StepId[]>();
  const ready: StepId[] = [];
  for (const [id, node] of graph) {
    if (node.after.size === 0) ready.push(id);
    else waiting.set(id, node.after.size);
    for (const other of node.after) {
      const list = followers.get(other);
      if (list === undefined) followers.set(other, [id]);
      else list.push(id);
    }
  }
  for (;;) {
    const id = ready.pop() ?? breakCycle(graph, waiting);
    if (id === undefined) return places;
    const node = graph.get(id);
    if (node === undefined) continue;
    places.set(id, placeAfter(node, places));
    for (const follower of followers.get(id) ?? []) {
      const left = (waiting.get(follower) ?? 0) - 1;
      if (left > 0) waiting.set(follower, left);
      else if (waiting.delete(follower)) ready.push(follower);
    }
  }
}

/**
 * Objects that hang on each other can only be what somebody else made of ours: one of them has to
 * go first, whatever the dataplane says to it.
 */
function breakCycle(graph: StepGraph, waiting: Map<StepId, number>): StepId | undefined {
  const path: StepId[] = [];
  let [id] = waiting.keys();
  while (id !== undefined && !path.includes(id)) {
    path.push(id);
    id = [...(graph.get(id)?.after ?? [])].find((other) => waiting.has(other));
  }
  if (id === undefined) return undefined;
  const [first] = path
    .slice(path.indexOf(id))
    .map((member) => ({ member, node: graph.get(member) }))
    .sort((a, b) => (a.node?.rank ?? 0) - (b.node?.rank ?? 0) || byText(a.member, b.member));
  for (const other of waiting.keys()) first?.node?.after.delete(other);
  waiting.delete(first?.member ?? id);
  return first?.member;
}

function placeAfter(node: Node, places: ReadonlyMap<StepId, Place>): Place {
  const earlier = [...node.after].map((id) => places.get(id)).filter((place) => !!place);
  const follows = earlier.some((place) => place.phase >= PHASES.break);
  const phase = node.phase === PHASES.make && follows ? PHASES.remake : node.phase;
  let { rank } = node;
  let depth = 0;
  for (const before of earlier) {
    if (before.phase !== phase || before.rank < rank) continue;
    depth = before.rank > rank ? before.depth + 1 : Math.max(depth, before.depth + 1);
    rank = before.rank;
  }
  return { phase, rank, depth };
}

function compare(a: Place, b: Place): number {
  return a.phase - b.phase || a.rank - b.rank || a.depth - b.depth;
}

function inStepOrder(nodes: readonly Node[]): Node[] {
  return nodes
    .map((node) => [stepId(node.step), node] as const)
    .sort(([a], [b]) => byText(a, b))
    .map(([, node]) => node);
}
