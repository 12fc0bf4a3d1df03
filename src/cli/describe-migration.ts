/** Where an endpoint is plugged in, and its migration, as `describe` tells it. Pure. */
import type { EndpointStatus } from '../model/endpoint.js';
import type { AttachmentState } from '../model/attachment.js';
import { isOver, type MigrationPhase } from '../model/migration-phase.js';
import type { Field } from './describe-text.js';
import type { Colour } from './style.js';

const STATES: Record<AttachmentState, Colour> = {
  INIT: 'yellow',
  ASSOCIATED: 'dim',
  ACTIVATED: 'green',
};

const PHASES: Partial<Record<MigrationPhase, Colour>> = { FINISHED: 'green', FAILED: 'red' };

export function attachmentFields({ attachments }: EndpointStatus): Field[] {
  return attachments.map(({ nve, state, cause, migrationId }) => {
    const why = migrationId === '' ? cause : `${cause} ${migrationId}`;
    return [`On ${nve}`, `${state} (${why})`, STATES[state]];
  });
}

/** None: it never migrated. */
export function migrationFields({ migration, laggards }: EndpointStatus): Field[] {
  if (migration === undefined) return [];
  const { id, source, target, phase, reason, reasonCode } = migration;
  return [
    ['Migration', phase, PHASES[phase] ?? 'yellow'],
    ['  Id', id],
    ['  From', source],
    ['  To', target],
    ['  Started', migration.startTime],
    [isOver(phase) ? '  Ended' : '  Deadline', migration.deadline],
    ...(reason === '' ? [] : ([['  Reason', `${reason} (${reasonCode})`]] as const)),
    ...laggards.map((each): Field => [
      '  Waits for',
      `${each.nve}: ${each.reason} (${each.code})`,
      'yellow',
    ]),
  ];
}
