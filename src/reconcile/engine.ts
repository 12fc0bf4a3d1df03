import { NfvError } from '../errors.js';
import type { ItemCounts, ItemFailure } from '../model/nve.js';
import type { Item } from '../model/item.js';
import type { ItemSight } from '../model/query.js';
import type { ItemReport } from '../model/southbound.js';
import { Agenda, type Task } from './agenda.js';
import { Announcer } from './announcer.js';
import { backoffMs } from './backoff.js';
import { withDeadline } from './deadline.js';
import { Configuration } from './configuration.js';
import type { WantedChange } from './inbox.js';
import { Ledger } from './ledger.js';
import type { ReconcilerOptions, Reports } from './options.js';
import { previewPass, runPass, type PassInput, type PassOutput } from './pass.js';
import type { Change } from './dataplane.js';
import type { Plan } from './plan-types.js';
import { PreparedPlan } from './prepared.js';
import type { Apply } from './execute.js';
import type { Observe } from './survey.js';
import { sightsOf } from './sights.js';
import { Turns } from './turns.js';

/** In `status()`. */
const MAX_FAILURES = 100;
/** Calls of `plan` and `apply` that may wait for their turn. */
const MAX_WAITING = 16;

export interface ReconcilerStatus {
  readonly counts: ItemCounts;
  /** The first 100 by key. */
  readonly failures: readonly ItemFailure[];
  /** Of what is wanted. */
  readonly revision: number;
  readonly settledRevision: number;
  /** Everything wanted has been tried; what failed waits for its next turn. */
  readonly isSettled: boolean;
  /** The wanted set is known to be complete. */
  readonly isComplete: boolean;
  readonly lastPass?: { readonly isFull: boolean; readonly durationMs: number };
  /** Why the last pass could not be done. */
  readonly error?: NfvError;
  /** Drift since the start. */
  readonly driftCount: number;
}

