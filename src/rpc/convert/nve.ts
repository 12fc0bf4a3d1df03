import { clip } from '../../errors.js';
import {
  NVE_STATES,
  type Capabilities,
  type Drift,
  type ItemFailure,
  type Nve,
  type NveSpec,
  type NveStatus,
  type Underlay,
} from '../../model/nve.js';
import { formatName, requireName } from '../../model/names.js';
import type {
  Capabilities as WireCapabilities,
  Capabilities__Output as WireCapabilitiesOut,
} from '../gen/nfv/v1/Capabilities.js';
import type { Drift as WireDrift, Drift__Output as WireDriftOut } from '../gen/nfv/v1/Drift.js';
import type { Nve as Wire, Nve__Output as WireOut } from '../gen/nfv/v1/Nve.js';
import type {
  ItemFailure as WireFailure,
  ItemFailure__Output as WireFailureOut,
} from '../gen/nfv/v1/ItemFailure.js';
import type {
  Underlay as WireUnderlay,
  Underlay__Output as WireUnderlayOut,
} from '../gen/nfv/v1/Underlay.js';
import {
  EnumTable,
  fromInteger,
  fromTimestamp,
  namesOfSet,
  toTimestamp,
  type WireType,
} from './common.js';
import { dataplaneStatusFromWire, dataplaneStatusToWire } from './dataplane-status.js';
import { hostStatusFromWire, hostStatusToWire } from './host-status.js';
import { metaFromWire, metaToWire } from './meta.js';

const STATES = new EnumTable(NVE_STATES, {
  NEVER_CONNECTED: 'STATE_NEVER_CONNECTED',
  SYNCING: 'STATE_SYNCING',
  IN_SYNC: 'STATE_IN_SYNC',
  DEGRADED: 'STATE_DEGRADED',
  DISCONNECTED: 'STATE_DISCONNECTED',
  DEAD: 'STATE_DEAD',
} as const);

const MAX_REASON = 500;

const ACTIONS = new EnumTable(['REPAIRED', 'REPORTED', 'FAILED'], {
  REPAIRED: 'ACTION_REPAIRED',
  REPORTED: 'ACTION_REPORTED',
  FAILED: 'ACTION_FAILED',
} as const);

const FIELDS = {
  display_name: 'displayName',
  vtep_addresses: 'vtepAddresses',
  labels: 'labels',
  node_uuid: 'nodeUuid',
} as const satisfies Record<string, keyof NveSpec>;

function setFields(wire: WireOut): string[] {
  const set: Record<keyof typeof FIELDS, boolean> = {
    display_name: wire.display_name !== '',
    vtep_addresses: wire.vtep_addresses.length > 0,
    labels: Object.keys(wire.labels).length > 0,
    node_uuid: wire.node_uuid !== '',
  };
  return namesOfSet(set);
}

function specFromWire(wire: WireOut): NveSpec {
  return {
    displayName: wire.display_name,
    vtepAddresses: wire.vtep_addresses,
    labels: wire.labels,
    nodeUuid: wire.node_uuid,
  };
}

function fromWire(wire: WireOut): Nve {
  return {
    kind: 'Nve',
    id: requireName('nves', wire.name),
    spec: specFromWire(wire),
    status: statusFromWire(wire),
    meta: metaFromWire(wire),
  };
}

function statusFromWire(wire: WireOut): NveStatus {
  return {
    state: STATES.fromWire('state', wire.state),
    reasonCode: wire.reason_code,
    reason: wire.reason,
    ...(wire.capabilities === null
      ? {}
      : { capabilities: capabilitiesFromWire(wire.capabilities) }),
    underlays: wire.underlays.map(underlayFromWire),
    agentVersion: wire.agent_version,
    lastSeenTime: fromTimestamp(wire.last_seen_time),
    itemCounts: wire.item_counts ?? { wanted: 0, applied: 0, failed: 0 },
    appliedRevision: fromInteger('applied_revision', wire.applied_revision),
    failures: wire.failures.map(failureFromWire),
    drifts: wire.drifts.map(driftFromWire),
    driftCount: fromInteger('drift_count', wire.drift_count),
    driftedCount: wire.drifted_count,
    ...(wire.dataplane === null ? {} : { dataplane: dataplaneStatusFromWire(wire.dataplane) }),
    ...(wire.host === null ? {} : { host: hostStatusFromWire(wire.host) }),
  };
}

