import { NfvError } from '../errors.js';
import { delay, type Clock } from '../model/clock.js';

const ATTEMPTS = 5;
const FIRST_DELAY_MS = 200;

/**
 * Repeats a request that may be repeated while its error says that this may help: four times at
 * most, after 0.2, 0.4, 0.8 and 1.6 s, and not beyond `timeoutMs` from the first.
 */
export async function withRetry<T>(
  clock: Clock,
  signal: AbortSignal,
  timeoutMs: number,
  request: () => Promise<T>,
): Promise<T> {
  const end = clock.monotonic() + timeoutMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await request();
    } catch (thrown) {
      const error = NfvError.from(thrown);
      const pause = FIRST_DELAY_MS * 2 ** (attempt - 1);
      const over = attempt === ATTEMPTS || clock.monotonic() + pause >= end;
      if (!error.retriable || over || signal.aborted) throw error;
      await delay(clock, pause, signal);
    }
  }
}
