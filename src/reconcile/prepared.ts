/** A plan that is made while a dataplane is away, for its coming back with nothing. */
import type { Observation, TraitsTable } from './dataplane.js';
import type { Ledger } from './ledger.js';
import { makePlan } from './plan.js';
import type { Hold, Plan } from './plan-types.js';
import type { Survey } from './survey.js';

const NOTHING: Observation = { objects: new Map(), obstacles: new Map() };

interface Made {
  readonly plan: Plan;
  /** Of what was wanted then. */
  readonly generation: number;
}

/** It holds when nothing is there, nothing stands in the way, and the same is wanted as when it was made. */
export class PreparedPlan {
  #made: Made | undefined;

  /** Makes the plan, unless there is one that may hold. */
  make(ledger: Ledger, complete: boolean, traits: TraitsTable): void {
    const { wanted, generation } = ledger;
    if (this.#made?.generation === generation && this.#made.plan.complete === complete) return;
    const plan = makePlan({ wanted, complete, observation: NOTHING, traits });
    this.#made = { plan, generation };
  }

  /**
   * The plan, if it is the one of a pass over everything that found this; it is given up then, and
   * also if it is not: what the dataplane has is known now.
   */
  take(
    { keys, observation }: Survey,
    holds: ReadonlyMap<string, Hold>,
    { generation }: Ledger,
    complete: boolean,
  ): Plan | undefined {
    if (keys !== undefined) return undefined;
    const made = this.#made;
    this.#made = undefined;
    const { objects, obstacles } = observation;
    const isBare = objects.size + obstacles.size + holds.size === 0;
    const isSame = made?.generation === generation && made.plan.complete === complete;
    return isBare && isSame ? made.plan : undefined;
  }
}
