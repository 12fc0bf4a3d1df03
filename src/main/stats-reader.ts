import type { ReadStats } from '../dataplane/vpp/port-counters.js';
import type { InterfaceCounters } from '../vpp-api/stats/counters.js';

/** What of VppStats is asked. */
export interface InterfaceStats {
  interfaces(): Promise<readonly InterfaceCounters[]>;
}

/**
 * Opened when somebody asks: most agents are never asked. Once open it is kept, whatever its answers: it
 * looks for another VPP itself, and knows of attempts at one that hangs, each of which holds a thread.
 */
export function statsReader(open: () => Promise<InterfaceStats>): ReadStats {
  let opening: Promise<InterfaceStats> | undefined;
  return async () => {
    opening ??= open().catch((thrown: unknown) => {
      // The library may be installed by the next time.
      opening = undefined;
      throw thrown;
    });
    return await (await opening).interfaces();
  };
}
