/** What can be read off an NVA at a moment: for metrics and for `nfvctl top`. */
import type { ItemCounts } from '../model/nve.js';
import type { DurationSummary, NvaStatistics, NveStatistics } from '../model/observation.js';
import type { CompileCounters } from './compiler/counters.js';
import type { Connected } from './sessions/sessions.js';
import { sessionStanding } from './statuses/session-standing.js';

export interface NvaReading extends NvaStatistics {
  /** Of more than 10,000 attachments under way, those whose time nobody will know. */
  readonly attachesGivenUp: number;
  /** Statuses that wait to be written, by collection. */
  readonly statusesWaiting: ReadonlyMap<string, number>;
  readonly compiles: Readonly<CompileCounters>;
}

const NO_ITEMS: ItemCounts = { wanted: 0, applied: 0, failed: 0 };

/** How far an NVE is, and since when. */
export interface Lag {
  readonly revisions: number;
  readonly ms: number;
}

/** What is read of one NVE; undefined: it has no session here. */
export function readNve(
  nve: string,
  connected: Connected | undefined,
  more: {
    readonly elsewhere: boolean;
    /** It was found dead. */
    readonly dead: boolean;
    readonly lag: Lag;
    readonly itemRate: number;
    readonly attach: DurationSummary;
  },
): NveStatistics {
  const common = {
    nve,
    lagRevisions: more.lag.revisions,
    lagMs: more.lag.ms,
    itemRate: more.itemRate,
    attach: more.attach,
  };
  if (connected === undefined) {
    const away = more.dead ? 'DEAD' : 'DISCONNECTED';
    const state = more.elsewhere ? 'ELSEWHERE' : away;
    const none = { pendingItems: 0, deltasInFlight: 0, items: NO_ITEMS, driftedItems: 0 };
    return { ...common, ...none, state };
  }
  const { session, driftedCount: driftedItems } = connected;
  const { pendingItems, deltasInFlight } = session.queues;
  const { counts: items } = session.progress;
  const { state } = sessionStanding(connected);
  return { ...common, pendingItems, deltasInFlight, items, driftedItems, state };
}
