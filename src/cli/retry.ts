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
  let failures = 0;
  for (;;) {
    try {
      return await request();
    } catch (thrown) {
      const error = NfvError.from(thrown);
      const told = toldDelay(error);
      const pause = told ?? FIRST_DELAY_MS * 2 ** failures++;
      const over = failures === ATTEMPTS || clock.monotonic() + pause >= end;
      if (!error.retriable || over || signal.aborted) throw error;
      await delay(clock, pause, signal);
    }
  }
}

/** Milliseconds until a limit lets the next one pass; undefined: nothing is told of that. */
function toldDelay({ code, metadata: { retryDelayMs } }: NfvError): number | undefined {
  if (code !== 'TOO_MANY_REQUESTS' || retryDelayMs === undefined) return undefined;
  // Several requests wait at once, and each is told of the same token.
  return Math.max(FIRST_DELAY_MS, Number(retryDelayMs));
}
