import { NfvError } from '../../errors.js';
import type { Call } from './call.js';

interface Watched {
  /** Calls that it ends. */
  count: number;
  readonly listener: () => void;
}

/** Signals that end calls: one listener for each, however many calls it has. */
export class AbortWatch {
  readonly #watched = new Map<AbortSignal, Watched>();

  /** @param onAbort is told of a signal that fires and has calls: those whose `signal` it is */
  constructor(private readonly onAbort: (signal: AbortSignal) => void) {}

  add(call: Call, signal: AbortSignal): void {
    call.signal = signal;
    const watched = this.#watched.get(signal);
    if (watched !== undefined) {
      watched.count++;
      return;
    }
    const listener = (): void => {
      this.#watched.delete(signal);
      this.onAbort(signal);
    };
    this.#watched.set(signal, { count: 1, listener });
    signal.addEventListener('abort', listener, { once: true });
  }

  remove(call: Call): void {
    const { signal } = call;
    if (signal === undefined) return;
    call.signal = undefined;
    const watched = this.#watched.get(signal);
    if (watched === undefined || --watched.count > 0) return;
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
