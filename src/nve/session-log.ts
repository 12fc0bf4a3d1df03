/** Tells of sessions and of their loss, at a rate that stays bounded however long an NVA is away. */
import type { NfvError } from '../errors.js';
import type { Clock } from '../model/clock.js';
import { errorFields, type Log } from '../model/log.js';
import { Trouble } from './trouble.js';

/** A session that lasted so long ends an outage; milliseconds. */
const STEADY_MS = 10_000;

/**
 * An outage begins with the first failure and ends with a session that lasts. In it, each reason is
 * told once for each replica; the rest is for debugging.
 */
export class SessionLog {
  readonly #outage: Trouble;
  #failures = 0;
  #upSince: number | undefined;

  constructor(
    private readonly log: Log,
    private readonly clock: Clock,
  ) {
    this.#outage = new Trouble(clock);
  }

  connected(peer: string, epoch: number, inStep: boolean): void {
    const fields = { peer, epoch, inStep, failures: this.#failures };
    this.#upSince = this.clock.monotonic();
    const level = this.#outage.isNews(`connected ${peer}`) ? 'info' : 'debug';
    this.log[level](fields, 'connected to NVA');
  }

  /** For an earlier replica. */
  leaving(peer: string): void {
    const level = this.#outage.isNews(`leaving ${peer}`) ? 'info' : 'debug';
    this.log[level]({ peer }, 'an earlier replica of the NVA is there');
  }

  /** `peer` is undefined when there was not even an attempt to reach it. */
  lost(peer: string | undefined, error: NfvError): void {
    const since = this.#upSince;
    this.#upSince = undefined;
    if (since !== undefined && this.clock.monotonic() - since >= STEADY_MS) {
      this.#outage.over();
      this.#failures = 0;
    }
    this.#failures++;
    const fields = { peer, failures: this.#failures, ...errorFields(error) };
    const level = this.#outage.isNews(`lost ${peer ?? ''} ${error.code}`) ? 'warn' : 'debug';
    this.log[level](fields, 'no session with the NVA');
  }

  refused(sequence: number, error: NfvError): void {
    const fields = { sequence, ...errorFields(error) };
    const level = this.#outage.isNews(`refused ${error.code}`) ? 'error' : 'debug';
    this.log[level](fields, 'delta refused');
  }
}
