/** Plans that were told a moment ago: what was just worked out need not be worked out again to be done. */
import { isDeepStrictEqual } from 'node:util';
import type { Caller } from '../../model/access-policy.js';
import { MAX_WANTED, type ApplyRequest, type PlanRequest } from '../../model/changes.js';
import type { Clock } from '../../model/clock.js';
import type { Doable } from './planner.js';

export interface KeptPlansDeps {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  /** NVEs would have the same to do, and the policy is the same. */
  readonly isCurrent: (plan: Doable) => boolean;
}

interface Kept {
  readonly request: PlanRequest;
  readonly caller: Caller | undefined;
  readonly made: Doable;
  /** Monotonic milliseconds. */
  readonly until: number;
}

const MAX_KEPT = 8;
const KEPT_MS = 10_000;

/** Holds at most eight, for ten seconds, and as many resources as one plan may have. */
export class KeptPlans {
  #kept: readonly Kept[] = [];
  #cancel: () => void = () => undefined;
  #isClosed = false;

  constructor(private readonly deps: KeptPlansDeps) {}

  keep(request: PlanRequest, caller: Caller | undefined, made: Doable): void {
    // What a rollback is of has to be looked at again; so has that there is nothing to do, which nothing guards.
    if (made.stamp === undefined || !('wanted' in request) || made.changes.length === 0) return;
    const until = this.deps.clock.monotonic() + KEPT_MS;
    let room = MAX_WANTED;
    this.#kept = [{ request, caller, made, until }, ...this.#current()]
      .slice(0, MAX_KEPT)
      .filter((each) => (room -= each.made.changes.length) >= 0);
    this.#dropLater();
  }

  /** Forgets them, and keeps no more. */
  close(): void {
    this.#isClosed = true;
    this.#cancel();
    this.#kept = [];
  }

  #dropLater(): void {
    this.#cancel();
    if (this.#isClosed) this.#kept = [];
    if (this.#kept.length === 0) return;
    this.#cancel = this.deps.clock.after(KEPT_MS, () => {
      this.#kept = this.#current();
      this.#dropLater();
    });
  }

  /**
   * The plan, if the same caller was told it, and every NVE is to have what it was to have then. Whether the
   * store still is as the plan took it to be is for the plan's guards to say.
   * @returns undefined: it has to be made again, as also after it was taken once
   */
  take({ plan, hash }: ApplyRequest, caller: Caller | undefined): Doable | undefined {
    const found = this.#current().find(({ made }) => made.hash === hash);
    this.#kept = this.#current().filter((each) => each !== found);
    if (found === undefined) return undefined;
    const isSame =
      isDeepStrictEqual(found.request, plan) && isDeepStrictEqual(found.caller, caller);
    return isSame ? found.made : undefined;
  }

  #current(): readonly Kept[] {
    const now = this.deps.clock.monotonic();
    return this.#kept.filter(({ made, until }) => now < until && this.deps.isCurrent(made));
  }
}
