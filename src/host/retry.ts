import { explained, meaningOfError, type Operation } from './kernel-answers.js';
import { pause } from './poll.js';
import type { Timers } from './timers.js';

export interface Attempts {
  readonly attempts: number;
  readonly everyMs: number;
}

/**
 * Does `work` again while the kernel's answer says that this helps.
 * @throws the last error, with what it means
 */
export async function withRetries<T>(
  timers: Timers,
  signal: AbortSignal,
  operation: Operation,
  driver: string | undefined,
  { attempts, everyMs }: Attempts,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const retry = meaningOfError(operation, error, driver)?.verdict === 'retry';
      if (!retry || attempt >= attempts) throw explained(operation, error, driver);
    }
    await pause(timers, everyMs, signal);
  }
}
