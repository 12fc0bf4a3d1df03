import { clip } from '../../errors.js';
import {
  DATAPLANE_SESSIONS,
  FEATURE_STATES,
  MAX_FEATURES,
  MAX_PLUGINS,
  MAX_PROBLEMS,
  type DataplaneStatus,
} from '../../model/dataplane-status.js';
import type {
  DataplaneStatus as Wire,
  DataplaneStatus__Output as WireOut,
} from '../gen/nfv/v1/DataplaneStatus.js';
import { EnumTable, fromTimestamp, toTimestamp } from './common.js';
import { bounded } from './limits.js';

const SESSIONS = new EnumTable(DATAPLANE_SESSIONS, {
  CONNECTED: 'SESSION_CONNECTED',
  DEGRADED: 'SESSION_DEGRADED',
  LOST: 'SESSION_LOST',
} as const);

const STATES = new EnumTable(FEATURE_STATES, {
  OK: 'STATE_OK',
  MISSING: 'STATE_MISSING',
  CHANGED: 'STATE_CHANGED',
} as const);

/** Characters of a text for people, and of a name. */
const MAX_TEXT = 500;
const MAX_NAME = 128;

/** @throws NfvError PROTOCOL_VIOLATION if there is more in it than there may be */
export function dataplaneStatusFromWire(wire: WireOut): DataplaneStatus {
  return {
    session: SESSIONS.fromWire('session', wire.session),
    since: fromTimestamp(wire.since),
    reasonCode: clip(wire.reason_code, MAX_NAME),
    reason: clip(wire.reason, MAX_TEXT),
    restarts: wire.restarts,
    boot: clip(wire.boot, MAX_NAME),
    features: bounded('features', wire.features, MAX_FEATURES).map((feature) => ({
      name: clip(feature.name, MAX_NAME),
      state: STATES.fromWire('features.state', feature.state),
      problems: bounded('problems', feature.problems, MAX_PROBLEMS).map((name) =>
        clip(name, MAX_NAME),
      ),
    })),
    plugins: bounded('plugins', wire.plugins, MAX_PLUGINS).map(({ name, version }) => ({
      name: clip(name, MAX_NAME),
      version: clip(version, MAX_NAME),
    })),
  };
}

export function dataplaneStatusToWire(status: DataplaneStatus): Wire {
  return {
    session: SESSIONS.toWire(status.session),
    since: toTimestamp(status.since),
    reason_code: status.reasonCode,
    reason: status.reason,
    restarts: status.restarts,
    boot: status.boot,
    features: status.features.map(({ name, state, problems }) => ({
      name,
      state: STATES.toWire(state),
      problems: [...problems],
    })),
    plugins: status.plugins.map(({ name, version }) => ({ name, version })),
  };
}
