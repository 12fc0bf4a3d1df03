/** Plans that were told a moment ago: what was just worked out need not be worked out again to be done. */
import { isDeepStrictEqual } from 'node:util';
import type { Caller } from '../../model/access-policy.js';
import { MAX_WANTED, type ApplyRequest, type PlanRequest } from '../../model/changes.js';
import type { Clock } from '../../model/clock.js';
import type { Made } from './planner.js';

export interface KeptPlansDeps {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Other for each change that NVEs may see. */
  readonly version: () => number;
}

interface Kept {
  readonly request: PlanRequest;
  readonly caller: Caller | undefined;
  readonly made: Made;
  /** Monotonic milliseconds. */
  readonly until: number;
}

const MAX_KEPT = 8;
const KEPT_MS = 10_000;

/** Holds at most eight, and as many resources as one plan may have. */
export class KeptPlans {
  #kept: readonly Kept[] = [];

  constructor(private readonly deps: KeptPlansDeps) {}

  keep(request: PlanRequest, caller: Caller | undefined, made: Made): void {
    // What a rollback is of has to be looked at again.
    if (made.stamp === undefined || !('wanted' in request)) return;
    const until = this.deps.clock.monotonic() + KEPT_MS;
    let room = MAX_WANTED;
    this.#kept = [{ request, caller, made, until }, ...this.#current()]
      .slice(0, MAX_KEPT)
      .filter((each) => (room -= each.made.changes.length) >= 0);
  }

  /**
   * The plan, if the same caller was told it, and every NVE is to have what it was to have then. Whether the
   * store still is as the plan took it to be is for the plan's guards to say.
   * @returns undefined: it has to be made again, as also after it was taken once
   */
  take({ plan, hash }: ApplyRequest, caller: Caller | undefined): Made | undefined {
    const found = this.#current().find(({ made }) => made.hash === hash);
    this.#kept = this.#current().filter((each) => each !== found);
    if (found === undefined) return undefined;
    const isSame =
      isDeepStrictEqual(found.request, plan) && isDeepStrictEqual(found.caller, caller);
    return isSame ? found.made : undefined;
  }

  #current(): readonly Kept[] {
    const now = this.deps.clock.monotonic();
    const version = this.deps.version();
    return this.#kept.filter(({ made, until }) => made.version === version && now < until);
  }
}
