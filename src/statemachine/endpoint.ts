/**
 * A tenant system interface on one NVE (RFC 8394 §3.2, figure 6): nothing there yet, associated
 * (resources reserved, no traffic), activated (traffic passes). No I/O: its events are what the NVE
 * reported as applied (nva/attachments.ts). An endpoint that is being migrated has two.
 */
import { assign, setup } from 'xstate';
import type { AttachmentCause } from '../model/attachment.js';
import { typed } from './typed.js';

export interface EndpointInput {
  /** What brings it to this NVE. */
  readonly cause: AttachmentCause;
  /** With MIGRATE. */
  readonly migrationId: string;
}

interface Context extends EndpointInput {
  /** It has been activated here before, and was paused since. */
  readonly wasActive: boolean;
}

export type EndpointEvent =
  /** The NVE has the port, and lets nothing pass. */
  | { readonly type: 'HELD' }
  /** The NVE has the port, and lets frames pass. */
  | { readonly type: 'FORWARDS' }
  /** The NVE has no such port, or not as it should be. */
  | { readonly type: 'GONE' };

export const endpointMachine = setup({
  types: {
    context: typed<Context>(),
    events: typed<EndpointEvent>(),
    input: typed<EndpointInput>(),
  },
  actions: {
    rememberActive: assign({ wasActive: true }),
    forgetActive: assign({ wasActive: false }),
    takeResume: assign({ cause: 'RESUME' as const }),
  },
  guards: { wasActive: ({ context }) => context.wasActive },
}).createMachine({
  id: 'endpoint',
  context: ({ input }) => ({ ...input, wasActive: false }),
  initial: 'INIT',
  states: {
    INIT: {
      description: 'Its NVE has not reported its port.',
      on: { HELD: 'ASSOCIATED', FORWARDS: 'ACTIVATED' },
    },
    ASSOCIATED: {
      description: 'Its NVE holds port and network for it; no traffic passes.',
      on: {
        FORWARDS: [
          { guard: 'wasActive', target: 'ACTIVATED', actions: 'takeResume' },
          { target: 'ACTIVATED' },
        ],
        GONE: { target: 'INIT', actions: 'forgetActive' },
      },
    },
    ACTIVATED: {
      description: 'Traffic passes.',
      on: {
        HELD: { target: 'ASSOCIATED', actions: 'rememberActive' },
        GONE: { target: 'INIT', actions: 'forgetActive' },
      },
    },
  },
});
