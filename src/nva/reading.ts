/** What can be read off an NVA at a moment: for metrics and for `nfvctl top`. */
import type { ItemCounts, NveState } from '../model/nve.js';
import type { CompileCounters } from './compiler/counters.js';
import type { DurationSummary } from './durations.js';
import type { Connected } from './sessions.js';

export interface NveReading {
  readonly nve: string;
  /** ELSEWHERE: its session is with another replica, which can tell more. */
  readonly state: NveState | 'ELSEWHERE';
  /** Revisions from the first that it lacks something of to now; 0: it lacks nothing. */
  readonly lagRevisions: number;
  /** Milliseconds since that one was committed. */
  readonly lagMs: number;
  /** Changes of items that wait to be sent. */
  readonly pendingItems: number;
  /** Deltas that the NVE has not stored yet. */
  readonly deltasInFlight: number;
  /** Of an NVE without a session here all are 0. */
  readonly items: ItemCounts;
  readonly driftedItems: number;
  /** From the commit of an endpoint to this NVE having applied what it means there. */
  readonly attach: DurationSummary;
}

export interface NvaReading {
  /** Of the store, as far as it is compiled. */
  readonly revision: number;
  /** Ordered by id. */
  readonly nves: readonly NveReading[];
  /** Calls of Watch and WatchEvents under way. */
  readonly watchers: number;
  /** Endpoints that have not been applied by all their NVEs. */
  readonly attachesUnderWay: number;
  /** Of more than 10,000 such, those whose time nobody will know. */
  readonly attachesGivenUp: number;
  /** Statuses that wait to be written, by collection. */
  readonly statusesWaiting: ReadonlyMap<string, number>;
  readonly compiles: Readonly<CompileCounters>;
  /** As those of the NVEs, to the last of them. */
  readonly attach: DurationSummary;
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
  more: { readonly elsewhere: boolean; readonly lag: Lag; readonly attach: DurationSummary },
): NveReading {
  const common = {
    nve,
    lagRevisions: more.lag.revisions,
    lagMs: more.lag.ms,
    attach: more.attach,
  };
  if (connected === undefined) {
    const state = more.elsewhere ? 'ELSEWHERE' : 'DISCONNECTED';
    const none = { pendingItems: 0, deltasInFlight: 0, items: NO_ITEMS, driftedItems: 0 };
    return { ...common, ...none, state };
  }
  const { session, driftedCount: driftedItems } = connected;
  const { pendingItems, deltasInFlight } = session.queues;
  const { counts: items, idle } = session.progress;
  const state = items.failed > 0 ? 'DEGRADED' : idle ? 'IN_SYNC' : 'SYNCING';
  return { ...common, pendingItems, deltasInFlight, items, driftedItems, state };
}
