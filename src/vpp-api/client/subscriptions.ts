import { isDeepStrictEqual } from 'node:util';
import { NfvError } from '../../errors.js';
import type { Fields } from '../codec/codec.js';
import { orAborted } from '../or-aborted.js';
import { abortError, refuseAborted } from './abort-watch.js';
import type { Bound } from './binding.js';
import type { CallOptions } from './call-options.js';
import { EventQueue, type VppEvent } from './event-queue.js';
import type { Session } from './session.js';

export interface Subscription extends AsyncIterable<VppEvent> {
  /** Ends it; VPP is told if nobody else wants the same. Never fails: at worst VPP tells in vain. */
  close(): Promise<void>;
}

export interface SubscribeOptions extends CallOptions {
  /** Events kept for the reader; default 1,024. */
  readonly capacity?: number;
}

/** One `want_` message, and all that live on it. */
interface Want {
  readonly name: string;
  readonly fields: Fields;
  readonly queues: Set<EventQueue>;
  /** By the definitions of the VPP connected last. */
  events: ReadonlySet<string>;
  /** VPP's first answer. */
  confirmed: Promise<unknown>;
}

const DEFAULT_CAPACITY = 1024;
/** Fields by which the `want_` messages say yes or no. */
const SWITCHES = ['enable_disable', 'enable'] as const;

/** What was asked of VPP to tell unasked, which each new connection is asked again. */
export class Subscriptions {
  readonly #wants: Want[] = [];
  #session: Session | undefined;

  /** @throws NfvError see VppClient.subscribe */
  async subscribe(
    session: Session,
    name: string,
    fields: Fields,
    { capacity = DEFAULT_CAPACITY, signal, ...options }: SubscribeOptions,
  ): Promise<Subscription> {
    refuseAborted(name, signal);
    const queue = new EventQueue(capacity);
    const want = this.#join(session, name, fields, options, queue);
    try {
      // Others may wait for the same answer: the signal ends this wait, not the asking.
      if (signal === undefined) await want.confirmed;
      else await orAborted(want.confirmed, signal, () => abortError(name, signal));
    } catch (error) {
      await this.#leave(want, queue, false);
      throw error;
    }
    const close = async (): Promise<void> => {
      signal?.removeEventListener('abort', abort);
      await this.#leave(want, queue, true);
    };
    const abort = (): void => void close();
    signal?.addEventListener('abort', abort);
    if (signal?.aborted === true) abort();
    return {
      close,
      async *[Symbol.asyncIterator]() {
        try {
          yield* queue.read();
        } finally {
          await close();
        }
      },
    };
  }

  /** A new connection stands: asks it for all that is wanted. */
  opened(session: Session): void {
    this.#session = session;
    for (const want of this.#wants) {
      want.events = new Set(session.binding.eventsOf(want.name));
      this.#ask(session, want);
    }
  }

  lost(): void {
    this.#session = undefined;
  }

  /** Something came from VPP. @throws what the codec throws */
  deliver(from: Bound, message: Buffer): void {
    const { name } = from.codec;
    const wants = this.#wants.filter(({ events }) => events.has(name));
    if (wants.length === 0) return;
    const fields = from.codec.decode(message);
    for (const { queues } of wants) for (const queue of queues) queue.push(name, fields);
  }

  /** Nothing will come any more. */
  close(error: NfvError): void {
    for (const { queues } of this.#wants.splice(0)) for (const queue of queues) queue.end(error);
  }

  #join(
    session: Session,
    name: string,
    fields: Fields,
    options: Omit<CallOptions, 'signal'>,
    queue: EventQueue,
  ): Want {
    const known = this.#wants.find((w) => w.name === name && isDeepStrictEqual(w.fields, fields));
    if (known !== undefined) {
      known.queues.add(queue);
      return known;
    }
    const want: Want = {
      name,
      fields: structuredClone(fields),
      queues: new Set([queue]),
      events: new Set(session.binding.eventsOf(name)),
      confirmed: session.request(name, fields, options),
    };
    this.#session = session;
    this.#wants.push(want);
    return want;
  }

  #ask(session: Session, want: Want): void {
    want.confirmed = session.request(want.name, want.fields, {});
    want.confirmed.then(
      () => {
        for (const queue of want.queues) queue.reconnected();
      },
      (thrown: unknown) => {
        // The next connection is asked anew.
        if (this.#session !== session) return;
        const error = NfvError.from(thrown);
        if (error.code === 'DEADLINE_EXCEEDED') this.#ask(session, want);
        else this.#refused(want, error);
      },
    );
  }

  async #leave(want: Want, queue: EventQueue, tell: boolean): Promise<void> {
    queue.end();
    if (!want.queues.delete(queue) || want.queues.size > 0) return;
    this.#forget(want);
    const session = this.#session;
    const off = SWITCHES.find((field) => field in want.fields);
    // VPP knows a client's wish by its name alone.
    const shared = this.#wants.some(({ name }) => name === want.name);
    if (!tell || shared || session === undefined || off === undefined) return;
    const yes: unknown = Reflect.get(want.fields, off);
    const no = typeof yes === 'boolean' ? false : 0;
    // Not more than a courtesy: what VPP goes on telling is dropped.
    await session.request(want.name, { ...want.fields, [off]: no }, {}).catch(() => undefined);
  }

  #refused(want: Want, error: NfvError): void {
    this.#forget(want);
    for (const queue of want.queues) queue.end(error);
    want.queues.clear();
  }

  #forget(want: Want): void {
    const index = this.#wants.indexOf(want);
    if (index >= 0) this.#wants.splice(index, 1);
  }
}
