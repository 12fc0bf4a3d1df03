import type { NfvError } from '../../errors.js';
import type { Timers } from '../timers.js';
import type { Transport } from '../transport/transport.js';
import type { SchemaFallback } from './bind.js';
import type { SchemaSource } from './binding.js';
import type { Boot } from './boot.js';
import { bundled, installed } from './fallbacks.js';

/** What becomes of the connection, told when it happens. */
export type SessionEvent =
  /**
   * Calls are taken. `restarted`: VPP is not the one of the connection before, so whatever it
   * numbered then (interface indices, message ids) is void; also for the first connection.
   */
  | {
      readonly kind: 'ready';
      readonly boot: Boot;
      readonly restarted: boolean;
      readonly schema: SchemaSource;
      /** Why definitions that were preferred to these are of no use; undefined: there were none. */
      readonly passedOver: NfvError | undefined;
    }
  /** VPP owes answers and says nothing. Calls are still taken. */
  | { readonly kind: 'degraded' }
  | { readonly kind: 'recovered' }
  /**
   * The connection is over (`wasOpen`), or an attempt failed; it is tried again. Not told of an end
   * that `close` brought about.
   */
  | { readonly kind: 'lost'; readonly error: NfvError; readonly wasOpen: boolean };

export interface VppClientOptions {
  readonly transport: Transport;
  readonly timers: Timers;
  /**
   * Definitions for a VPP that does not give its own, in order of preference; default: those that
   * are installed in /usr/share/vpp/api, then those of the product's own messages.
   */
  readonly fallbacks?: readonly SchemaFallback[];
  /** What it throws is an uncaught exception. */
  readonly onSession?: (event: SessionEvent) => void;
  /** Is told of every call when it is made. */
  readonly onCall?: CallObserver;
  /** 0 to 1, for jitter. */
  readonly random?: () => number;
  /** Milliseconds to an answer, where the call says nothing else; default 10,000. */
  readonly deadlineMs?: number;
  /** Calls that VPP owes an answer at a time; default 2,048. */
  readonly window?: number;
  /** Calls that wait for their turn behind those; default 65,536. */
  readonly maxWaiting?: number;
  /** Bytes of the calls that wait; default 64 MiB. */
  readonly maxWaitingBytes?: number;
  /** Details that `dump` collects; default 1,000,000. */
  readonly maxDetails?: number;
  /** Milliseconds of the first wait for another attempt, and of the longest; default 100, 5,000. */
  readonly retry?: { readonly initialMs: number; readonly maxMs: number };
  /** Milliseconds to learn VPP's messages; default 15,000. */
  readonly bindMs?: number;
  /** Milliseconds between two looks at whether VPP is slow; default 1,000. */
  readonly probeMs?: number;
  /** Milliseconds of silence, with answers owed, from which on it is; default 2,000. */
  readonly slowMs?: number;
}

/** What it answers with is told how the call ended. Neither may throw. */
export type CallObserver = (message: string) => (error: NfvError | undefined) => void;

export type Settings = Required<Omit<VppClientOptions, 'onCall'>> &
  Pick<VppClientOptions, 'onCall'>;

export function withDefaults(options: VppClientOptions): Settings {
  return {
    fallbacks: [installed(), bundled()],
    onSession: () => undefined,
    random: Math.random,
    deadlineMs: 10_000,
    window: 2_048,
    maxWaiting: 65_536,
    maxWaitingBytes: 64 * 1024 * 1024,
    maxDetails: 1_000_000,
    retry: { initialMs: 100, maxMs: 5_000 },
    bindMs: 15_000,
    probeMs: 1_000,
    slowMs: 2_000,
    ...options,
  };
}