/**
 * Keeps a dataplane equal to what is wanted. One pass runs at a time; what changes meanwhile is
 * taken up by the next. Nothing is done before `start`.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #ledger: Ledger;
  readonly #configuration: Configuration;
  readonly #announcer: Announcer;
  readonly #agenda = new Agenda();
  readonly #prepared = new PreparedPlan();
  readonly #stop = new AbortController();
  #isStarted = false;
  #settledRevision = 0;
  /** When what is new is to be taken up at the latest. */
  #newsAt = Infinity;
  #passFailures = 0;
  /** The dataplane has started again since the last turn. */
  #hasRestarted = false;
  /** To be made otherwise since the last turn. */
  readonly #otherwise = new Set<string>();
  #error: NfvError | undefined;
  #failedAt = -Infinity;
  #lastFullAt = -Infinity;
  #lastPass: ReconcilerStatus['lastPass'];
  #cancelTimer: (() => void) | undefined;
  readonly #turns = new Turns(this.#stop.signal, () => {
    this.#arm();
  });

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#ledger = new Ledger(options.dataplane.traits);
    this.#configuration = new Configuration(this.#ledger);
    this.#announcer = new Announcer(options);
    options.dataplane.onChange((keys) => {
      this.#noteChange(keys);
    });
  }

  /** Begins, with a full pass. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#agenda.checkAll(this.#now);
    this.#arm();
  }

  /**
   * Changes what is wanted. Every key in it is tried and reported, even if its version is the one
   * that was wanted before: at once, or, if more follows, with that.
   */
  setWanted(change: WantedChange): void {
    // A store that was put back goes on from an older revision, which was tried with something else.
    if (change.complete) {
      this.#settledRevision = Math.min(this.#settledRevision, Math.max(0, change.revision - 1));
    }
    this.#configuration.change(change);
    const at = change.more === true ? this.#now + this.#options.gatherMs : -Infinity;
    this.#newsAt = Math.min(this.#newsAt, at);
    this.#arm();
  }

  /** Sets all that is wanted, as after a start from disk. */
  replace(items: readonly Item[], complete: boolean, revision: number): void {
    this.#configuration.replace({ upserts: items, complete, revision });
    this.#newsAt = -Infinity;
    this.#arm();
  }

  /** Looks at everything as soon as possible. */
  checkNow(): void {
    this.#agenda.checkAll(this.#now);
    this.#arm();
  }

  /**
   * What a full pass would do now, drift and failed items included whatever the policy and their
   * backoff. Does nothing.
   * @throws NfvError when nothing can be observed; SHUTTING_DOWN; TOO_MANY_REQUESTS.
   */
  plan(): Promise<Plan> {
    return this.#inTurn(async () => {
      this.#takeUpNews();
      return await previewPass(this.#surroundings());
    });
  }

  /**
   * Carries out the plan that has this hash; its items are reported like any pass's.
   * @throws NfvError PLAN_CHANGED if the plan of now is another, and nothing is done; as `plan`.
   */
  apply(planHash: string): Promise<Plan> {
    return this.#inTurn(async () => {
      this.#takeUpNews();
      const task = this.#takeTask(true);
      const check = (plan: Plan): void => {
        if (plan.hash === planHash) return;
        throw new NfvError('PLAN_CHANGED', `the plan is ${plan.hash} now, not ${planHash}`);
      };
      return await this.#pass(task, { isForced: true, check });
    });
  }

  /**
   * How items stand on the host now. Does nothing about it.
   * @throws NfvError when nothing can be observed; SHUTTING_DOWN; TOO_MANY_REQUESTS.
   */
  look(keys: readonly string[]): Promise<readonly ItemSight[]> {
    return this.#inTurn(async () => {
      this.#takeUpNews();
      const { ledger, traits, observe } = this.#surroundings();
      return await sightsOf(new Set(keys), ledger, traits, observe);
    });
  }

  /** What was wanted when news was taken up last. */
  wanted(key: string): Item | undefined {
    return this.#ledger.wanted.get(key);
  }

  status(): ReconcilerStatus {
    const failures = [...this.#ledger.failures].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      counts: {
        wanted: this.#ledger.wanted.size,
        applied: this.#ledger.appliedCount,
        failed: failures.length,
      },
      failures: failures
        .slice(0, MAX_FAILURES)
        .map(([key, { code, message }]) => ({ key, code, message })),
      revision: this.#configuration.revision,
      settledRevision: this.#settledRevision,
      isSettled: this.isSettled,
      isComplete: this.#configuration.isComplete,
      ...(this.#lastPass === undefined ? {} : { lastPass: this.#lastPass }),
      ...(this.#error === undefined ? {} : { error: this.#error }),
      driftCount: this.#announcer.driftCount,
    };
  }

  /** Everything wanted has been tried; what failed waits for its next turn. */
  get isSettled(): boolean {
    const isTaken =
      !this.#configuration.hasNews && !this.#agenda.hasTries && this.#lastFullAt > -Infinity;
    return isTaken && this.#settledRevision === this.#configuration.revision;
  }

  /**
   * Every item that has failed: what a new session with the NVA has to be told. What is not among
   * them and not newer than the settled revision is applied.
   */
  failures(): Reports {
    const entries: ItemReport[] = [];
    for (const [key, { code, message }] of this.#ledger.failures) {
      const version = this.#ledger.wanted.get(key)?.version ?? '';
      entries.push({ key, version, failure: { code, message } });
    }
    return { entries, settledRevision: this.#settledRevision };
  }

  /** Ends a running pass and waits for it. Nothing is done or called back afterwards. */
  async stop(): Promise<void> {
    this.#stop.abort(new NfvError('SHUTTING_DOWN', 'the reconciler is stopping'));
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    await this.#turns.idle();
  }

  get #now(): number {
    return this.#options.clock.monotonic();
  }

  /** Sets the timer for what is due next; when a turn ends it is set anew. */
  #arm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (!this.#isStarted || this.#turns.count > 0 || this.#stop.signal.aborted) return;
    const dueAt = this.#agenda.dueAt(this.#newsAt);
    if (dueAt === undefined) return;
    // Whole milliseconds, upwards: a timer that fires too early would be set again and again.
    const wait = Math.max(0, Math.ceil(dueAt - this.#now));
    this.#cancelTimer = this.#options.clock.after(wait, () => {
      this.#cancelTimer = undefined;
      this.#turns.take(() => this.#passWhatIsDue()).catch(() => undefined);
    });
  }

  /** For callers from outside, whose number is bounded. */
  async #inTurn<T>(job: () => Promise<T>): Promise<T> {
    if (this.#turns.count >= MAX_WAITING) {
      throw new NfvError('TOO_MANY_REQUESTS', `${MAX_WAITING} passes are waiting already`);
    }
    return await this.#turns.take(job);
  }

  async #passWhatIsDue(): Promise<void> {
    try {
      this.#takeUpNews();
      await this.#pass(this.#takeTask(), { isForced: false, check: () => undefined });
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#noteFailure(NfvError.from(error));
    }
  }

  #takeUpNews(): void {
    this.#newsAt = Infinity;
    // Not before: a pass under way settles what it found of the dataplane that is gone.
    if (this.#hasRestarted) this.#beginAgain();
    this.#ledger.beginOtherwise(this.#otherwise);
    this.#otherwise.clear();
    const { keys, isNewlyComplete } = this.#configuration.takeUp();
    this.#agenda.tryNow(keys);
    // What was left alone under another policy is looked at again.
    const isOtherPolicy = this.#ledger.takePolicyChange();
    if (isNewlyComplete || isOtherPolicy) this.#agenda.checkAll(this.#now);
  }

  /**
   * The one that has come may do what the one before could not. What else failed keeps its wait: it may be what
   * ended the one before.
   */
  #beginAgain(): void {
    this.#hasRestarted = false;
    this.#ledger.beginAgain();
    const failures = [...this.#ledger.failures];
    this.#agenda.tryNow(failures.filter(([, error]) => !error.retriable).map(([key]) => key));
  }

  #takeTask(isFull = false): Task {
    return this.#agenda.take(this.#now, (key) => this.#ledger.dependencies(key), isFull);
  }

  #pass(task: Task, how: Pick<PassInput, 'isForced' | 'check'>): Promise<Plan> {
    const { around } = this.#options;
    const pass = (): Promise<Plan> => this.#runPass(task, how);
    return around === undefined ? pass() : around(pass);
  }

  async #runPass(task: Task, how: Pick<PassInput, 'isForced' | 'check'>): Promise<Plan> {
    const { retry, random, drift, clock } = this.#options;
    const beganAt = this.#now;
    try {
      const output = await runPass({
        ...this.#surroundings(),
        ...how,
        task,
        agenda: this.#agenda,
        prepared: this.#prepared,
        retry,
        random,
        signal: this.#stop.signal,
        isSwept: this.#configuration.isSwept,
        driftPolicy: drift.policy,
        now: () => this.#now,
        wallTime: () => clock.now(),
        isStale: (key) => this.#configuration.hasNewsOf(key),
      });
      this.#finish(task, output, beganAt);
      return output.plan;
    } catch (error) {
      this.#agenda.putBack(task, this.#now);
      throw error;
    }
  }

  #surroundings(): Pick<
    PassInput,
    'ledger' | 'traits' | 'complete' | 'observe' | 'apply' | 'overlapsWaves'
  > {
    const { dataplane, clock, applyTimeoutMs, observeTimeoutMs } = this.#options;
    const { signal } = this.#stop;
    const observe: Observe = (scope, wanted) =>
      withDeadline({ clock, ms: observeTimeoutMs, what: 'observe', signal }, (inner) =>
        dataplane.observe(scope, wanted, inner),
      );
    // Of all calls: what is behind many others is not stuck while these get on.
    let lastResultAt = -Infinity;
    const progress = {
      clock,
      ms: applyTimeoutMs,
      what: 'apply',
      signal,
      since: () => lastResultAt,
    };
    const apply: Apply = (steps, onResult) =>
      withDeadline(progress, (inner) =>
        dataplane.apply(steps, inner, (at, result) => {
          lastResultAt = this.#now;
          onResult(at, result);
        }),
      );
    const { traits, overlapsWaves = false } = dataplane;
    return {
      ledger: this.#ledger,
      traits,
      complete: this.#configuration.isComplete,
      observe,
      apply,
      overlapsWaves,
    };
  }

  #finish({ isFull }: Task, output: PassOutput, beganAt: number): void {
    const { plan, checked, steps, rereadError, reports, drifts } = output;
    const durationMs = this.#now - beganAt;
    this.#lastPass = { isFull, durationMs };
    this.#settledRevision = this.#configuration.triedRevision;
    if (isFull) this.#noteFullPass();
    if (rereadError === undefined) {
      this.#error = undefined;
      this.#passFailures = 0;
    }
    // Before what is for people: the NVA waits for it.
    this.#announcer.reports(reports, this.#settledRevision);
    this.#announcer.drift(drifts, this.#ledger.leftAloneCount);
    this.#announcer.event({
      kind: 'pass',
      isFull,
      checked,
      steps,
      failed: this.#ledger.failures.size,
      durationMs,
      plan,
      revision: this.#settledRevision,
    });
    if (rereadError !== undefined) this.#noteFailure(rereadError);
  }

  #noteFullPass(): void {
    this.#lastFullAt = this.#now;
    this.#configuration.noteFullPass();
    const { intervalMs } = this.#options.drift;
    const jittered = Math.round(intervalMs * (0.9 + 0.2 * this.#options.random()));
    if (intervalMs > 0) this.#agenda.checkAll(this.#now + jittered);
  }

  /** Nothing is known of the dataplane: wait, longer each time, before anything is tried. */
  #noteFailure(error: NfvError): void {
    this.#error = error;
    this.#passFailures++;
    this.#failedAt = this.#now;
    const { retry, random } = this.#options;
    const retryInMs = backoffMs(this.#passFailures, retry, random);
    this.#agenda.postpone(this.#now + retryInMs);
    this.#announcer.event({ kind: 'pass_failed', error, retryInMs });
  }

  /** There is time now for what would hold up the pass over a dataplane that has lost everything. */
  #prepare(): void {
    const prepare = (): void => {
      const { ledger, traits, complete } = this.#surroundings();
      this.#prepared.make(ledger, complete, traits);
    };
    // The pass makes the plan again, and tells what is wrong.
    this.#turns.take(prepare).catch(() => undefined);
  }

  /** The dataplane says that something may have changed. */
  #noteChange(keys: Change): void {
    const { debounceMs, fullGapMs, retry } = this.#options;
    if (keys === 'lost') {
      this.#prepare();
      return;
    }
    if (keys === 'restarted') {
      this.#hasRestarted = true;
      // At once, whatever failed with the one before; how often that may be is the dataplane's affair.
      this.#agenda.checkAll(this.#now);
      this.#agenda.hasten(this.#now);
      this.#arm();
      return;
    }
    const soon = this.#now + debounceMs;
    if (keys === 'unknown') {
      this.#agenda.checkAll(Math.max(soon, this.#lastFullAt + fullGapMs));
    } else if ('otherwise' in keys) {
      for (const key of keys.otherwise) this.#otherwise.add(key);
      this.#agenda.suspect(keys.otherwise, this.#now);
    } else {
      this.#agenda.suspect(keys, soon);
      for (const key of keys) this.#hastenRetry(key, soon);
    }
    this.#agenda.hasten(Math.max(soon, this.#failedAt + retry.initialMs));
    this.#arm();
  }

  /**
   * What kept an item from succeeding may be over; but no faster than after a first failure, and
   * not for what is likely the echo of the attempt itself.
   */
  #hastenRetry(key: string, soon: number): void {
    const at = this.#agenda.retries.at(key);
    const lastTried = this.#ledger.get(key)?.lastTried;
    if (at === undefined || lastTried === undefined) return;
    const { initialMs } = this.#options.retry;
    const isEcho = this.#now < lastTried + initialMs / 2;
    const earliest = Math.max(soon, lastTried + initialMs);
    if (!isEcho && earliest < at) this.#agenda.retries.set(key, earliest);
  }
}
