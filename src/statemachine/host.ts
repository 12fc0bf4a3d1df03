/**
 * A host on its way to what its profile asks for. No I/O: what a state does is the runtime's
 * (nve/host/preparation.ts).
 */
import { assign, setup } from 'xstate';
import { typed } from './typed.js';

export interface HostContext {
  /** Steps of the plan at hand. */
  readonly steps: number;
  /** The step that is next, or under way. */
  readonly step: number;
  /** Milliseconds in which it has to be confirmed; undefined: it need not be. */
  readonly confirmMs: number | undefined;
  /** There is a profile that the host should be like. */
  readonly hasProfile: boolean;
  /** What went wrong last; empty: nothing. */
  readonly trouble: string;
  /** The trouble goes away with a boot only. */
  readonly needsReboot: boolean;
}

export type HostEvent =
  /** The host was looked at, and the journal read. */
  | { readonly type: 'NO_PROFILE' }
  | { readonly type: 'AS_WANTED' }
  | { readonly type: 'DRIFTED' }
  /** A change was cut off by a crash: it is gone on with, or taken back. */
  | { readonly type: 'RESUME'; readonly steps: number; readonly step: number }
  | { readonly type: 'TAKE_BACK' }
  /** Applied before a restart of ours; so many milliseconds are left. */
  | { readonly type: 'STILL_UNCONFIRMED'; readonly confirmMs: number }
  | { readonly type: 'PLANNED'; readonly steps: number }
  | { readonly type: 'DISCARD' }
  | { readonly type: 'APPLY'; readonly confirmMs: number | undefined }
  | { readonly type: 'STEP_BEGUN' }
  | { readonly type: 'STEP_MADE' }
  | { readonly type: 'STEP_DONE' }
  | { readonly type: 'VERIFIED' }
  | { readonly type: 'CONFIRM' }
  | { readonly type: 'FAILED'; readonly trouble: string; readonly needsReboot: boolean }
  | { readonly type: 'UNDO' }
  | { readonly type: 'UNDONE'; readonly hasProfile: boolean }
  | { readonly type: 'NOT_RESTORED'; readonly trouble: string }
  | { readonly type: 'LOOK_AGAIN' };

export const hostMachine = setup({
  types: { context: typed<HostContext>(), events: typed<HostEvent>() },
  actions: {
    takePlan: assign(({ event }) =>
      event.type === 'PLANNED' ? { steps: event.steps, step: 0, trouble: '' } : {},
    ),
    takeUp: assign(({ event }) =>
      event.type === 'RESUME' ? { steps: event.steps, step: event.step } : {},
    ),
    takeConfirm: assign(({ event }) => {
      if (event.type === 'STILL_UNCONFIRMED') return { confirmMs: event.confirmMs };
      return event.type === 'APPLY' ? { confirmMs: event.confirmMs, needsReboot: false } : {};
    }),
    takeTrouble: assign(({ event }) => {
      if (event.type === 'FAILED') {
        return { trouble: event.trouble, needsReboot: event.needsReboot };
      }
      return event.type === 'NOT_RESTORED' ? { trouble: event.trouble } : {};
    }),
    nextStep: assign(({ context }) => ({ step: context.step + 1 })),
    haveProfile: assign({ hasProfile: true, confirmMs: undefined }),
    afterUndo: assign(({ event }) =>
      event.type === 'UNDONE' ? { hasProfile: event.hasProfile, confirmMs: undefined } : {},
    ),
  },
  guards: {
    hasSteps: ({ context }) => context.step < context.steps,
    resumesStep: ({ event }) => event.type === 'RESUME' && event.step < event.steps,
    isLast: ({ context }) => context.step + 1 >= context.steps,
    mustConfirm: ({ context }) => context.confirmMs !== undefined,
    needsReboot: ({ context }) => context.needsReboot,
  },
  delays: { confirm: ({ context }) => context.confirmMs ?? 0 },
}).createMachine({
  id: 'host',
  context: {
    steps: 0,
    step: 0,
    confirmMs: undefined,
    hasProfile: false,
    trouble: '',
    needsReboot: false,
  },
  initial: 'discovering',
  states: {
    discovering: {
      on: {
        NO_PROFILE: 'idle',
        AS_WANTED: { target: 'ready', actions: 'haveProfile' },
        DRIFTED: { target: 'drifted', actions: 'haveProfile' },
        RESUME: [
          { guard: 'resumesStep', target: 'applying', actions: 'takeUp' },
          { target: 'verifying', actions: 'takeUp' },
        ],
        STILL_UNCONFIRMED: { target: 'unconfirmed', actions: 'takeConfirm' },
        TAKE_BACK: 'undoing',
      },
    },
    idle: { on: { PLANNED: { target: 'planned', actions: 'takePlan' } } },
    planned: {
      on: {
        APPLY: [
          { guard: 'hasSteps', target: 'applying', actions: 'takeConfirm' },
          { target: 'verifying', actions: 'takeConfirm' },
        ],
        DISCARD: 'discovering',
        PLANNED: { target: 'planned', actions: 'takePlan' },
      },
    },
    applying: {
      initial: 'beginning',
      on: { FAILED: { target: 'undoing', actions: 'takeTrouble' }, UNDO: 'undoing' },
      states: {
        /** The journal is told of the step. */
        beginning: { on: { STEP_BEGUN: 'making' } },
        making: { on: { STEP_MADE: 'readingBack' } },
        readingBack: {
          on: {
            STEP_DONE: [
              { guard: 'isLast', target: '#host.verifying', actions: 'nextStep' },
              { target: 'beginning', actions: 'nextStep' },
            ],
          },
        },
      },
    },
    /** Is the host as the plan was to make it? */
    verifying: {
      on: {
        VERIFIED: [
          { guard: 'mustConfirm', target: 'unconfirmed' },
          { target: 'ready', actions: 'haveProfile' },
        ],
        FAILED: { target: 'undoing', actions: 'takeTrouble' },
      },
    },
    unconfirmed: {
      on: { CONFIRM: { target: 'ready', actions: 'haveProfile' }, UNDO: 'undoing' },
      after: { confirm: 'undoing' },
    },
    ready: {
      on: {
        DRIFTED: 'drifted',
        PLANNED: { target: 'planned', actions: 'takePlan' },
        UNDO: 'undoing',
        LOOK_AGAIN: 'discovering',
      },
    },
    drifted: {
      on: {
        AS_WANTED: 'ready',
        PLANNED: { target: 'planned', actions: 'takePlan' },
        UNDO: 'undoing',
        LOOK_AGAIN: 'discovering',
      },
    },
    undoing: {
      on: {
        UNDONE: [
          { guard: 'needsReboot', target: 'waitingForReboot', actions: 'afterUndo' },
          { target: 'discovering', actions: 'afterUndo' },
        ],
        NOT_RESTORED: { target: 'failed', actions: 'takeTrouble' },
      },
    },
    /** A part of the former state is missing: that comes first. */
    failed: { on: { UNDO: 'undoing' } },
    waitingForReboot: {
      on: {
        PLANNED: { target: 'planned', actions: 'takePlan' },
        LOOK_AGAIN: 'discovering',
      },
    },
  },
});
