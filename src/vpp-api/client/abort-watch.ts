import { NfvError } from '../../errors.js';
import type { Call } from './call.js';

/** Calls by the signal that ends them: one listener for each signal, however many calls it has. */
export class AbortWatch {
  readonly #watched = new Map<AbortSignal, { calls: Set<Call>; listener: () => void }>();

  /** @param onAbort is told of each call of a signal that fires */
  constructor(private readonly onAbort: (call: Call, error: NfvError) => void) {}

  add(call: Call, signal: AbortSignal): void {
    call.signal = signal;
    const watched = this.#watched.get(signal);
    if (watched !== undefined) {
      watched.calls.add(call);
      return;
    }
    const calls = new Set([call]);
    const listener = (): void => {
      this.#watched.delete(signal);
      for (const each of calls) this.onAbort(each, abortError(each.name, signal));
    };
    this.#watched.set(signal, { calls, listener });
    signal.addEventListener('abort', listener, { once: true });
  }

  remove(call: Call): void {
    const { signal } = call;
    if (signal === undefined) return;
    call.signal = undefined;
    const watched = this.#watched.get(signal);
    watched?.calls.delete(call);
    if (watched?.calls.size !== 0) return;
    this.#watched.delete(signal);
    signal.removeEventListener('abort', watched.listener);
  }
}

/** CANCELLED, or what the signal was fired with if that is an NfvError. */
export function abortError(name: string, signal: AbortSignal): NfvError {
  const reason: unknown = signal.reason;
  if (reason instanceof NfvError) return reason;
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return new NfvError('DEADLINE_EXCEEDED', `${name}: its time is over`, { cause: reason });
  }
  return new NfvError('CANCELLED', `${name} was given up`, { cause: reason });
}

/** @throws NfvError as `abortError`, if the signal has fired */
export function refuseAborted(name: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortError(name, signal);
}
