import { createActor, type ActorRefFrom } from 'xstate';
import { NfvError } from '../../errors.js';
import { MachineClock } from '../../statemachine/machine-clock.js';
import { vppSessionMachine } from '../../statemachine/vpp-session.js';
import type { Fields } from '../codec/codec.js';
import type {
  DetailsOf,
  MessageFields,
  ProductCall,
  ProductDump,
  ReplyOf,
} from '../product-types.js';
import { abortError, refuseAborted } from './abort-watch.js';
import { Binder } from './bind.js';
import type { Binding } from './binding.js';
import type { Boot } from './boot.js';
import type { CallOptions } from './call-options.js';
import { Connection } from './connection.js';
import { Deadlines } from './deadlines.js';
import {
  withDefaults,
  type SessionEvent,
  type Settings,
  type VppClientOptions,
} from './options.js';
import type { Reply } from './reply-call.js';
import type { Session } from './session.js';
import { Subscriptions, type SubscribeOptions, type Subscription } from './subscriptions.js';

/**
 * A name that is only known when the program runs, and so are the fields. One that stands in the code
 * is one of the product's messages, or it does not compile.
 */
type Other<N extends string> = string extends N ? N : never;

export type VppState = 'disconnected' | 'connecting' | 'binding' | 'ready' | 'degraded' | 'lost';

interface ReadyWaiter {
  readonly resolve: () => void;
  readonly reject: (error: NfvError) => void;
}

/**
 * A client of one VPP, whichever it is: it learns that VPP's messages from it, keeps many calls
 * under way on one connection, and connects again for ever when that ends. Without a connection
 * calls fail at once; none is made twice.
 */
export class VppClient {
  readonly #settings: Settings;
  readonly #actor: ActorRefFrom<typeof vppSessionMachine>;
  readonly #binder: Binder;
  readonly #deadlines: Deadlines;
  readonly #subscriptions = new Subscriptions();
  readonly #waiters = new Set<ReadyWaiter>();
  #connection: Connection | undefined;
  /** Where calls go. */
  #session: Session | undefined;
  /** Of the last connection that stood. */
  #lastBoot: Boot | undefined;
  #lastError: NfvError;
  #closed = false;

  constructor(options: VppClientOptions) {
    this.#settings = withDefaults(options);
    const { timers, transport } = this.#settings;
    this.#lastError = new NfvError('VPP_UNREACHABLE', `not connected to ${transport.name} yet`);
    this.#deadlines = new Deadlines(timers);
    this.#binder = new Binder(this.#settings.fallbacks);
    this.#actor = this.#createActor();
  }

  /** Connects, and goes on connecting until `close`. */
  start(): void {
    this.#closed = false;
    this.#actor.start();
    this.#actor.send({ type: 'START' });
  }