function specToWire(spec: NveSpec): Wire {
  return {
    display_name: spec.displayName,
    vtep_addresses: [...spec.vtepAddresses],
    labels: { ...spec.labels },
    node_uuid: spec.nodeUuid,
  };
}

function toWire(nve: Nve): Wire {
  const { status, meta } = nve;
  return {
    ...specToWire(nve.spec),
    name: formatName('nves', nve.id),
    state: STATES.toWire(status.state),
    reason_code: status.reasonCode,
    reason: clip(status.reason, MAX_REASON),
    capabilities:
      status.capabilities === undefined ? null : capabilitiesToWire(status.capabilities),
    underlays: status.underlays.map(underlayToWire),
    agent_version: status.agentVersion,
    last_seen_time: toTimestamp(status.lastSeenTime),
    item_counts: status.itemCounts,
    applied_revision: status.appliedRevision,
    failures: status.failures.map(failureToWire),
    drifts: status.drifts.map(driftToWire),
    drift_count: status.driftCount,
    drifted_count: status.driftedCount,
    dataplane: status.dataplane === undefined ? null : dataplaneStatusToWire(status.dataplane),
    host: status.host === undefined ? null : hostStatusToWire(status.host),
    ...metaToWire(meta),
  };
}

export function capabilitiesFromWire(wire: WireCapabilitiesOut): Capabilities {
  return {
    dataplane: wire.dataplane,
    dataplaneVersion: wire.dataplane_version,
    itemKinds: wire.item_kinds,
    encapsulations: wire.encapsulations,
    portKinds: wire.port_kinds,
    bumModes: wire.bum_modes,
    ...(wire.provider_uplinks.length === 0
      ? {}
      : { providers: wire.provider_uplinks.map((each) => ({ ...each })) }),
    ...(wire.sees_addresses ? { seesAddresses: true } : {}),
  };
}

export function capabilitiesToWire(c: Capabilities): WireCapabilities {
  return {
    dataplane: c.dataplane,
    dataplane_version: c.dataplaneVersion,
    item_kinds: [...c.itemKinds],
    encapsulations: [...c.encapsulations],
    port_kinds: [...c.portKinds],
    bum_modes: [...c.bumModes],
    provider_uplinks: (c.providers ?? []).map((each) => ({ ...each })),
    sees_addresses: c.seesAddresses === true,
  };
}

export function underlayFromWire(wire: WireUnderlayOut): Underlay {
  return { address: wire.address, interface: wire.interface, mtu: wire.mtu };
}

export function underlayToWire(u: Underlay): WireUnderlay {
  return { address: u.address, interface: u.interface, mtu: u.mtu };
}

export function failureFromWire(wire: WireFailureOut): ItemFailure {
  return { key: wire.key, code: wire.code, message: wire.message };
}

export function failureToWire(f: ItemFailure): WireFailure {
  return { key: f.key, code: f.code, message: f.message };
}

export function driftFromWire(wire: WireDriftOut): Drift {
  return {
    key: wire.key,
    difference: wire.difference,
    action: ACTIONS.fromWire('action', wire.action),
    time: fromTimestamp(wire.time),
  };
}

export function driftToWire(d: Drift): WireDrift {
  return {
    key: d.key,
    difference: d.difference,
    action: ACTIONS.toWire(d.action),
    time: toTimestamp(d.time),
  };
}

export const NVE: WireType<NveSpec, Nve, Wire, WireOut> = {
  collection: 'nves',
  fields: FIELDS,
  setFields,
  specFromWire,
  specToWire,
  toWire,
  fromWire,
};
