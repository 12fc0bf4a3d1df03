/**
 * Moving an endpoint from one NVE to another, make before break (RFC 8394 §3.2: associated at the
 * target before it is activated there). No I/O: what a state means to the NVEs is the compiler's
 * (model/migration.ts), and the events come from nva/migration-driver.ts and from the API. Each event
 * is about the very state that it comes in.
 */
import { setup } from 'xstate';
import { typed } from './typed.js';

export interface MigrationInput {
  /** It stays associated until FINISH, and does not go back by itself once it was switched. */
  readonly hold: boolean;
  /** FINISH has come. */
  readonly released: boolean;
  /** It goes back because NVEs lagged. */
  readonly failed: boolean;
}

export type MigrationEvent =
  /** All NVEs concerned have applied what the state means to them. */
  | { readonly type: 'APPLIED' }
  /** They have not, and the time is up. */
  | { readonly type: 'TIME_UP' }
  | { readonly type: 'FINISH' }
  | { readonly type: 'CANCEL' };

export const migrationMachine = setup({
  types: {
    context: typed<MigrationInput>(),
    events: typed<MigrationEvent>(),
    input: typed<MigrationInput>(),
  },
  guards: {
    mayGoOn: ({ context }) => !context.hold || context.released,
    goesBackByItself: ({ context }) => !context.hold,
    failed: ({ context }) => context.failed,
  },
}).createMachine({
  id: 'migration',
  context: ({ input }) => input,
  initial: 'ASSOCIATING',
  states: {
    ASSOCIATING: {
      description: 'The target gets port, network and mappings; its port is down.',
      on: {
        APPLIED: [{ guard: 'mayGoOn', target: 'ACTIVATING' }, { target: 'ASSOCIATED' }],
        TIME_UP: 'FAILED',
        CANCEL: 'CANCELLED',
      },
    },
    ASSOCIATED: {
      description: 'All is ready at the target; all frames still go to the source.',
      on: { FINISH: 'ACTIVATING', TIME_UP: 'FAILED', CANCEL: 'CANCELLED' },
    },
    ACTIVATING: {
      description: "The target's port comes up; others still send to the source.",
      on: { APPLIED: 'SWITCHING', TIME_UP: 'FAILED', CANCEL: 'CANCELLED' },
    },
    SWITCHING: {
      description: "The mapping leads to the target; the source's port stays until all have it so.",
      on: {
        APPLIED: 'FINISHED',
        TIME_UP: { guard: 'goesBackByItself', target: 'RETURNING' },
        CANCEL: 'RETURNING',
      },
    },
    RETURNING: {
      description:
        "The mapping leads to the source again; the target's port stays until all have it so.",
      on: {
        APPLIED: [{ guard: 'failed', target: 'FAILED' }, { target: 'CANCELLED' }],
        TIME_UP: [{ guard: 'failed', target: 'FAILED' }, { target: 'CANCELLED' }],
      },
    },
    FINISHED: { description: 'The target is its only place.', type: 'final' },
    CANCELLED: {
      description: 'Somebody took it back; the source is its only place.',
      type: 'final',
    },
    FAILED: { description: 'NVEs lagged; the source is its only place.', type: 'final' },
  },
});
