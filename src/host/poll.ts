import { abortError } from './iproute2/answers.js';
import type { Timers } from './timers.js';

export interface Pace {
  readonly everyMs: number;
  readonly limitMs: number;
}

/**
 * Asks again and again until there is an answer, at least once.
 * @returns undefined: none within the limit
 * @throws what `ask` throws; with the signal CANCELLED or DEADLINE_EXCEEDED
 */
export async function poll<T>(
  timers: Timers,
  signal: AbortSignal,
  { everyMs, limitMs }: Pace,
  ask: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const end = timers.monotonic() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || timers.monotonic() >= end) return answer;
    await pause(timers, everyMs, signal);
  }
}

/** @throws NfvError CANCELLED or DEADLINE_EXCEEDED */
export function pause(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(abortError(signal));
      return;
    }
    const abort = (): void => {
      cancel();
      reject(abortError(signal));
    };
    const cancel = timers.after(ms, () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
    signal.addEventListener('abort', abort, { once: true });
  });
}
