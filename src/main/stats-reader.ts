import type { ReadStats } from '../dataplane/vpp/ports/port-counters.js';
import type { Clock } from '../model/clock.js';
import type { InterfaceCounters } from '../vpp-api/stats/counters.js';

/** What of VppStats is asked. */
export interface InterfaceStats {
  interfaces(): Promise<readonly InterfaceCounters[]>;
}

/**
 * Opened when somebody asks: most agents are never asked. Once open it is kept, whatever its answers: it
 * looks for another VPP itself, and knows of attempts at one that hangs, each of which holds a thread.
 */
export function openedOnce<T>(open: () => Promise<T>): () => Promise<T> {
  let opening: Promise<T> | undefined;
  return async () => {
    opening ??= open().catch((thrown: unknown) => {
      // The library may be installed by the next time.
      opening = undefined;
      throw thrown;
    });
    return await opening;
  };
}

/** What VPP's interfaces have counted; see `openedOnce`. */
export function statsReader(open: () => Promise<InterfaceStats>): ReadStats {
  const opened = openedOnce(open);
  return async () => await (await opened()).interfaces();
}

/** A scrape waits no longer for VPP's heartbeat, in milliseconds. */
const HEARTBEAT_MS = 1000;

/** @returns undefined from it: the heartbeat cannot be read, or not in time; one attempt is made at a time */
export function heartbeatReader(
  open: () => Promise<{ heartbeat(): Promise<number> }>,
  clock: Pick<Clock, 'after'>,
): () => Promise<number | undefined> {
  let reading: Promise<number | undefined> | undefined;
  const read = async (): Promise<number | undefined> => {
    try {
      return await (await open()).heartbeat();
    } catch {
      // That there is none is what is told.
      return undefined;
    } finally {
      reading = undefined;
    }
  };
  return async () => {
    let cancel = (): void => undefined;
    const late = new Promise<undefined>((resolve) => {
      cancel = clock.after(HEARTBEAT_MS, () => {
        resolve(undefined);
      });
    });
    reading ??= read();
    try {
      return await Promise.race([reading, late]);
    } finally {
      cancel();
    }
  };
}
