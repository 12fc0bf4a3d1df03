/**
 * A client's session with one VPP, from the first attempt to the last: when to connect, when to
 * take calls, when to say that VPP is slow. No I/O: what a state does is the runtime's
 * (vpp-api/client/session.ts). Slow is `degraded`, in which everything still goes through; only a
 * connection that ended is `lost`.
 */
import { assign, setup } from 'xstate';
import { typed } from './typed.js';

export interface VppSessionInput {
  /** Milliseconds of the first wait; it doubles with each failure in a row up to `maxMs`. */
  readonly initialMs: number;
  readonly maxMs: number;
  /** Milliseconds that binding may take. */
  readonly bindMs: number;
  /** 0 to 1, for the jitter. */
  readonly random: () => number;
}

interface Context extends VppSessionInput {
  /** Failures since the last session that was bound. */
  readonly failures: number;
}

export type VppSessionEvent =
  | { readonly type: 'START' }
  /** VPP accepted the connection. */
  | { readonly type: 'CONNECTED' }
  /** All message ids are known, and which start of VPP this is. */
  | { readonly type: 'BOUND' }
  /** VPP owes answers and says nothing. */
  | { readonly type: 'SLOW' }
  /** VPP said something. */
  | { readonly type: 'RECOVERED' }
  /** The connection is over, or could not be made or bound. */
  | { readonly type: 'LOST' }
  | { readonly type: 'STOP' };

/** How long to wait after that many failures: doubling, capped, with a jitter of half. */
export function vppBackoffMs(context: Context): number {
  const { failures, initialMs, maxMs, random } = context;
  const full = Math.min(maxMs, initialMs * 2 ** Math.min(Math.max(failures - 1, 0), 30));
  return full * (0.5 + random() / 2);
}

const noop = (): void => undefined;

const stop = { target: 'disconnected', actions: ['disconnect', 'forgetFailures'] } as const;

export const vppSessionMachine = setup({
  types: {
    context: typed<Context>(),
    events: typed<VppSessionEvent>(),
    input: typed<VppSessionInput>(),
  },
  actions: {
    /** Makes a connection. */
    connect: noop,
    /** Learns VPP's messages and which start of VPP it is. */
    bind: noop,
    /** Binding took too long: what is going on is called off. */
    giveUpBinding: noop,
    /** Calls are taken from now on. */
    open: noop,
    /** Says that VPP is slow. */
    tellSlow: noop,
    /** Says that it is no longer. */
    tellRecovered: noop,
    /** Ends what is left of the connection and fails the calls that are under way. */
    disconnect: noop,
    countFailure: assign(({ context }) => ({ failures: context.failures + 1 })),
    forgetFailures: assign({ failures: 0 }),
  },
  delays: {
    backoff: ({ context }) => vppBackoffMs(context),
    binding: ({ context }) => context.bindMs,
  },
}).createMachine({
  id: 'vpp-session',
  context: ({ input }) => ({ ...input, failures: 0 }),
  initial: 'disconnected',
  states: {
    disconnected: {
      description: 'Nobody has asked for a connection, or it was closed.',
      on: { START: 'connecting' },
    },
    connecting: {
      description: 'The transport makes a connection.',
      entry: 'connect',
      on: { CONNECTED: 'binding', LOST: 'lost', STOP: stop },
    },
    binding: {
      description: "VPP's messages are learnt, and which start of VPP it is.",
      entry: 'bind',
      on: { BOUND: { target: 'ready', actions: 'open' }, LOST: 'lost', STOP: stop },
      after: { binding: { target: 'lost', actions: 'giveUpBinding' } },
    },
    ready: {
      description: 'Calls are taken.',
      entry: 'forgetFailures',
      on: { SLOW: { target: 'degraded', actions: 'tellSlow' }, LOST: 'lost', STOP: stop },
    },
    degraded: {
      description: 'VPP owes answers and says nothing. Calls are still taken.',
      on: { RECOVERED: { target: 'ready', actions: 'tellRecovered' }, LOST: 'lost', STOP: stop },
    },
    lost: {
      description:
        'The connection is over, or came to nothing; the next attempt is due after a while.',
      entry: ['disconnect', 'countFailure'],
      on: { STOP: stop },
      after: { backoff: 'connecting' },
    },
  },
});
