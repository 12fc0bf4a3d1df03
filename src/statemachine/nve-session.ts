/**
 * An agent's session with its NVA, from the first attempt to the last: when to connect, to which
 * replica, and what is next. No I/O: what a state does is the runtime's (nve/session-runner.ts).
 */
import { assign, setup } from 'xstate';
import { typed } from './typed.js';

/** How long to wait between attempts: each time twice as long, with a limit that rises once. */
export interface Waits {
  /** Milliseconds of the first wait. */
  readonly initialMs: number;
  /** Milliseconds of the longest in the first rounds: an NVA that is started again is up soon. */
  readonly soonMs: number;
  readonly soonRounds: number;
  /** Milliseconds of the longest after that. */
  readonly maxMs: number;
}

export interface NveSessionInput extends Waits {
  /** How many replicas of the NVA there are to try, in order of priority; at least 1. */
  readonly replicas: number;
  /** Milliseconds in step with another replica than the first until an earlier one is looked for; 0: never. */
  readonly returnMs: number;
  /** 0 to 1, for the jitter. */
  readonly random: () => number;
}

interface Context extends NveSessionInput {
  /** The replica to try, or in use. */
  readonly replica: number;
  /** Failures since the last session was up. */
  readonly failures: number;
  /** The replica that a session was left for, until the next one is up. */
  readonly leftFor: number | undefined;
  /** Sessions in a row that were left for a replica that did not take us. */
  readonly vain: number;
}

export type NveSessionEvent =
  /** The NVA says that what we hold is what we should. */
  | { readonly type: 'WELCOME_IN_STEP' }
  /** The NVA wants to know what we hold. */
  | { readonly type: 'WELCOME_COMPARE' }
  /** With the delta just stored we hold all that we should. */
  | { readonly type: 'COMPLETE' }
  /** The stream is over, or could not be opened. */
  | { readonly type: 'LOST' }
  /** An earlier replica is there. */
  | { readonly type: 'BETTER'; readonly replica: number }
  | { readonly type: 'STOP' };

/**
 * How long to wait after that many failures: nothing before another replica is tried, then
 * doubling with each round, capped, with a jitter of half.
 */
export function backoffMs({
  replicas,
  failures,
  random,
  ...waits
}: Omit<NveSessionInput, 'returnMs'> & { readonly failures: number }): number {
  const round = Math.floor(failures / replicas);
  if (round === 0 || failures % replicas !== 0) return 0;
  return longestMs(round, waits) * (0.5 + random() / 2);
}

function longestMs(round: number, { initialMs, soonMs, soonRounds, maxMs }: Waits): number {
  const isSoon = round <= soonRounds;
  const [first, times, limit] = isSoon
    ? [initialMs, round - 1, soonMs]
    : [soonMs, round - soonRounds, maxMs];
  return Math.min(limit, first * 2 ** Math.min(times, 30));
}

/** An hour. */
const MAX_RETURN_MS = 3_600_000;

/** Twice as long after each return in vain, capped, with a jitter of half: not all come at once. */
export function returnDelayMs({
  returnMs,
  vain,
  random,
}: Pick<Context, 'returnMs' | 'vain' | 'random'>): number {
  const longest = Math.max(returnMs, MAX_RETURN_MS);
  return Math.min(longest, returnMs * 2 ** Math.min(vain, 30)) * (0.5 + random() / 2);
}

/** Of the session that is up now. */
function vainOf({ replica, leftFor, vain }: Context): number {
  if (leftFor === undefined) return vain;
  return replica <= leftFor ? 0 : vain + 1;
}

const noop = (): void => undefined;

export const nveSessionMachine = setup({
  types: {
    context: typed<Context>(),
    events: typed<NveSessionEvent>(),
    input: typed<NveSessionInput>(),
  },
  actions: {
    /** Opens a stream to the replica and says hello. */
    connect: noop,
    /** Tells the NVA which versions we hold. */
    sendHeldItems: noop,
    /** Tells the NVA what failed so far, and from now on whatever happens. */
    startReporting: noop,
    /** Closes what is left of the stream. */
    disconnect: noop,
    countFailure: assign(({ context }) => ({
      failures: context.failures + 1,
      replica: (context.replica + 1) % context.replicas,
    })),
    countArrival: assign(({ context }) => ({
      ...{ failures: 0, leftFor: undefined },
      vain: vainOf(context),
    })),
    /** Tells whether an earlier replica is there. */
    lookForBetter: noop,
    turnTo: assign((_, { replica }: { readonly replica: number }) => ({
      ...{ replica, leftFor: replica, failures: 0 },
    })),
  },
  guards: {
    isElsewhere: ({ context }) => context.replica > 0 && context.returnMs > 0,
    isEarlier: ({ context }, { replica }: { readonly replica: number }) =>
      replica < context.replica,
  },
  delays: {
    backoff: ({ context }) => backoffMs(context),
    return: ({ context }) => returnDelayMs(context),
  },
}).createMachine({
  id: 'nve-session',
  context: ({ input }) => ({
    ...input,
    ...{ replica: 0, failures: 0, leftFor: undefined, vain: 0 },
  }),
  initial: 'connecting',
  on: { STOP: '.stopped' },
  states: {
    connecting: {
      description: 'A stream to one replica is being opened; hello is said.',
      entry: 'connect',
      on: {
        WELCOME_IN_STEP: { target: 'inStep', actions: 'startReporting' },
        WELCOME_COMPARE: 'comparing',
        LOST: 'waiting',
      },
    },
    comparing: {
      description: 'What is held differs; the NVA learns what, and sends the rest.',
      entry: 'sendHeldItems',
      on: { COMPLETE: { target: 'inStep', actions: 'startReporting' }, LOST: 'waiting' },
    },
    inStep: {
      description: 'All that should be held is, and each change comes as it happens.',
      entry: 'countArrival',
      after: {
        return: {
          guard: 'isElsewhere',
          target: 'inStep',
          reenter: true,
          actions: 'lookForBetter',
        },
      },
      on: {
        LOST: 'waiting',
        BETTER: {
          guard: { type: 'isEarlier', params: ({ event }) => event },
          target: 'connecting',
          actions: ['disconnect', { type: 'turnTo', params: ({ event }) => event }],
        },
      },
    },
    waiting: {
      description: 'The stream is over; the next attempt is due after a while.',
      entry: ['disconnect', 'countFailure'],
      after: { backoff: 'connecting' },
    },
    stopped: {
      description: 'The agent is stopping.',
      entry: 'disconnect',
      type: 'final',
    },
  },
});
