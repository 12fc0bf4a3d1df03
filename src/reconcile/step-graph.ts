/** The steps of a plan and which must come before which. */
import type { Step } from './dataplane.js';
import type { Item } from '../model/item.js';
import { isSound, traitsOf } from './assess.js';
import { inKeyOrder } from './by-text.js';
import type { Draft } from './draft.js';
import { isDeleted, toBeMade, type Loss, type Making } from './losses.js';
import { PHASES, type Phase, type PlannedStep } from './plan-types.js';

/** Where a step is among the waves. */
export interface Place {
  readonly phase: Phase;
  readonly rank: number;
  /** Length of the longest chain before it within its phase and rank. */
  readonly depth: number;
}

/** A planned step in the making. */
export interface Node extends PlannedStep {
  /** For what follows a breaking step it is one later in the plan; see `Phase`. */
  phase: Phase;
  /** In a phase, lower ones go first where `after` leaves the choice. */
  readonly rank: number;
  /** Each once. Must be done before; if it fails, this is not attempted; see `isPlace`. */
  after: readonly Node[];
  needs: readonly Node[];
  /**
   * It changes what is there whole, and stays in its place: as good a place for what hangs on it if
   * it fails.
   */
  readonly isPlace: boolean;
  /** If it has failed by then, this is not attempted. */
  gates: readonly Node[];
  /** Once it has one. */
  place: Place | undefined;
}

export interface StepGraph {
  /** By the key that is made, in order of the keys. */
  readonly makings: ReadonlyMap<string, Node>;
  /** By the key that is removed, in order of the keys. */
  readonly removals: ReadonlyMap<string, Node>;
}

const NONE: readonly Node[] = [];

/** All steps of the draft, whose verdicts must be final. */
export function buildStepGraph(
  draft: Draft,
  losses: ReadonlyMap<string, Loss>,
  removals: ReadonlySet<string>,
): StepGraph {
  const deleted = new Set([...losses.keys()].filter((key) => isDeleted(draft, losses, key)));
  const makings = new Map<string, Node>();
  for (const making of toBeMade(draft, losses).values()) {
    const { key } = making.item;
    if (draft.verdicts.has(key)) continue;
    makings.set(key, makeNode(draft, making, deleted.has(key), losses.has(key)));
  }
  const removed = new Map<string, Phase>();
  for (const key of deleted) removed.set(key, PHASES.break);
  for (const key of removals) removed.set(key, PHASES.clear);
  const graph = { makings, removals: new Map<string, Node>() };
  for (const [key, phase] of inKeyOrder(removed)) {
    const node = removeNode(draft, key, phase, losses.get(key));
    if (node !== undefined) graph.removals.set(key, node);
  }
  for (const [key, node] of makings) {
    if (node.step.op !== 'delete') node.after = beforeMaking(draft, graph, key, node.step.item);
  }
  for (const [key, node] of graph.removals) {
    node.after = beforeRemoval(draft, graph, node);
    node.gates = gatesOf(draft, graph, losses.get(key));
  }
  return graph;
}

function makeNode(draft: Draft, making: Making, isDeleted: boolean, isLost: boolean): Node {
  const { item, reasons: differences } = making;
  const { key, payload } = item;
  const observed = draft.observed(key);
  const step: Step =
    isDeleted || observed === undefined
      ? { op: 'create', key, item }
      : { op: 'update', key, item, from: observed, differences };
  const { traits } = draft.input;
  return {
    step,
    reason: differences.length === 0 ? '' : differences.join('; '),
    phase: PHASES.make,
    rank: traitsOf(traits, payload)?.rank ?? 0,
    after: NONE,
    needs: NONE,
    isPlace: step.op === 'update' && !isLost && isSound(item, observed, traits),
    gates: NONE,
    place: undefined,
  };
}

function removeNode(
  draft: Draft,
  key: string,
  phase: Phase,
  loss: Loss | undefined,
): Node | undefined {
  const from = draft.observed(key);
  if (from === undefined) return undefined;
  const rank = traitsOf(draft.input.traits, from.payload)?.rank ?? 0;
  return {
    step: { op: 'delete', key, from },
    reason: loss?.reason ?? 'not wanted',
    phase,
    rank: -rank,
    after: NONE,
    needs: NONE,
    isPlace: false,
    gates: NONE,
    place: undefined,
  };
}

/** Nothing is broken for a recreation whose own dependencies turn out not to stand. */
function gatesOf(draft: Draft, { makings }: StepGraph, loss: Loss | undefined): readonly Node[] {
  const root = loss === undefined ? undefined : draft.changes.get(loss.root);
  return nodesOf(root?.item.dependsOn ?? [], makings);
}

function nodesOf(keys: Iterable<string>, nodes: ReadonlyMap<string, Node>): readonly Node[] {
  let found: Node[] | undefined;
  for (const key of keys) {
    const node = nodes.get(key);
    if (node !== undefined && found?.includes(node) !== true) (found ??= []).push(node);
  }
  return found ?? NONE;
}

function beforeMaking(
  draft: Draft,
  { makings, removals }: StepGraph,
  key: string,
  item: Item,
): readonly Node[] {
  const needs = nodesOf(item.dependsOn, makings);
  if (removals.size === 0) return needs;
  const goers = nodesOf([...(draft.displaces.get(key) ?? []), key], removals);
  return goers.length === 0 ? needs : [...needs, ...goers];
}

/** Dependents go first; for a removal at the end it is enough that they have moved away. */
function beforeRemoval(
  draft: Draft,
  { makings, removals }: StepGraph,
  node: Node,
): readonly Node[] {
  const earlier = new Set<Node>();
  const seen = new Set([node.step.key]);
  for (const key of seen) {
    for (const dependent of draft.dependentObjects(key)) {
      if (seen.has(dependent)) continue;
      const removal = removals.get(dependent);
      const making = makings.get(dependent);
      if (removal !== undefined) earlier.add(removal);
      else if (node.phase === PHASES.break) seen.add(dependent);
      else if (making !== undefined) earlier.add(making);
    }
  }
  return [...earlier];
}

/** Now that all have their places, it is as it stands in the plan. */
export function finish(graph: StepGraph, node: Node, phase: Phase): void {
  node.phase = phase;
  const isSimple = node.gates.length === 0 && !node.after.some(({ isPlace }) => isPlace);
  node.needs = isSimple ? node.after : needsOf(graph, node);
}

function needsOf(graph: StepGraph, { step, after, gates }: Node): readonly Node[] {
  // What has not moved away by itself would be lost with the place that it has.
  const needs = step.op === 'delete' ? new Set(after) : needed(graph, after);
  for (const node of needed(graph, gates)) needs.add(node);
  return [...needs];
}

/** Of a place that is there already not its change is needed, but what it hangs on itself. */
function needed({ makings }: StepGraph, nodes: Iterable<Node>): Set<Node> {
  const needs = new Set<Node>();
  const open = new Set(nodes);
  for (const node of open) {
    if (node.step.op === 'delete' || !node.isPlace) needs.add(node);
    else for (const need of nodesOf(node.step.item.dependsOn, makings)) open.add(need);
  }
  return needs;
}
