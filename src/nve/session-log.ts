/** Tells of sessions and of their loss, at a rate that stays bounded however long an NVA is away. */
import type { NfvError } from '../errors.js';
import type { Clock } from '../model/clock.js';
import { errorFields, type Log } from '../model/log.js';

/** A session that lasted so long ends an outage; milliseconds. */
const STEADY_MS = 10_000;
/** An outage is told of again after so long. */
const REMIND_MS = 600_000;

/**
 * An outage begins with the first failure and ends with a session that lasts. In it, each reason is
 * told once for each replica, and again after ten minutes without another line; the rest is for
 * debugging.
 */
export class SessionLog {
  readonly #told = new Set<string>();
  #failures = 0;
  #remindAt = Infinity;
  #upSince: number | undefined;

  constructor(
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  connected(peer: string, epoch: number, inStep: boolean): void {
    const fields = { peer, epoch, inStep, failures: this.#failures };
    this.#upSince = this.clock.monotonic();
    this.#tell('info', `connected ${peer}`, fields, 'connected to NVA');
  }

  /** `peer` is undefined when there was not even an attempt to reach it. */
  lost(peer: string | undefined, error: NfvError): void {
    const since = this.#upSince;
    this.#upSince = undefined;
    if (since !== undefined && this.clock.monotonic() - since >= STEADY_MS) this.#startOver();
    this.#failures++;
    const fields = { peer, failures: this.#failures, ...errorFields(error) };
    this.#tell('warn', `lost ${peer ?? ''} ${error.code}`, fields, 'no session with the NVA');
  }

  refused(sequence: number, error: NfvError): void {
    const fields = { sequence, ...errorFields(error) };
    this.#tell('error', `refused ${error.code}`, fields, 'delta refused');
  }

  #startOver(): void {
    this.#told.clear();
    this.#failures = 0;
    this.#remindAt = Infinity;
  }

  #tell(level: 'info' | 'warn' | 'error', what: string, fields: object, message: string): void {
    const now = this.clock.monotonic();
    if (this.#told.has(what) && now < this.#remindAt) {
      this.log.debug(fields, message);
      return;
    }
    this.#told.add(what);
    this.#remindAt = now + REMIND_MS;
    this.log[level](fields, message);
  }
}
