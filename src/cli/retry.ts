import { NfvError } from '../errors.js';
import { delay, type Clock } from '../model/clock.js';

const ATTEMPTS = 5;
const FIRST_DELAY_MS = 200;

/**
 * Repeats a request that may be repeated while its error says that this may help: four times at
 * most, after 0.2, 0.4, 0.8 and 1.6 s, and not beyond `timeoutMs` from the first. What is refused because of
 * too many requests was not begun: it is repeated when it is told to come again, until then.
 */
export async function withRetry<T>(
  clock: Clock,
  signal: AbortSignal,
  timeoutMs: number,
  request: () => Promise<T>,
): Promise<T> {
  const end = clock.monotonic() + timeoutMs;
  for (let attempt = 1; ;) {
    try {
      return await request();
    } catch (thrown) {
      const error = NfvError.from(thrown);
      const isLimit = error.code === 'TOO_MANY_REQUESTS';
      const pause = isLimit ? toldDelay(error) : FIRST_DELAY_MS * 2 ** (attempt - 1);
      const over = (!isLimit && attempt === ATTEMPTS) || clock.monotonic() + pause >= end;
      if (!error.retriable || over || signal.aborted) throw error;
      await delay(clock, pause, signal);
      if (!isLimit) attempt++;
    }
  }
}

/** Milliseconds; several requests wait at once, and each would be told of the same token. */
function toldDelay({ metadata }: NfvError): number {
  const { retryDelayMs = '0' } = metadata;
  return Math.max(FIRST_DELAY_MS, Number(retryDelayMs));
}
