/** Where an endpoint is plugged in, and its migration. */
import type { Attachment, AttachmentCause, AttachmentState } from '../../model/attachment.js';
import type { EndpointStatus } from '../../model/endpoint.js';
import { type MigrationPhase, MIGRATION_PHASES } from '../../model/migration-phase.js';
import { ATTACHMENT_CAUSES, ATTACHMENT_STATES } from '../../model/attachment.js';
import { formatName, requireName } from '../../model/names.js';
import type {
  Attachment as Wire,
  Attachment__Output as WireOut,
} from '../gen/nfv/v1/Attachment.js';
import type {
  Migration as MigrationWire,
  Migration__Output as MigrationOut,
} from '../gen/nfv/v1/Migration.js';
import { EnumTable, fromTimestamp, toTimestamp } from './common.js';
import { durationFromWire, durationToWire } from './duration.js';
import { portFromWire, portToWire } from './port.js';

const STATES = new EnumTable<AttachmentState, `STATE_${AttachmentState}`>(ATTACHMENT_STATES, {
  INIT: 'STATE_INIT',
  ASSOCIATED: 'STATE_ASSOCIATED',
  ACTIVATED: 'STATE_ACTIVATED',
});

const CAUSES = new EnumTable<AttachmentCause, `CAUSE_${AttachmentCause}`>(ATTACHMENT_CAUSES, {
  CREATE: 'CAUSE_CREATE',
  MIGRATE: 'CAUSE_MIGRATE',
  RESUME: 'CAUSE_RESUME',
});

const PHASES = new EnumTable<MigrationPhase, `PHASE_${MigrationPhase}`>(MIGRATION_PHASES, {
  ASSOCIATING: 'PHASE_ASSOCIATING',
  ASSOCIATED: 'PHASE_ASSOCIATED',
  ACTIVATING: 'PHASE_ACTIVATING',
  SWITCHING: 'PHASE_SWITCHING',
  RETURNING: 'PHASE_RETURNING',
  FINISHED: 'PHASE_FINISHED',
  CANCELLED: 'PHASE_CANCELLED',
  FAILED: 'PHASE_FAILED',
});

export function attachmentToWire({ nve, state, cause, migrationId }: Attachment): Wire {
  return {
    nve: formatName('nves', nve),
    state: STATES.toWire(state),
    cause: CAUSES.toWire(cause),
    migration_id: migrationId,
  };
}

export function attachmentFromWire(wire: WireOut): Attachment {
  return {
    nve: requireName('nves', wire.nve),
    state: STATES.fromWire('state', wire.state),
    cause: CAUSES.fromWire('cause', wire.cause),
    migrationId: wire.migration_id,
  };
}

type Of = Pick<EndpointStatus, 'migration' | 'laggards'>;

export function migrationToWire({ migration, laggards }: Of): MigrationWire | null {
  if (migration === undefined) return null;
  const { id, source, target, port, phase, hold, released, force } = migration;
  return {
    id,
    source: formatName('nves', source),
    target: formatName('nves', target),
    port: portToWire(port),
    phase: PHASES.toWire(phase),
    hold,
    released,
    force,
    timeout: durationToWire(migration.timeoutMs),
    start_time: toTimestamp(migration.startTime),
    deadline: toTimestamp(migration.deadline),
    reason_code: migration.reasonCode,
    reason: migration.reason,
    laggards: laggards.map(({ nve, ...why }) => ({ nve: formatName('nves', nve), ...why })),
  };
}

export function migrationFromWire(wire: MigrationOut | null): Of {
  if (wire === null) return { laggards: [] };
  const { id, source, target, port, phase, hold, released, force, timeout } = wire;
  const migration = {
    id,
    source: requireName('nves', source),
    target: requireName('nves', target),
    port: portFromWire('migration.port', port),
    phase: PHASES.fromWire('phase', phase),
    hold,
    released,
    force,
    timeoutMs: durationFromWire(timeout),
    startTime: fromTimestamp(wire.start_time),
    deadline: fromTimestamp(wire.deadline),
    reasonCode: wire.reason_code,
    reason: wire.reason,
  };
  const laggards = wire.laggards.map(({ nve, code, reason }) => ({
    nve: requireName('nves', nve),
    code,
    reason,
  }));
  return { migration, laggards };
}
