/** The course of a migration: statemachine/migration on stored records. Pure. */
import { transition } from 'xstate';
import { timestamp } from '../../model/clock.js';
import { currentMigration, type PlacedEndpoint } from '../../model/migration.js';
import type { Migration, MigrationLaggard } from '../../model/endpoint.js';
import type { MigrationPhase } from '../../model/migration-phase.js';
import { migrationMachine, type MigrationEvent } from '../../statemachine/migration.js';

/** A guest that is moved by somebody else takes its time. */
const HOLD_MS = 24 * 3_600_000;

/** What the driver sees of a migration. */
export function eventOf(
  { phase, deadline }: Migration,
  laggards: readonly MigrationLaggard[],
  now: number,
): MigrationEvent | undefined {
  // It waits for somebody, not for NVEs.
  if (phase !== 'ASSOCIATED' && laggards.length === 0) return { type: 'APPLIED' };
  return now >= Date.parse(deadline) ? { type: 'TIME_UP' } : undefined;
}

/**
 * The endpoint after an event; undefined: nothing comes of it.
 * @param now milliseconds since the epoch
 * @param laggards with TIME_UP: whom it was waiting for
 */
export function step(
  endpoint: PlacedEndpoint,
  event: MigrationEvent,
  now: number,
  laggards: readonly MigrationLaggard[] = [],
): PlacedEndpoint | undefined {
  const moving = currentMigration(endpoint);
  if (moving === undefined) return undefined;
  const { hold, released, reasonCode } = moving;
  const context = { hold, released, failed: reasonCode !== '' };
  const before = migrationMachine.resolveState({ value: moving.phase, context });
  const [{ value: phase }] = transition(migrationMachine, before, event);
  if (phase === moving.phase) return undefined;
  const migration: Migration = {
    ...moving,
    phase,
    deadline: timestamp(now + timeOf(phase, moving)),
    ...(event.type === 'TIME_UP' && reasonCode === '' ? whyOf(moving, laggards) : {}),
  };
  if (phase !== 'FINISHED') return { ...endpoint, migration };
  return { ...endpoint, nve: moving.target, port: moving.port, migration };
}

/** Milliseconds. */
function timeOf(phase: MigrationPhase, { timeoutMs }: Migration): number {
  switch (phase) {
    case 'ASSOCIATED':
      return HOLD_MS;
    case 'FINISHED':
    case 'CANCELLED':
    case 'FAILED':
      return 0;
    default:
      return timeoutMs;
  }
}

function whyOf(
  { phase }: Migration,
  laggards: readonly MigrationLaggard[],
): Pick<Migration, 'reasonCode' | 'reason'> {
  const names = laggards.map(({ nve, code, reason }) => `nves/${nve}: ${reason} (${code})`);
  const whom = names.length === 0 ? 'nobody finished it' : names.join('; ');
  return {
    reasonCode: 'MIGRATION_TIMED_OUT',
    reason: `still ${phase} when its time was up: ${whom}`,
  };
}
