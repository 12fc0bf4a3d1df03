/** Endpoints come to a host only when it is prepared. */
import type { ReadDoors } from '../../host/doors.js';
import { delay, type Clock } from '../../model/clock.js';
import type { Log } from '../../model/log.js';
import { readHostState } from './read-state.js';

/** Milliseconds between two looks. */
const LOOK_MS = 1000;

export interface AwaitReadyOptions {
  readonly doors: ReadDoors;
  /** Where the journal of host preparation is. */
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

/**
 * Settles when this host was prepared since its last boot, and that is confirmed.
 * @throws NfvError JOURNAL_DAMAGED, FILE_UNREADABLE; what the signal was fired with
 */
export async function awaitHostReady(
  { doors, stateDir, clock, log }: AwaitReadyOptions,
  signal: AbortSignal,
): Promise<void> {
  let told: string | undefined;
  for (;;) {
    const { state, ready } = await readHostState(
      { doors, stateDir, nva: [], now: clock.now() },
      false,
      signal,
    );
    if (ready) {
      if (told !== undefined) log.info({ stateDir }, 'the host is prepared');
      return;
    }
    if (told !== state) log.warn({ state, stateDir }, 'waiting until the host is prepared');
    told = state;
    await delay(clock, LOOK_MS, signal);
  }
}
