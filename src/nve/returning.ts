/** How an NVE comes back to an earlier replica of its NVA, so that all have their own again. */
import type { Clock } from '../model/clock.js';

export interface Returning {
  /** Milliseconds with a later one, before it looks for an earlier. */
  readonly afterMs: number;
  /** @param replica by its place in the order. @throws NfvError that it is not there */
  reach(replica: number, signal: AbortSignal): Promise<void>;
}

/** How long a replica may take to be reached, in milliseconds. */
const REACH_MS = 2000;

/** The first of those before `current` that is there; the rest is not asked. */
export async function earlierReplica(
  returning: Pick<Returning, 'reach'>,
  current: number,
  clock: Pick<Clock, 'after'>,
  isOver: () => boolean,
): Promise<number | undefined> {
  for (let replica = 0; replica < current && !isOver(); replica++) {
    const late = new AbortController();
    const cancel = clock.after(REACH_MS, () => {
      late.abort();
    });
    const isThere = await returning.reach(replica, late.signal).then(
      () => true,
      // The session that there is goes on; it is looked for again.
      () => false,
    );
    cancel();
    if (isThere) return replica;
  }
  return undefined;
}
