/**
 * Prepares a host and keeps it prepared: plans, applies, confirms, undoes, goes on after a crash or
 * a boot, sees drift. One change at a time; what is asked meanwhile is refused.
 */
import { join } from 'node:path';
import { NfvError } from '../../errors.js';
import type { HostDoors } from '../../host/doors.js';
import { Journal } from '../../host/journal.js';
import { lockFile, type HostLock } from '../../host/lock.js';
import type { Clock } from '../../model/clock.js';
import type { Inventory } from '../../model/host/inventory.js';
import { isBlocked, isGuarded, type HostPlan } from '../../model/host/plan.js';
import type { DriftReport } from '../../model/host/status.js';
import { describeStep } from '../../model/host/steps.js';
import { errorFields, type Log } from '../../model/log.js';
import { readBootId } from '../../dpdk/machine.js';
import { checkRequest, type ApplyRequest } from './apply-request.js';
import { Engine, type StepEvent } from './engine.js';
import { Lifecycle } from './lifecycle.js';
import { HostPlanner, type Planned, type ProfileSource } from './planner.js';
import { changeStatus, type HostReport, type HostStatus } from './status.js';
import { foldRecords, ledgerOf, parseRecord, summarize, type Transaction } from './transaction.js';
import { checkMayChange, sinceLastApply, whatIsLeft } from './what-is-left.js';

export interface PreparationOptions {
  readonly doors: HostDoors;
  readonly clock: Clock;
  readonly log: Log;
  /** Where the journal is. */
  readonly stateDir: string;
  /** IP addresses of the NVA's replicas: the way there is guarded. */
  readonly nva: readonly string[];
  readonly makeId: () => string;
  readonly onReport: (report: HostReport) => void;
}

type Reason = Transaction['reason'];

export class HostPreparation {
  readonly #engine: Engine;
  readonly #life: Lifecycle;
  readonly #planner: HostPlanner;
  #busy = false;
  #drift: DriftReport | undefined;

  /**
   * Reads the journal; the host is not touched before `recover`.
   * @throws NfvError HOST_BUSY when another process has the state directory; JOURNAL_DAMAGED,
   *   FILE_UNREADABLE
   */
  static async open(options: PreparationOptions): Promise<HostPreparation> {
    const { journal, records, cutBytes } = await Journal.open(join(options.stateDir, 'journal'));
    let lock: HostLock | undefined;
    try {
      lock = await lockFile(join(options.stateDir, 'lock'));
      if (cutBytes > 0) {
        options.log.warn({ cutBytes }, 'the journal ended in an unfinished record; it was cut off');
      }
      const bootId = await readBootId(options.doors.files);
      const transactions = foldRecords(records.map(parseRecord));
      return new HostPreparation(options, journal, lock, bootId, transactions);
    } catch (error) {
      await lock?.release();
      await journal.close();
      throw error;
    }
  }

