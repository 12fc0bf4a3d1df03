/**
 * What the log is told of other replicas that do not answer: when that begins, and when it is over. One that answers
 * and fails by turns is told once to flap, and to answer again once it has done so for long.
 */
import type { NfvError } from '../../errors.js';
import type { Clock } from '../../model/clock.js';
import { errorFields, type Log } from '../../model/log.js';
import type { ReplicaApi } from '../../model/replica.js';

/** An older replica may answer one, and not know another. */
export type Question = keyof ReplicaApi;

export interface OutagesDeps {
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Where others say that they are reached; nothing is kept of the rest. */
  readonly addresses: () => ReadonlySet<string>;
  /** Nothing is waited for any more. */
  readonly stop: AbortSignal;
}

interface Outage {
  /** That were told since it began. */
  readonly codes: Set<string>;
  isFlapping: boolean;
  /** Undefined: it does not answer. Otherwise it does, not for long yet; this ends the wait for that. */
  endWait: (() => void) | undefined;
}

/** Milliseconds. Who fails again before has the same outage still. */
export const STEADY_MS = 60_000;

export class Outages {
  /** By address and question. */
  readonly #outages = new Map<string, Map<Question, Outage>>();

  constructor(private readonly deps: OutagesDeps) {
    const endWaits = (): void => {
      for (const address of [...this.#outages.keys()]) this.#forget(address);
    };
    deps.stop.addEventListener('abort', endWaits, { once: true });
  }

  answered(address: string, question: Question): void {
    const outage = this.#outages.get(address)?.get(question);
    if (outage === undefined || outage.endWait !== undefined) return;
    const { clock, log } = this.deps;
    const fields = { address, question };
    if (!outage.isFlapping) log.info(fields, 'another replica answers again');
    outage.endWait = clock.after(STEADY_MS, () => {
      this.#outages.get(address)?.delete(question);
      if (outage.isFlapping) log.info(fields, 'another replica answers again');
    });
  }

  failed(address: string, question: Question, error: NfvError): void {
    if (this.deps.stop.aborted) return;
    const { log } = this.deps;
    const fields = { address, question, ...errorFields(error) };
    const outage = this.#outageOf(address, question);
    const isRelapse = outage.endWait !== undefined;
    outage.endWait?.();
    outage.endWait = undefined;
    if (isRelapse && !outage.isFlapping) {
      outage.isFlapping = true;
      log.warn(fields, 'another replica flaps');
    } else if (!outage.codes.has(error.code)) {
      log.warn(fields, 'another replica does not answer');
    }
    outage.codes.add(error.code);
  }

  #outageOf(address: string, question: Question): Outage {
    const ofReplica = this.#outages.get(address) ?? new Map<Question, Outage>();
    const known = ofReplica.get(question);
    if (known !== undefined) return known;
    const there = this.deps.addresses();
    for (const each of [...this.#outages.keys()]) {
      if (each !== address && !there.has(each)) this.#forget(each);
    }
    const outage: Outage = { codes: new Set(), isFlapping: false, endWait: undefined };
    this.#outages.set(address, ofReplica.set(question, outage));
    return outage;
  }

  #forget(address: string): void {
    for (const { endWait } of this.#outages.get(address)?.values() ?? []) endWait?.();
    this.#outages.delete(address);
  }
}
