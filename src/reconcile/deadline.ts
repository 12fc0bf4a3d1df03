import { NfvError } from '../errors.js';
import type { Clock } from '../model/clock.js';

/** How long work may go on after its signal, in ms. */
const GRACE_MS = 1000;

export interface Deadline {
  readonly clock: Pick<Clock, 'after' | 'monotonic'>;
  readonly ms: number;
  /** For people. */
  readonly what: string;
  /** Ends the work earlier. */
  readonly signal: AbortSignal;
  /** When the work got on last, on the clock: it has `ms` from then. Absent: it has `ms` in all. */
  readonly since?: () => number;
}

/**
 * Does `work`, whose own signal ends it when that of the deadline does or its time is over. What does
 * not heed its signal is given up a second later.
 * @throws NfvError DATAPLANE_TIMEOUT; the reason of `signal`; whatever `work` throws.
 */
export async function withDeadline<T>(
  deadline: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { clock, signal } = deadline;
  signal.throwIfAborted();
  const controller = new AbortController();
  let cancelTimer = (): void => undefined;
  const givenUp = new Promise<never>((_resolve, reject) => {
    controller.signal.addEventListener('abort', () => {
      cancelTimer();
      cancelTimer = clock.after(GRACE_MS, () => {
        reject(reasonOf(controller.signal));
      });
    });
  });
  const end = (): void => {
    controller.abort(reasonOf(signal));
  };
  signal.addEventListener('abort', end, { once: true });
  const beganAt = clock.monotonic();
  const check = (): void => {
    const since = Math.max(beganAt, deadline.since?.() ?? beganAt);
    const left = Math.ceil(since + deadline.ms - clock.monotonic());
    if (left > 0) cancelTimer = clock.after(left, check);
    else controller.abort(timeout(deadline));
  };
  cancelTimer = clock.after(deadline.ms, check);
  try {
    return await Promise.race([work(controller.signal), givenUp]);
  } catch (error) {
    throw controller.signal.aborted ? reasonOf(controller.signal) : error;
  } finally {
    signal.removeEventListener('abort', end);
    cancelTimer();
  }
}

function timeout({ what, ms, since }: Deadline): NfvError {
  const text = since === undefined ? 'no answer within' : 'nothing got on for';
  return new NfvError('DATAPLANE_TIMEOUT', `${what}: ${text} ${ms} ms`);
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted');
}