  private constructor(
    private readonly options: PreparationOptions,
    private readonly journal: Journal,
    private readonly lock: HostLock,
    private readonly bootId: string,
    transactions: readonly Transaction[],
  ) {
    const { doors, clock } = options;
    const onStep = (event: StepEvent): void => {
      this.#life.step(event);
      const text = describeStep(event.planned.step);
      options.onReport({ kind: 'step', text, event });
    };
    this.#engine = new Engine({ doors, journal, bootId, onStep }, transactions);
    this.#planner = new HostPlanner(doors, options.nva, bootId);
    this.#life = new Lifecycle(clock, (state) => {
      options.onReport({ kind: 'state', state });
      this.#watchDeadMan();
    });
    this.#life.start();
  }

  async close(): Promise<void> {
    this.#life.stop();
    await this.lock.release();
    await this.journal.close();
  }

  inventory(signal: AbortSignal): Promise<Inventory> {
    return this.#planner.inventory(signal);
  }

  /** What `apply` would do now. @throws NfvError PROFILE_INVALID, and those of the readers */
  plan(source: ProfileSource, signal: AbortSignal): Promise<Planned> {
    return this.#planner.plan(source, this.#engine.all, signal);
  }

  /**
   * Makes the host as the profile wants it. When this returns it has been seen to be so.
   * @throws NfvError PLAN_CHANGED, PLAN_BLOCKED with every reason and its line; when a step fails,
   *   its error, and then the host is as before; HOST_NOT_RESTORED when not even that; HOST_BUSY
   */
  async apply(request: ApplyRequest, signal: AbortSignal): Promise<HostPlan> {
    return this.#alone(async () => {
      checkMayChange(this.#engine.last);
      return this.#apply(request, 'apply', signal);
    });
  }

  async #apply(request: ApplyRequest, reason: Reason, signal: AbortSignal): Promise<HostPlan> {
    const planned = await this.plan(request.profile, signal);
    checkRequest(planned, request, reason);
    const { plan } = planned;
    const { last } = this.#engine;
    const same = last?.profile.text === request.profile.text && last.bootId === this.bootId;
    if (same && plan.steps.length === 0) return plan;
    this.#life.send({ type: 'PLANNED', steps: plan.steps.length });
    await this.#engine.record({
      type: 'begin',
      id: this.options.makeId(),
      at: this.options.clock.now(),
      bootId: this.bootId,
      reason,
      planHash: plan.hash,
      profile: { text: request.profile.text, name: request.profile.name },
      steps: [...plan.steps],
      confirmMs: request.confirmMs ?? null,
    });
    this.#life.send({ type: 'APPLY', confirmMs: request.confirmMs });
    await this.#finish(false, signal);
    return plan;
  }

  /** Carries the newest transaction out, or undoes it. */
  async #finish(resumed: boolean, signal: AbortSignal): Promise<void> {
    try {
      await this.#engine.carryOut(resumed, signal);
      await this.#verify(signal);
    } catch (thrown) {
      const error = NfvError.from(thrown);
      // We are being stopped: the next start goes on.
      if (signal.aborted) throw error;
      await this.#takeBack(error);
      throw error;
    }
    const { confirmMs } = this.#engine.last ?? { confirmMs: null };
    const confirmBy = confirmMs === null ? null : this.options.clock.now() + confirmMs;
    await this.#engine.record({ type: 'applied', confirmBy });
    this.#life.send({ type: 'VERIFIED' });
    this.#drift = undefined;
    if (confirmMs === null) await this.#compact();
  }

  async #takeBack(error: NfvError): Promise<void> {
    const needsReboot = error.code === 'REBOOT_NEEDED';
    this.#life.send({ type: 'FAILED', trouble: error.message, needsReboot });
    try {
      await this.#undoLast('failure', error.message, new AbortController().signal);
    } catch (thrown) {
      const { code, message, remedy } = NfvError.from(thrown);
      throw new NfvError(code, `${error.message}; and then ${message}`, { cause: error, remedy });
    }
  }

  /** Success is what is seen: planning again must give nothing, and nothing that blocks. */
  async #verify(signal: AbortSignal): Promise<void> {
    const { last } = this.#engine;
    if (last === undefined) return;
    const { plan, inventory } = await this.plan(last.profile, signal);
    this.#life.see(inventory, this.#engine.all);
    const blocking = plan.findings.find(({ effect }) => effect === 'blocks');
    if (blocking !== undefined) {
      const { subject, reason, remedy } = blocking;
      const message = `all steps were done, and now ${subject}: ${reason}`;
      throw new NfvError('READBACK_MISMATCH', message, { remedy });
    }
    if (plan.steps.length === 0) return;
    const left = plan.steps.map(({ step }) => describeStep(step)).join('; ');
    throw new NfvError(
      'READBACK_MISMATCH',
      `all steps were done, and these are to be done: ${left}`,
    );
  }

  /** @throws NfvError NOTHING_TO_DO, HOST_BUSY */
  async confirm(): Promise<void> {
    await this.#alone(async () => {
      if (this.#engine.last?.phase !== 'applied') {
        throw new NfvError('NOTHING_TO_DO', 'no change of this host waits to be confirmed');
      }
      // First of all time stops running.
      this.#life.send({ type: 'CONFIRM' });
      await this.#engine.record({ type: 'confirmed' });
      await this.#compact();
    });
  }

  /**
   * Takes the newest change back, with what a boot or a repair did for it since.
   * @throws NfvError NOTHING_TO_DO, HOST_NOT_RESTORED, HOST_BUSY
   */
  async undo(signal: AbortSignal): Promise<void> {
    await this.#alone(async () => {
      if (this.#engine.last === undefined) {
        throw new NfvError('NOTHING_TO_DO', 'no change of this host is known');
      }
      this.#life.send({ type: 'UNDO' });
      for (const t of sinceLastApply(this.#engine.all)) {
        await this.#undoLast('request', 'asked for', signal, t.reason === 'apply');
      }
      await this.#afterBoot(signal);
    });
  }

  /** @param ends the machine is told; else more is undone after it */
  async #undoLast(
    why: 'failure' | 'request' | 'unconfirmed' | 'reboot',
    message: string,
    signal: AbortSignal,
    ends = true,
  ): Promise<void> {
    try {
      await this.#engine.undo(why, message, signal);
    } catch (thrown) {
      const error = NfvError.from(thrown);
      this.#life.send({ type: 'NOT_RESTORED', trouble: error.message });
      throw error;
    }
    if (!ends) return;
    const hasProfile = this.#engine.last !== undefined;
    if (!hasProfile) await this.#engine.replace([], []);
    this.#drift = undefined;
    this.#life.see(await this.inventory(signal), this.#engine.all);
    this.#life.send({ type: 'UNDONE', hasProfile });
    await this.#look(signal);
  }

  /** Time is up, and nobody confirmed: the machine says so, and nobody has acted on it yet. */
  #watchDeadMan(): void {
    if (!this.#life.isUndoing || this.#busy || this.#engine.last?.phase !== 'applied') return;
    const { log } = this.options;
    log.warn({}, 'the change was not confirmed in time, and is undone');
    this.#alone(() =>
      this.#undoLast('unconfirmed', 'not confirmed in time', new AbortController().signal),
    ).catch((error: unknown) => {
      log.error(errorFields(NfvError.from(error)), 'the unconfirmed change could not be undone');
    });
  }

  /**
   * To be called once, at the start: finishes or takes back what a crash cut off, undoes what was
   * not confirmed, prepares the host again after a boot.
   * @returns whether a change was taken back, or its undo brought to its end
   * @throws NfvError of a step, HOST_NOT_RESTORED; the host is then as `status` says
   */
  async recover(signal: AbortSignal): Promise<boolean> {
    return this.#alone(async () => {
      let tookBack = false;
      for (let last = this.#engine.last; last !== undefined; last = this.#engine.last) {
        const left = whatIsLeft(last, this.bootId, this.options.clock.now());
        if (left.kind === 'nothing') break;
        if (left.kind === 'to-confirm') {
          this.#life.send({ type: 'STILL_UNCONFIRMED', confirmMs: left.confirmMs });
          return tookBack;
        }
        if (left.kind === 'to-finish') {
          this.#life.send({ type: 'RESUME', steps: last.steps.length, step: last.done.size });
          await this.#finish(true, signal);
          return tookBack;
        }
        this.#life.send({ type: 'TAKE_BACK' });
        const why = last.bootId === this.bootId ? 'unconfirmed' : 'reboot';
        await this.#undoLast(why, 'cut off before it was confirmed', signal, true);
        tookBack = true;
      }
      await this.#look(signal);
      await this.#afterBoot(signal);
      return tookBack;
    });
  }

  /** Nothing of what was set survives a boot: it is all set again. */
  async #afterBoot(signal: AbortSignal): Promise<void> {
    const { last } = this.#engine;
    if (last === undefined || last.bootId === this.bootId) return;
    const request = { profile: last.profile, iKnow: true };
    await this.#apply(request, 'boot', signal);
  }

  /** Looks how the host is, and tells the machine. */
  async #look(signal: AbortSignal): Promise<Planned | undefined> {
    const { last } = this.#engine;
    this.#drift = undefined;
    if (last === undefined) {
      this.#life.send({ type: 'NO_PROFILE' });
      return undefined;
    }
    const planned = await this.plan(last.profile, signal);
    const { findings, steps } = planned.plan;
    this.#life.see(planned.inventory, this.#engine.all);
    this.#life.send({ type: steps.length === 0 ? 'AS_WANTED' : 'DRIFTED' });
    if (steps.length > 0) {
      const texts = steps.map(({ step }) => describeStep(step));
      this.#drift = { steps: texts, findings, repaired: false };
      this.options.onReport({ kind: 'drift', report: this.#drift });
    }
    return planned;
  }

  /**
   * Looks whether the host is still as its profile wants it, and repairs it where the profile's
   * policy says so and nothing speaks against it.
   * @throws NfvError NOTHING_TO_DO without a profile, HOST_BUSY; those of a step
   */
  async drift(signal: AbortSignal): Promise<DriftReport> {
    return this.#alone(async () => {
      const { last } = this.#engine;
      if (last?.phase !== 'confirmed') {
        throw new NfvError('NOTHING_TO_DO', 'no profile was applied and confirmed on this host');
      }
      const planned = await this.#look(signal);
      const found = this.#drift ?? { steps: [], findings: [], repaired: false };
      if (planned === undefined || found.steps.length === 0) return found;
      const { plan, profile } = planned;
      if (profile.policy.drift !== 'repair' || isBlocked(plan) || isGuarded(plan)) return found;
      await this.#apply({ profile: last.profile, iKnow: false }, 'repair', signal);
      return { ...found, repaired: true };
    });
  }

  /** After something that hung has ended by itself: the undo that could not go on does. */
  async retryUndo(signal: AbortSignal): Promise<void> {
    if (this.#engine.last?.phase !== 'undoing') return;
    await this.#alone(async () => {
      this.#life.freed();
      this.#life.send({ type: 'UNDO' });
      await this.#undoLast('failure', 'tried again', signal);
    });
  }

  status(): HostStatus {
    const { last } = this.#engine;
    return {
      state: this.#life.state,
      ready: this.#life.isReady,
      trouble: this.#life.trouble,
      change: last === undefined ? undefined : changeStatus(last, this.options.clock.now()),
      nics: this.#life.nics,
      drift: this.#drift,
      hugepages: ledgerOf(this.#engine.all, this.bootId),
      stuck: this.options.doors.programs.stuck(),
    };
  }

  /** Earlier boots' repetitions have nothing left that could be undone. */
  async #compact(): Promise<void> {
    const all = this.#engine.all;
    const keep = all.filter(({ bootId, reason }) => bootId === this.bootId || reason === 'apply');
    if (keep.length === all.length || all.some(({ phase }) => phase !== 'confirmed')) return;
    const records = summarize(keep);
    await this.#engine.replace(records, foldRecords(records));
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy) throw new NfvError('HOST_BUSY', 'a change of this host is under way');
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#busy = false;
      this.#watchDeadMan();
    }
  }
}
