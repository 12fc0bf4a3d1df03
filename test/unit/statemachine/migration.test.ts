import assert from 'node:assert/strict';
import { transition } from 'xstate';
import { MIGRATION_PHASES, type MigrationPhase } from '../../../src/model/migration-phase.js';
import {
  migrationMachine,
  type MigrationEvent,
  type MigrationInput,
} from '../../../src/statemachine/migration.js';

type EventType = MigrationEvent['type'];
type Row = Partial<Record<EventType, MigrationPhase>>;
const EVENTS: readonly EventType[] = ['APPLIED', 'TIME_UP', 'FINISH', 'CANCEL'];

const GOES_ON: MigrationInput = { hold: false, released: false, failed: false };
const HOLDS: MigrationInput = { hold: true, released: false, failed: false };
const RELEASED: MigrationInput = { hold: true, released: true, failed: false };
const FAILED: MigrationInput = { hold: false, released: false, failed: true };

/** Without an entry nothing happens. */
const TABLE: readonly [name: string, MigrationInput, Partial<Record<MigrationPhase, Row>>][] = [
  [
    'that goes on by itself',
    GOES_ON,
    {
      ASSOCIATING: { APPLIED: 'ACTIVATING', TIME_UP: 'FAILED', CANCEL: 'CANCELLED' },
      ASSOCIATED: { TIME_UP: 'FAILED', FINISH: 'ACTIVATING', CANCEL: 'CANCELLED' },
      ACTIVATING: { APPLIED: 'SWITCHING', TIME_UP: 'FAILED', CANCEL: 'CANCELLED' },
      SWITCHING: { APPLIED: 'FINISHED', TIME_UP: 'RETURNING', CANCEL: 'RETURNING' },
      RETURNING: { APPLIED: 'CANCELLED', TIME_UP: 'CANCELLED' },
    },
  ],
  [
    'that holds',
    HOLDS,
    {
      ASSOCIATING: { APPLIED: 'ASSOCIATED', TIME_UP: 'FAILED', CANCEL: 'CANCELLED' },
      ASSOCIATED: { TIME_UP: 'FAILED', FINISH: 'ACTIVATING', CANCEL: 'CANCELLED' },
    },
  ],
  [
    'that held and may go on',
    RELEASED,
    {
      ASSOCIATING: { APPLIED: 'ACTIVATING', TIME_UP: 'FAILED', CANCEL: 'CANCELLED' },
      // The guest runs at the target: only who moved it takes it back.
      SWITCHING: { APPLIED: 'FINISHED', CANCEL: 'RETURNING' },
    },
  ],
  ['that goes back', FAILED, { RETURNING: { APPLIED: 'FAILED', TIME_UP: 'FAILED' } }],
];

describe('a migration', () => {
  for (const [name, context, rows] of TABLE) {
    for (const phase of MIGRATION_PHASES) {
      const row = rows[phase];
      if (row === undefined) continue;
      for (const type of EVENTS) {
        const next = row[type] ?? phase;
        it(`${name}, ${phase}: ${type} leads to ${next}`, () => {
          const before = migrationMachine.resolveState({ value: phase, context });
          const [after] = transition(migrationMachine, before, { type });
          assert.equal(after.value, next);
        });
      }
    }
  }

  for (const phase of ['FINISHED', 'CANCELLED', 'FAILED'] as const) {
    it(`is over when it is ${phase}`, () => {
      const before = migrationMachine.resolveState({ value: phase, context: GOES_ON });
      assert.equal(before.status, 'done');
      for (const type of EVENTS) {
        assert.equal(transition(migrationMachine, before, { type })[0].value, phase);
      }
    });
  }
});
