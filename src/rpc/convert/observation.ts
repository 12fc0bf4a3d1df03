/** Statistics and events on the wire. */
import {
  EVENT_KINDS,
  SESSION_STATES,
  type DurationSummary,
  type EventKind,
  type NvaEvent,
  type NvaStatistics,
  type NveStatistics,
} from '../../model/observation.js';
import { formatName, requireName } from '../../model/names.js';
import type { DurationSummary__Output } from '../gen/nfv/v1/DurationSummary.js';
import type {
  GetStatisticsResponse,
  GetStatisticsResponse__Output,
} from '../gen/nfv/v1/GetStatisticsResponse.js';
import type {
  NveStatistics as WireNve,
  NveStatistics__Output as WireNveOut,
} from '../gen/nfv/v1/NveStatistics.js';
import type {
  WatchEventsResponse,
  WatchEventsResponse__Output,
} from '../gen/nfv/v1/WatchEventsResponse.js';
import { EnumTable, fromInteger, fromTimestamp, toTimestamp } from './common.js';

export const KINDS = new EnumTable<EventKind, `EVENT_KIND_${EventKind}`>(EVENT_KINDS, {
  CREATED: 'EVENT_KIND_CREATED',
  UPDATED: 'EVENT_KIND_UPDATED',
  DELETED: 'EVENT_KIND_DELETED',
  NVE_CONNECTED: 'EVENT_KIND_NVE_CONNECTED',
  NVE_LOST: 'EVENT_KIND_NVE_LOST',
  APPLY_FAILED: 'EVENT_KIND_APPLY_FAILED',
  DRIFT: 'EVENT_KIND_DRIFT',
  DUPLICATE: 'EVENT_KIND_DUPLICATE',
  ADDRESS_MOVED: 'EVENT_KIND_ADDRESS_MOVED',
  MISSED: 'EVENT_KIND_MISSED',
});

type State = NveStatistics['state'];

const STATES = new EnumTable<State, `STATE_${State}`>(SESSION_STATES, {
  SYNCING: 'STATE_SYNCING',
  IN_SYNC: 'STATE_IN_SYNC',
  DEGRADED: 'STATE_DEGRADED',
  DISCONNECTED: 'STATE_DISCONNECTED',
  ELSEWHERE: 'STATE_ELSEWHERE',
  DEAD: 'STATE_DEAD',
});

export function statisticsToWire(of: NvaStatistics): GetStatisticsResponse {
  return {
    revision: of.revision,
    watchers: of.watchers,
    attaches_open: of.attachesUnderWay,
    change_rate: of.changeRate,
    attach: of.attach,
    nves: of.nves.map(nveToWire),
    silent_replicas: of.silent.map(({ address, code, reason }) => ({ address, code, reason })),
  };
}

export function nveToWire(of: NveStatistics): WireNve {
  return {
    nve: formatName('nves', of.nve),
    state: STATES.toWire(of.state),
    lag_revisions: of.lagRevisions,
    lag_ms: of.lagMs,
    pending_items: of.pendingItems,
    deltas_in_flight: of.deltasInFlight,
    items: of.items,
    drifted_items: of.driftedItems,
    item_rate: of.itemRate,
    attach: of.attach,
  };
}

export function statisticsFromWire(wire: GetStatisticsResponse__Output): NvaStatistics {
  return {
    revision: fromInteger('revision', wire.revision),
    watchers: wire.watchers,
    attachesUnderWay: wire.attaches_open,
    changeRate: wire.change_rate,
    attach: summaryFromWire(wire.attach),
    nves: wire.nves.map(nveFromWire),
    silent: wire.silent_replicas.map(({ address, code, reason }) => ({ address, code, reason })),
  };
}

export function nveFromWire(wire: WireNveOut): NveStatistics {
  const { wanted = 0, applied = 0, failed = 0 } = wire.items ?? {};
  return {
    nve: requireName('nves', wire.nve),
    state: STATES.fromWire('state', wire.state),
    lagRevisions: fromInteger('lag_revisions', wire.lag_revisions),
    lagMs: wire.lag_ms,
    pendingItems: wire.pending_items,
    deltasInFlight: wire.deltas_in_flight,
    items: { wanted, applied, failed },
    driftedItems: wire.drifted_items,
    itemRate: wire.item_rate,
    attach: summaryFromWire(wire.attach),
  };
}

function summaryFromWire(wire: DurationSummary__Output | null): DurationSummary {
  const { count = 0, p50 = 0, p90 = 0, p99 = 0, max = 0 } = wire ?? {};
  return { count, p50, p90, p99, max };
}

export function eventToWire(event: NvaEvent): WatchEventsResponse {
  const { sequence, time, kind, resource, tenant = '', who, nve, revision, code, message } = event;
  return {
    ...{ sequence, resource, tenant, who, revision, code, message, replica: event.replica },
    time: toTimestamp(time),
    kind: KINDS.toWire(kind),
    nve: nve === '' ? '' : formatName('nves', nve),
    trace_id: event.traceId,
  };
}

export function eventFromWire(wire: WatchEventsResponse__Output): NvaEvent {
  const { resource, tenant, who, code, message, replica } = wire;
  return {
    ...{ resource, tenant, who, code, message, replica },
    sequence: fromInteger('sequence', wire.sequence),
    time: fromTimestamp(wire.time),
    kind: KINDS.fromWire('kind', wire.kind),
    nve: wire.nve === '' ? '' : requireName('nves', wire.nve),
    revision: fromInteger('revision', wire.revision),
    traceId: wire.trace_id,
  };
}