  /** Fails what is under way with SHUTTING_DOWN; settles when the connection is gone. */
  async close(): Promise<void> {
    const { name } = this.#settings.transport;
    this.#closed = true;
    this.#lastError = new NfvError('SHUTTING_DOWN', `the client of ${name} is closed`);
    this.#actor.send({ type: 'STOP' });
    this.#subscriptions.close(this.#lastError);
    for (const { reject } of this.#waiters) reject(this.#lastError);
    await this.#connection?.gone;
  }

  get state(): VppState {
    return this.#actor.getSnapshot().value;
  }

  /** Which start of VPP calls go to; undefined: there is no connection. */
  get boot(): Boot | undefined {
    return this.#session?.boot;
  }

  /** The messages of the VPP connected to, with its ids; undefined: there is no connection. */
  get binding(): Binding | undefined {
    return this.#session?.binding;
  }

  /** Calls that VPP owes an answer, and calls that wait for their turn. */
  get queues(): { readonly inFlight: number; readonly waiting: number } {
    const { inFlight = 0, waiting = 0 } = this.#session?.pipeline ?? {};
    return { inFlight, waiting };
  }

  /** Why there is no connection, when there is none. */
  get lastError(): NfvError {
    return this.#lastError;
  }

  /**
   * Settles when calls are taken.
   * @throws NfvError CANCELLED or DEADLINE_EXCEEDED by the signal, SHUTTING_DOWN
   */
  ready(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#session !== undefined) {
        resolve();
        return;
      }
      if (this.#closed) throw this.#lastError;
      refuseAborted('connecting', signal);
      const settle = (): void => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener('abort', abort);
      };
      const waiter: ReadyWaiter = {
        resolve: () => {
          settle();
          resolve();
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const abort = (): void => {
        if (signal !== undefined) waiter.reject(abortError('connecting', signal));
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  /**
   * Asks VPP something that has one reply.
   * @throws NfvError VPP_REFUSED with VPP's return value; VPP_FIELD_INVALID and nothing sent;
   *   VPP_MESSAGE_UNKNOWN, VPP_MESSAGE_MISSING, VPP_MESSAGE_CHANGED; VPP_UNREACHABLE while there is
   *   no connection, VPP_CONNECTION_LOST when it ended before the answer; DEADLINE_EXCEEDED,
   *   CANCELLED, TOO_MANY_REQUESTS, VPP_RESTARTED, SHUTTING_DOWN
   */
  request<N extends ProductCall>(
    name: N,
    fields: MessageFields<N>,
    options?: CallOptions,
  ): Promise<ReplyOf<N>>;
  request<N extends string>(name: Other<N>, fields: Fields, options?: CallOptions): Promise<Reply>;
  request(name: string, fields: Fields, options: CallOptions = {}): Promise<unknown> {
    // Not async: with a call every few microseconds a promise less counts.
    const session = this.#session;
    if (session === undefined) return Promise.reject(this.#unreachable());
    const ended = this.#settings.onCall?.(name);
    const answer = session.request(name, fields, options);
    return ended === undefined ? answer : observedCall(ended, answer);
  }

  /**
   * All that a `_dump` or `_get` brings, as a list.
   * @throws NfvError as `request`; MESSAGE_TOO_LARGE when it is more than `maxDetails`
   */
  dump<N extends ProductDump>(
    name: N,
    fields: MessageFields<N>,
    options?: CallOptions,
  ): Promise<DetailsOf<N>[]>;
  dump<N extends string>(name: Other<N>, fields?: Fields, options?: CallOptions): Promise<Reply[]>;
  async dump(name: string, fields: Fields = {}, options: CallOptions = {}): Promise<unknown[]> {
    const session = this.#open();
    const ended = this.#settings.onCall?.(name);
    const answer = session.dump(name, fields, options);
    return await (ended === undefined ? answer : observedCall(ended, answer));
  }

  /**
   * What a `_dump` or `_get` brings, one by one as it is read. It is asked for when the first one is
   * read. A reader that is slow holds up all that comes from VPP, so that nothing grows without
   * bound; one that takes nothing for `deadlineMs` loses the stream.
   * @throws NfvError as `request`, after the details that came before
   */
  stream<N extends ProductDump>(
    name: N,
    fields: MessageFields<N>,
    options?: CallOptions,
  ): AsyncGenerator<DetailsOf<N>, void, undefined>;
  stream<N extends string>(
    name: Other<N>,
    fields?: Fields,
    options?: CallOptions,
  ): AsyncGenerator<Reply, void, undefined>;
  async *stream(
    name: string,
    fields: Fields = {},
    options: CallOptions = {},
  ): AsyncGenerator<unknown, void, undefined> {
    const session = this.#open();
    const ended = this.#settings.onCall?.(name);
    let error: NfvError | undefined;
    try {
      yield* session.stream(name, fields, options);
    } catch (thrown) {
      error = NfvError.from(thrown);
      throw thrown;
    } finally {
      ended?.(error);
    }
  }

  /**
   * Asks for events with a `want_` message, on this and every later connection. All events of that
   * name come, whatever other subscriptions asked for.
   * @throws NfvError as `request`
   */
  subscribe<N extends ProductCall>(
    name: N,
    fields: MessageFields<N>,
    options?: SubscribeOptions,
  ): Promise<Subscription>;
  subscribe<N extends string>(
    name: Other<N>,
    fields: Fields,
    options?: SubscribeOptions,
  ): Promise<Subscription>;
  async subscribe(
    name: string,
    fields: Fields,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    return await this.#subscriptions.subscribe(this.#open(), name, fields, options);
  }

  /** Undefined: a call made now goes out at once. Else settles when that may be so again. */
  room(): Promise<void> | undefined {
    return this.#session?.pipeline.room();
  }

  #open(): Session {
    if (this.#session !== undefined) return this.#session;
    throw this.#unreachable();
  }

  #unreachable(): NfvError {
    if (this.#closed) return this.#lastError;
    const text = `no connection to ${this.#settings.transport.name}: ${this.#lastError.message}`;
    return new NfvError('VPP_UNREACHABLE', text, { cause: this.#lastError });
  }

  #tell(event: SessionEvent): void {
    try {
      this.#settings.onSession(event);
    } catch (thrown) {
      // Not here: it would end the machine.
      process.nextTick(() => {
        throw thrown;
      });
    }
  }

  #createActor(): ActorRefFrom<typeof vppSessionMachine> {
    const { retry, bindMs, random, timers, transport } = this.#settings;
    const machine = vppSessionMachine.provide({
      actions: {
        connect: () => {
          this.#connect();
        },
        bind: () => {
          this.#connection?.bind();
        },
        giveUpBinding: () => {
          const text = `${transport.name} did not tell its messages in ${bindMs} ms`;
          this.#lastError = new NfvError('DEADLINE_EXCEEDED', text);
        },
        open: () => {
          this.#opened();
        },
        tellSlow: () => {
          this.#tell({ kind: 'degraded' });
        },
        tellRecovered: () => {
          this.#tell({ kind: 'recovered' });
        },
        disconnect: () => {
          this.#disconnect();
        },
      },
    });
    const input = { ...retry, bindMs, random };
    return createActor(machine, { input, clock: new MachineClock(timers) });
  }

  #connect(): void {
    const parts = {
      settings: this.#settings,
      binder: this.#binder,
      deadlines: this.#deadlines,
      lastBoot: this.#lastBoot,
    };
    this.#connection = new Connection(parts, {
      connected: () => {
        this.#actor.send({ type: 'CONNECTED' });
      },
      bound: () => {
        this.#actor.send({ type: 'BOUND' });
      },
      lost: (error) => {
        this.#lastError = error;
        this.#actor.send({ type: 'LOST' });
      },
      slow: () => {
        this.#actor.send({ type: 'SLOW' });
      },
      recovered: () => {
        this.#actor.send({ type: 'RECOVERED' });
      },
      event: (from, message) => {
        this.#subscriptions.deliver(from, message);
      },
    });
  }

  #opened(): void {
    const session = this.#connection?.session;
    if (session?.boot === undefined) throw new NfvError('INTERNAL', 'opened without a session');
    const { boot } = session;
    const restarted = boot.number !== this.#lastBoot?.number;
    this.#session = session;
    this.#lastBoot = boot;
    // First, for who is told may subscribe at once.
    this.#subscriptions.opened(session);
    const { source: schema, passedOver } = session.binding;
    this.#tell({ kind: 'ready', boot, restarted, schema, passedOver });
    for (const waiter of this.#waiters) waiter.resolve();
  }

  #disconnect(): void {
    const wasOpen = this.#session !== undefined;
    this.#session = undefined;
    this.#subscriptions.lost();
    this.#connection?.end(this.#lastError);
    if (!this.#closed) this.#tell({ kind: 'lost', error: this.#lastError, wasOpen });
  }
}

async function observedCall<T>(
  ended: (error: NfvError | undefined) => void,
  answer: Promise<T>,
): Promise<T> {
  try {
    const result = await answer;
    ended(undefined);
    return result;
  } catch (thrown) {
    ended(NfvError.from(thrown));
    throw thrown;
  }
}
