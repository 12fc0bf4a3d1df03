import { blockDependents } from './blocking.js';
import { inKeyOrder } from './by-text.js';
import { resolveCollisions } from './collisions.js';
import { Draft } from './draft.js';
import { findLosses, refuseLosses, toBeMade, type Loss } from './losses.js';
import { planHash } from './plan-hash.js';
import type { Plan, PlanInput } from './plan-types.js';
import { findRemovals } from './removals.js';
import { buildStepGraph } from './step-graph.js';
import { layer } from './waves.js';

/**
 * What must be done to get from what is observed to what is wanted, in waves: creations and
 * updates up the ranks and dependencies, then removals the other way round. Only where a key must
 * be recreated, or one has what another claims, does a removal come first, and takes all that
 * hangs on it along. Pure; the order of the maps does not matter.
 */
export function makePlan(input: PlanInput): Plan {
  const draft = new Draft(input);
  resolveCollisions(draft);
  const losses = settleLosses(draft);
  const removals = findRemovals(draft, losses);
  const waves = layer(buildStepGraph(draft, losses, removals));
  const verdicts = new Map(inKeyOrder(draft.verdicts));
  const content = { complete: input.complete, waves, verdicts };
  let hash: string | undefined;
  return {
    ...content,
    // Nobody waits for it before the plan is carried out, unless it is a plan that was agreed to.
    get hash() {
      return (hash ??= planHash(content));
    },
  };
}

/** Losses and verdicts that agree: what is lost can be blocked, what is blocked loses nothing. */
function settleLosses(draft: Draft): Map<string, Loss> {
  const none = new Map<string, Loss>();
  const changes = toBeMade(draft, none);
  do blockDependents(draft, changes, none);
  while (refuseLosses(draft));
  const certain = new Set(draft.verdicts.keys());
  for (;;) {
    const losses = findLosses(draft);
    if (losses.size > 0 && blockDependents(draft, toBeMade(draft, losses), losses)) continue;
    // What was blocked only as long as it seemed lost.
    for (const key of draft.verdicts.keys()) {
      const isAffected = losses.has(key) || draft.changes.has(key);
      if (!isAffected && !certain.has(key)) draft.verdicts.delete(key);
    }
    return losses;
  }
}
