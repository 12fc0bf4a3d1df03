import { NfvError } from '../errors.js';
import { delay, type Clock } from '../model/clock.js';

const ATTEMPTS = 5;
const FIRST_DELAY_MS = 200;

/** Of all requests of a command, some of which are sent at once. */
export interface Progress {
  /** When one of them was answered last, of the monotonic clock; whatever the answer, a limit let it pass. */
  answeredAt: number;
}

export const noProgress = (): Progress => ({ answeredAt: -Infinity });

/**
 * Repeats a request that may be repeated while its error says that this may help: four times at
 * most, after 0.2, 0.4, 0.8 and 1.6 s, and not beyond `timeoutMs` from the first. What is refused because of
 * too many requests was not begun: it is repeated when it is told to come again, until nothing of the same command
 * was let through for `timeoutMs`.
 */
export async function withRetry<T>(
  clock: Clock,
  signal: AbortSignal,
  timeoutMs: number,
  request: () => Promise<T>,
  progress = noProgress(),
): Promise<T> {
  const start = clock.monotonic();
  let failures = 0;
  for (;;) {
    try {
      const answer = await request();
      progress.answeredAt = clock.monotonic();
      return answer;
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (!error.retriable) progress.answeredAt = clock.monotonic();
      const told = toldDelay(error);
      const pause = told ?? FIRST_DELAY_MS * 2 ** failures++;
      const since = told === undefined ? start : Math.max(start, progress.answeredAt);
      const over = failures === ATTEMPTS || clock.monotonic() + pause >= since + timeoutMs;
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
