import { NfvError } from '../errors.js';
import type { Clock } from '../model/clock.js';

/** How long work may go on after its signal, in ms. */
const GRACE_MS = 1000;

/**
 * Does `work`, whose own signal ends it when `signal` does or `ms` are over. What does not heed
 * its signal is given up a second later.
 * @throws NfvError DATAPLANE_TIMEOUT; the reason of `signal`; whatever `work` throws.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  what: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const timers = new Set<() => void>();
  const givenUp = new Promise<never>((_resolve, reject) => {
    controller.signal.addEventListener('abort', () => {
      const giveUp = (): void => {
        reject(reasonOf(controller.signal));
      };
      timers.add(clock.after(GRACE_MS, giveUp));
    });
  });
  const end = (): void => {
    controller.abort(reasonOf(signal));
  };
  signal.addEventListener('abort', end, { once: true });
  const message = `${what}: no answer within ${ms} ms`;
  timers.add(
    clock.after(ms, () => {
      controller.abort(new NfvError('DATAPLANE_TIMEOUT', message));
    }),
  );
  try {
    return await Promise.race([work(controller.signal), givenUp]);
  } catch (error) {
    throw controller.signal.aborted ? reasonOf(controller.signal) : error;
  } finally {
    signal.removeEventListener('abort', end);
    for (const cancel of timers) cancel();
  }
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted');
}
