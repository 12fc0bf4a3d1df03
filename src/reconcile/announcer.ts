import { NfvError } from '../errors.js';
import type { Drift } from '../model/nve.js';
import type { ItemReport } from '../model/southbound.js';
import type { ReconcilerEvent, ReconcilerOptions } from './options.js';

/** Calls back with what is news, and does not suffer from callbacks that throw. */
export class Announcer {
  #settledRevision = 0;
  #driftCount = 0;
  #leftAlone = 0;

  constructor(
    private readonly options: Pick<ReconcilerOptions, 'onReports' | 'onDrift' | 'onEvent'>,
  ) {}

  /** Drift since the start. */
  get driftCount(): number {
    return this.#driftCount;
  }

  reports(entries: readonly ItemReport[], settledRevision: number): void {
    if (entries.length === 0 && settledRevision === this.#settledRevision) return;
    this.#settledRevision = settledRevision;
    this.#call(() => {
      this.options.onReports({ entries, settledRevision });
    });
  }

  drift(drifts: readonly Drift[], leftAlone: number): void {
    if (drifts.length === 0 && leftAlone === this.#leftAlone) return;
    this.#leftAlone = leftAlone;
    this.#driftCount += drifts.length;
    this.#call(() => {
      this.options.onDrift(drifts, this.#driftCount, leftAlone);
    });
  }

  event(event: ReconcilerEvent): void {
    this.options.onEvent(event);
  }

  #call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.event({ kind: 'callback_failed', error: NfvError.from(error) });
    }
  }
}
