/** The steps of a plan and which must come before which. */
import type { Step } from './dataplane.js';
import type { Item } from '../model/item.js';
import { isSound, traitsOf } from './assess.js';
import type { Draft } from './draft.js';
import { isDeleted, toBeMade, type Loss } from './losses.js';
import { makeId, removeId, type PlannedStep, type StepId } from './plan-types.js';

/**
 * Waves go through these in order: make what breaks nothing; break what must be recreated or make
 * way; make what needed that; clear away what is not wanted.
 */
export const PHASES = { make: 0, break: 1, remake: 2, clear: 3 } as const;
export type Phase = (typeof PHASES)[keyof typeof PHASES];

export interface Node {
  readonly step: Step;
  readonly reason: string;
  /** For what follows a breaking step it is one later; see `Phase`. */
  readonly phase: Phase;
  /** In a phase, lower ones go first where `after` leaves the choice. */
  readonly rank: number;
  /** Must be done before; if it fails, this is not attempted; see `isPlace`. */
  readonly after: Set<StepId>;
  /**
   * It changes what is there whole, and stays in its place: as good a place for what hangs on it if
   * it fails.
   */
  readonly isPlace: boolean;
  /** If it has failed by then, this is not attempted. */
  readonly gates: readonly StepId[];
}

export type StepGraph = ReadonlyMap<StepId, Node>;

/** All steps of the draft, whose verdicts must be final. */
export function buildStepGraph(
  draft: Draft,
  losses: ReadonlyMap<string, Loss>,
  removals: ReadonlySet<string>,
): StepGraph {
  const graph = new Map<StepId, Node>();
  const deleted = new Set([...losses.keys()].filter((key) => isDeleted(draft, losses, key)));
  for (const [key, item] of toBeMade(draft, losses)) {
    if (!draft.verdicts.has(key)) {
      graph.set(makeId(key), makeNode(draft, item, deleted.has(key), losses.get(key)));
    }
  }
  for (const key of deleted) addRemoval(draft, graph, key, PHASES.break, losses.get(key));
  for (const key of removals) addRemoval(draft, graph, key, PHASES.clear, undefined);
  for (const [id, node] of graph) {
    if (node.step.op === 'delete') orderRemoval(draft, graph, node);
    else orderMaking(draft, graph, id, node, node.step.item);
  }
  return graph;
}

function makeNode(draft: Draft, item: Item, isDeleted: boolean, loss: Loss | undefined): Node {
  const { key } = item;
  const change = draft.changes.get(key);
  const observed = draft.observed(key);
  const reasons = change === undefined && loss !== undefined ? [loss.reason] : change?.reasons;
  const differences = reasons ?? [];
  const step: Step =
    isDeleted || observed === undefined
      ? { op: 'create', key, item }
      : { op: 'update', key, item, from: observed, differences };
  const { traits } = draft.input;
  const isPlace = step.op === 'update' && loss === undefined && isSound(item, observed, traits);
  const rank = traitsOf(traits, item.payload)?.rank ?? 0;
  const reason = differences.join('; ');
  return { step, reason, phase: PHASES.make, rank, after: new Set(), isPlace, gates: [] };
}

function addRemoval(
  draft: Draft,
  graph: Map<StepId, Node>,
  key: string,
  phase: Phase,
  loss: Loss | undefined,
): void {
  const from = draft.observed(key);
  if (from === undefined) return;
  const rank = traitsOf(draft.input.traits, from.payload)?.rank ?? 0;
  // Nothing is broken for a recreation whose own dependencies turn out not to stand.
  const root = loss === undefined ? undefined : draft.changes.get(loss.root);
  const gates = (root?.item.dependsOn ?? []).map(makeId).filter((id) => graph.has(id));
  graph.set(removeId(key), {
    step: { op: 'delete', key, from },
    reason: loss?.reason ?? 'not wanted',
    phase,
    rank: -rank,
    after: new Set(),
    isPlace: false,
    gates,
  });
}

function orderMaking(draft: Draft, graph: StepGraph, id: StepId, node: Node, item: Item): void {
  const earlier = [
    ...item.dependsOn.map(makeId),
    ...[...(draft.displaces.get(item.key) ?? [])].map(removeId),
    removeId(item.key),
  ];
  for (const other of earlier) {
    if (other !== id && graph.has(other)) node.after.add(other);
  }
}

/** Dependents go first; for a removal at the end it is enough that they have moved away. */
function orderRemoval(draft: Draft, graph: StepGraph, node: Node): void {
  const seen = new Set([node.step.key]);
  for (const key of seen) {
    for (const dependent of draft.dependentObjects(key)) {
      if (seen.has(dependent)) continue;
      if (graph.has(removeId(dependent))) node.after.add(removeId(dependent));
      else if (node.phase === PHASES.break) seen.add(dependent);
      else if (graph.has(makeId(dependent))) node.after.add(makeId(dependent));
    }
  }
}

/** As it stands in the plan. */
export function plannedStep(graph: StepGraph, node: Node): PlannedStep {
  const { step, reason, after, gates } = node;
  // What has not moved away by itself would be lost with the place that it has.
  const needs = step.op === 'delete' ? new Set(after) : needed(graph, after);
  for (const id of needed(graph, gates)) needs.add(id);
  return { step, reason, needs: [...needs].sort() };
}

/** Of a place that is there already not its change is needed, but what it hangs on itself. */
function needed(graph: StepGraph, ids: Iterable<StepId>): Set<StepId> {
  const needs = new Set<StepId>();
  const open = new Set(ids);
  for (const id of open) {
    const node = graph.get(id);
    if (node === undefined || node.step.op === 'delete' || !node.isPlace) needs.add(id);
    else
      for (const key of node.step.item.dependsOn) if (graph.has(makeId(key))) open.add(makeId(key));
  }
  return needs;
}
