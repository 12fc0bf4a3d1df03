/** Steps into waves. */
import { byText } from './by-text.js';
import { nameOf, PHASES, type Wave } from './plan-types.js';
import { finish, type Node, type Place, type StepGraph } from './step-graph.js';

/**
 * Waves in the order to apply them. Everything in a node's `after` is in an earlier wave; apart
 * from that, earlier phases and lower ranks go first. In a wave they are in order of their keys.
 */
export function layer(graph: StepGraph): readonly Wave[] {
  findPlaces(graph);
  const waves = new Map<string, { readonly place: Place; readonly nodes: Node[] }>();
  for (const node of nodesOf(graph)) {
    const { place } = node;
    if (place === undefined) continue;
    const name = `${place.phase} ${place.rank} ${place.depth}`;
    const wave = waves.get(name);
    if (wave === undefined) waves.set(name, { place, nodes: [node] });
    else wave.nodes.push(node);
  }
  return [...waves.values()]
    .sort((a, b) => compare(a.place, b.place))
    .map(({ nodes, place: { phase } }) => {
      for (const node of nodes) finish(graph, node, phase);
      return nodes;
    });
}

function* nodesOf({ makings, removals }: StepGraph): Iterable<Node> {
  yield* makings.values();
  yield* removals.values();
}

function findPlaces(graph: StepGraph): void {
  const late: Node[] = [];
  // Nearly all comes after lower ranks only, and has its place at once.
  for (const node of [...nodesOf(graph)].sort((a, b) => a.rank - b.rank)) {
    if (node.after.every(({ place }) => place !== undefined)) node.place = placeAfter(node);
    else late.push(node);
  }
  if (late.length > 0) findLatePlaces(late);
}

/** As Kahn (1962). */
function findLatePlaces(nodes: readonly Node[]): void {
  /** How many of those that a node comes after have no place yet. */
  const waiting = new Map<Node, number>();
  const followers = new Map<Node, Node[]>();
  const ready: Node[] = [];
  for (const node of nodes) {
    const open = node.after.filter(({ place }) => place === undefined);
    if (open.length === 0) ready.push(node);
    else waiting.set(node, open.length);
    for (const other of open) {
      const list = followers.get(other);
      if (list === undefined) followers.set(other, [node]);
      else list.push(node);
    }
  }
  for (;;) {
    const node = ready.pop() ?? breakCycle(waiting);
    if (node === undefined) return;
    node.place = placeAfter(node);
    for (const follower of followers.get(node) ?? []) {
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
function breakCycle(waiting: Map<Node, number>): Node | undefined {
  const path: Node[] = [];
  let [node] = waiting.keys();
  while (node !== undefined && !path.includes(node)) {
    path.push(node);
    node = node.after.find((other) => waiting.has(other));
  }
  if (node === undefined) return undefined;
  const [first = node] = path
    .slice(path.indexOf(node))
    .sort((a, b) => a.rank - b.rank || byText(nameOf(a.step), nameOf(b.step)));
  first.after = first.after.filter((other) => !waiting.has(other));
  waiting.delete(first);
  return first;
}

function placeAfter({ phase: own, rank: least, after }: Node): Place {
  const follows = after.some(({ place }) => place !== undefined && place.phase >= PHASES.break);
  const phase = own === PHASES.make && follows ? PHASES.remake : own;
  let rank = least;
  let depth = 0;
  for (const { place } of after) {
    if (place?.phase !== phase || place.rank < rank) continue;
    depth = place.rank > rank ? place.depth + 1 : Math.max(depth, place.depth + 1);
    rank = place.rank;
  }
  return { phase, rank, depth };
}

function compare(a: Place, b: Place): number {
  return a.phase - b.phase || a.rank - b.rank || a.depth - b.depth;
}
