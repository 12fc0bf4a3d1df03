/** Plans, what is applied of them, and the history of all changes. */
import { invalidFields, NfvError, type FieldViolation } from '../../errors.js';
import type { Call, ChangesApi } from '../../model/api.js';
import {
  MAX_SHOWN_ITEMS,
  MAX_SHOWN_NVES,
  MAX_SHOWN_TOTAL,
  MAX_WANTED,
  nameOfWanted,
  type Applied,
  type ApplyRequest,
  type Change,
  type ConfirmRequest,
  type ListChangesRequest,
  type ListChangesResult,
  type NveEffect,
  type Plan,
  type PlanRequest,
  type Wanted,
} from '../../model/changes.js';
import { timestamp } from '../../model/clock.js';
import type { Log } from '../../model/log.js';
import type { StoreEvent } from '../../store/store.js';
import { apply } from './applier.js';
import { ChangeIndex } from './change-index.js';
import type { Effect } from './effect.js';
import { wardenOf } from './caller-warden.js';
import { History } from './history.js';
import { KeptPlans } from './kept-plans.js';
import { Confirmations } from './pending.js';
import { Planner, type Doable, type Made, type PlannerDeps } from './planner.js';
import { ANYTHING, type Warden } from './warden.js';

export interface ChangesDeps extends PlannerDeps {
  readonly log: Log;
}

/** Plans of a rollback that are made while others change what it is of. */
const MAX_ATTEMPTS = 10;

export class Changes implements ChangesApi {
  readonly index = new ChangeIndex();
  readonly #planner: Planner;
  readonly #history: History;
  readonly #confirmations: Confirmations;
  readonly #kept: KeptPlans;

  constructor(private readonly deps: ChangesDeps) {
    const { store, clock, log, catalog } = deps;
    this.#planner = new Planner(deps);
    this.#history = new History({
      store,
      index: this.index,
      caughtUp: async (signal) => {
        await deps.caughtUp(signal);
        return catalog.revision;
      },
    });
    this.#kept = new KeptPlans({
      clock,
      isCurrent: ({ version, quotas }) =>
        version === deps.index.version && quotas === deps.quotas.current,
    });
    this.#confirmations = new Confirmations({
      ...{ store, clock, log, index: this.index },
      caughtUp: (signal) => deps.caughtUp(signal),
      plan: (wanted, options, signal) => this.#planner.plan(wanted, ANYTHING, options, signal),
    });
  }

  /** Which changes there are, as of the catalog's revision. */
  load(signal: AbortSignal): Promise<void> {
    return this.index.load(this.deps.store, this.deps.catalog.revision, signal);
  }

  /** To be told of every event that the catalog has taken in. */
  saw(event: StoreEvent): void {
    this.index.saw(event);
    this.#confirmations.saw(event);
  }

  /** Undoes what is not confirmed, until the signal. */
  watchConfirmations(signal: AbortSignal): Promise<void> {
    return this.#confirmations.watch(signal);
  }

  /** Keeps no plans from now on. */
  close(): void {
    this.#kept.close();
  }

  async plan(request: PlanRequest, call: Call): Promise<Plan> {
    const warden = wardenOf(call);
    const made = await this.#make(request, warden, undefined, call.signal);
    const { effect, ...plan } = made;
    const { hash, revision, changes } = plan;
    this.#kept.keep(request, call.caller, plan);
    const nves = shown(effect, warden.readsNves);
    return { hash, revision, changes, nves, nveCount: effect.size };
  }

  async apply(request: ApplyRequest, call: Call): Promise<Applied> {
    const warden = wardenOf(call);
    const { store, clock } = this.deps;
    return apply(
      {
        ...{ store, clock, warden },
        make: async (of, pending, signal) =>
          (await this.#keptFor(of, pending, call)) ??
          (await this.#make(of.plan, warden, pending, signal)),
      },
      request,
      call,
    );
  }

  async confirm(request: ConfirmRequest, call: Call): Promise<{ readonly revision: number }> {
    return { revision: await this.#confirmations.confirm(request, call, wardenOf(call)) };
  }

  async list(request: ListChangesRequest, call: Call): Promise<ListChangesResult> {
    return this.#history.list(request, wardenOf(call), call.signal);
  }

  async get(id: string, call: Call): Promise<Change> {
    return this.#history.get(id, wardenOf(call), call.signal);
  }

  /** As of now. */
  async #keptFor(
    request: ApplyRequest,
    pending: string | undefined,
    { caller, signal }: Call,
  ): Promise<Doable | undefined> {
    await this.deps.caughtUp(signal);
    const made = this.#kept.take(request, caller);
    made?.stamp?.(timestamp(this.deps.clock.now()), pending);
    return made;
  }

  async #make(
    request: PlanRequest,
    warden: Warden,
    pending: string | undefined,
    signal: AbortSignal,
  ): Promise<Made> {
    const id = pending === undefined ? {} : { pending };
    if ('wanted' in request) {
      checkWanted(request.wanted);
      return this.#planner.plan(request.wanted, warden, { mayReplace: false, ...id }, signal);
    }
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const at = await this.#history.wantedAt(request.rollbackTo, warden, signal);
      const made = await this.#planner.plan(at.wanted, warden, { mayReplace: true, ...id }, signal);
      // What was changed in between is not in what is wanted.
      const more = this.index.since(at.latest).some(({ revision }) => revision <= made.revision);
      if (!more) return made;
    }
    throw new NfvError('WRITE_CONFLICT', 'others go on changing what is to be gone back from');
  }
}

/** @throws NfvError INVALID_FIELD */
function checkWanted(wanted: readonly Wanted[]): void {
  const violations: FieldViolation[] = [];
  if (wanted.length > MAX_WANTED) {
    violations.push({
      field: 'changes',
      value: `${wanted.length} of them`,
      reason: 'too many',
      remedy: `give at most ${MAX_WANTED}`,
    });
  }
  const seen = new Set<string>();
  for (const [i, each] of wanted.entries()) {
    const name = nameOfWanted(each);
    if (seen.has(name)) {
      const remedy = 'name each resource once';
      violations.push({ field: `changes[${i}]`, value: name, reason: 'given twice', remedy });
    }
    seen.add(name);
  }
  if (violations.length > 0) throw invalidFields(violations.slice(0, 100));
}

/** The first of it: a plan may touch more than an answer holds. */
function shown(effect: Effect, withItems: boolean): NveEffect[] {
  let left = withItems ? MAX_SHOWN_TOTAL : 0;
  return [...effect]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, MAX_SHOWN_NVES)
    .map(([nve, all]) => {
      const removes = all.filter(({ action }) => action === 'REMOVE').length;
      const items = all
        .slice(0, Math.min(left, MAX_SHOWN_ITEMS))
        .map(({ key, kind, action }) => ({ key, kind, action }));
      left -= items.length;
      return { nve, upserts: all.length - removes, removes, items };
    });
}
