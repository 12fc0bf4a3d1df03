/**
 * The NVA's end of one NVE's session, after the handshake: what the NVE should have goes down in
 * deltas, coalesced while it is slow; what it made of it comes up.
 */
import { isDeepStrictEqual } from 'node:util';
import { NfvError } from '../../errors.js';
import type { ToldSighting } from '../../model/allowed-address.js';
import type { Clock } from '../../model/clock.js';
import { errorFields, type Log } from '../../model/log.js';
import type { Item } from '../../model/item.js';
import type { HostStatus, OfferedProfile } from '../../model/host/offer.js';
import type { Underlay } from '../../model/nve.js';
import {
  MAX_ENTRIES,
  MAX_IN_FLIGHT,
  type Delta,
  type DeltaReply,
  type DataplaneReport,
  type DriftReports,
  type FromNve,
  type ItemReports,
} from '../../model/southbound.js';
import type { TraceContext } from '../../model/origin.js';
import { newest, spanOf, traceFields, type Span, type Tracer } from '../../model/tracing.js';
import type { NvaSideStream } from '../../rpc/session-service.js';
import type { ItemDelta } from '../compiler/deltas.js';
import type { EventLoopTurns } from './event-loop-turns.js';
import type { Progress } from './progress.js';
import { Queries } from './queries.js';

export interface SessionEvents {
  /** The state of these items may have changed; 'all': of any. */
  progressed(keys: readonly string[] | 'all'): void;
  /** The NVE noticed drift. */
  drifted(report: DriftReports): void;
  /** The NVE has seen allowed addresses. */
  sighted(sightings: readonly ToldSighting[]): void;
  underlaysChanged(underlays: readonly Underlay[]): void;
  dataplaneChanged(report: DataplaneReport): void;
  hostChanged(status: HostStatus): void;
}

export interface SessionOptions {
  readonly stream: NvaSideStream;
  readonly nve: string;
  readonly epoch: number;
  readonly progress: Progress;
  /** The revision of what the NVE held when it said hello. */
  readonly heldRevision: number;
  readonly log: Log;
  readonly clock: Pick<Clock, 'after'>;
  readonly events: SessionEvents;
  readonly tracer?: Tracer | undefined;
  /** Much is sent only in turns with other sessions: none is to wait for all. */
  readonly turns: Pick<EventLoopTurns, 'take'>;
}

/** Of so many the time that it takes to send them is not worth a turn of its own. */
const FEW_ITEMS = 100;

/** A delta that has no reply yet. */
interface InFlight {
  readonly keys: readonly { readonly key: string; readonly version: string }[];
  readonly span: Span | undefined;
}

const SESSION_OVER = { code: 'CANCELLED', message: 'the session ended before the reply' };

/** How what the NVE holds differs from what it should. */
export interface Shortfall {
  readonly upserts: readonly Item[];
  readonly removes: readonly string[];
}

export class Session {
  readonly progress: Progress;
  /** The revision of what the NVE held when it said hello, as far as this store has got. */
  readonly heldRevision: number;
  /** What is asked of the NVE beside. */
  readonly queries: Queries;
  readonly #options: SessionOptions;
  readonly #incoming: AsyncIterator<FromNve>;
  /** One entry a key, however often it changes; undefined: the item goes. */
  readonly #pending = new Map<string, Item | undefined>();
  /** By sequence. */
  readonly #inFlight = new Map<number, InFlight>();
  /** The calls that what is pending comes from. */
  #traces: readonly TraceContext[] = [];
  #sequence = 0;
  /** What the NVE has been told it has, once it has stored all that was sent. */
  #sentRevision = 0;
  /** The same before anything was sent. */
  readonly #firstRevision: number;
  /** What it will have once nothing is pending. */
  #targetRevision: number;
  #announceComplete: boolean;
  /** The host profile that is to be sent, and the one that was. */
  #offer: OfferedProfile | undefined;
  #offered: OfferedProfile | undefined;
  #wake: () => void = () => undefined;

  /**
   * @param incoming the rest of the stream's messages
   * @param revision that of the configuration the progress starts from
   * @param shortfall undefined: the NVE holds that configuration already
   */
  constructor(
    options: SessionOptions,
    incoming: AsyncIterator<FromNve>,
    revision: number,
    shortfall: Shortfall | undefined,
  ) {
    this.#options = options;
    this.#incoming = incoming;
    this.progress = options.progress;
    this.queries = new Queries(options.nve, options.clock, () => {
      this.#wake();
    });
    this.#targetRevision = revision;
    this.#announceComplete = shortfall !== undefined;
    // A store that was put back from a backup has less than the NVE has heard of.
    this.heldRevision = Math.min(options.heldRevision, revision);
    this.#firstRevision = shortfall === undefined ? revision : 0;
    this.#sentRevision = this.#firstRevision;
    if (shortfall !== undefined) this.#resend(shortfall, revision);
  }

  get stream(): NvaSideStream {
    return this.#options.stream;
  }

  /** What waits to be sent, and what waits for a reply. */
  get queues(): { readonly pendingItems: number; readonly deltasInFlight: number } {
    return { pendingItems: this.#pending.size, deltasInFlight: this.#inFlight.size };
  }

  /** Ends the session; its NVE is told why. */
  end(error: NfvError): void {
    this.#options.stream.end(error);
  }

  /** The NVE should have something else, from `revision` on. */
  expect(delta: ItemDelta, revision: number, trace?: TraceContext): void {
    if (trace !== undefined) this.#traces = newest([...this.#traces, trace]);
    this.progress.expect(delta, revision);
    for (const key of delta.removes) this.#queue(key, undefined);
    for (const [key, item] of delta.upserts) this.#queue(key, item);
    this.#targetRevision = Math.max(this.#targetRevision, revision);
    this.#wake();
  }

  /** The NVE's host has this profile to it; only for one that takes them. */
  offer(offer: OfferedProfile): void {
    if (isDeepStrictEqual(offer, this.#offered)) return;
    this.#offer = offer;
    this.#offered = offer;
    this.#wake();
  }

  /** Runs until the stream is over. @throws NfvError why it ended */
  async run(): Promise<void> {
    const { signal } = this.#options.stream;
    const wake = (): void => {
      this.#wake();
    };
    signal.addEventListener('abort', wake, { once: true });
    const sending = this.#sendLoop(signal);
    // The receiving loop is told first if both fail; this one only must not go unhandled.
    sending.catch((thrown: unknown) => {
      this.end(NfvError.from(thrown));
    });
    try {
      await this.#receiveLoop();
    } finally {
      this.queries.end();
      for (const { span } of this.#inFlight.values()) span?.end(SESSION_OVER);
    }
    this.#options.stream.end();
    await sending.catch(() => undefined);
  }

  #resend({ upserts, removes }: Shortfall, revision: number): void {
    for (const key of removes) {
      this.progress.reopen(key, '', revision);
      this.#queue(key, undefined);
    }
    for (const item of upserts) {
      this.progress.reopen(item.key, item.version, revision);
      this.#queue(item.key, item);
    }
  }

  #queue(key: string, item: Item | undefined): void {
    this.#pending.delete(key);
    this.#pending.set(key, item);
  }

  async #sendLoop(signal: AbortSignal): Promise<void> {
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      const query = this.queries.next();
      if (query !== undefined) {
        await this.#options.stream.send(query);
        continue;
      }
      const offer = this.#offer;
      if (offer !== undefined) {
        this.#offer = undefined;
        await this.#options.stream.send({ kind: 'host_offer', offer });
        continue;
      }
      const mayComplete = this.#pending.size > 0 || this.#announceComplete;
      if (mayComplete && this.#inFlight.size < MAX_IN_FLIGHT) {
        if (this.#pending.size > FEW_ITEMS) {
          await this.#options.turns.take();
          if (isOver()) return;
        }
        const delta = this.#nextDelta();
        this.#logDelta(delta);
        await this.#options.stream.send(delta);
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }

  #nextDelta(): Delta {
    const upserts: Item[] = [];
    const removes: string[] = [];
    const keys: { key: string; version: string }[] = [];
    for (const [key, item] of this.#pending) {
      if (keys.length === MAX_ENTRIES) break;
      if (item === undefined) removes.push(key);
      else upserts.push(item);
      keys.push({ key, version: item?.version ?? '' });
      this.#pending.delete(key);
    }
    const complete = this.#pending.size === 0;
    if (complete) {
      // A revision is only claimed once all of it has been sent.
      this.#sentRevision = this.#targetRevision;
      this.#announceComplete = false;
    }
    const sequence = ++this.#sequence;
    const { epoch } = this.#options;
    const { traces, span } = this.#begin(sequence);
    this.#inFlight.set(sequence, { keys, span });
    if (complete) this.#traces = [];
    return {
      kind: 'delta',
      sequence,
      epoch,
      revision: this.#sentRevision,
      upserts,
      removes,
      complete,
      ...(traces.length === 0 ? {} : { traces }),
    };
  }

  /** What the NVE makes of a delta hangs below the span of its way there. */
  #begin(sequence: number): { readonly traces: readonly TraceContext[]; readonly span?: Span } {
    const { tracer, nve } = this.#options;
    const traces = this.#traces;
    if (tracer === undefined || traces.length === 0) return { traces };
    const attributes = { 'nfvd.nve': nve, 'nfvd.sequence': sequence };
    const span = spanOf(tracer, 'session delta', traces, attributes);
    return { traces: [...traces.slice(0, -1), span.context], span };
  }

  #logDelta({ sequence, revision, upserts, removes, traces = [] }: Delta): void {
    const { nve, log } = this.#options;
    const counts = { upserts: upserts.length, removes: removes.length };
    log.debug({ nve, sequence, revision, ...counts, ...traceFields(traces) }, 'delta sent');
  }

  async #receiveLoop(): Promise<void> {
    for (;;) {
      const next = await this.#incoming.next();
      if (next.done === true) return;
      this.#receive(next.value);
    }
  }

  #receive(message: FromNve): void {
    switch (message.kind) {
      case 'delta_reply':
        this.#onReply(message);
        break;
      case 'item_reports':
        this.#onReports(message);
        break;
      case 'drift_reports':
        this.#options.events.drifted(message);
        break;
      case 'query_reply':
        this.queries.answered(message);
        break;
      case 'dataplane_report':
        this.#options.events.dataplaneChanged(message);
        break;
      case 'host_report':
        this.#options.events.hostChanged(message.status);
        break;
      case 'address_sightings':
        this.#options.events.sighted(message.sightings);
        break;
      case 'underlay_report':
        this.#options.events.underlaysChanged(message.underlays);
        break;
      case 'hello':
      case 'held_items':
        throw new NfvError('PROTOCOL_VIOLATION', `${message.kind} in the middle of a session`);
    }
  }

  #onReply({ sequence, error }: DeltaReply): void {
    const sent = this.#inFlight.get(sequence);
    if (sent === undefined) {
      throw new NfvError('PROTOCOL_VIOLATION', `a reply to delta ${sequence}, which is not open`);
    }
    this.#inFlight.delete(sequence);
    const { keys, span } = sent;
    span?.end(error);
    if (error !== undefined) {
      this.#options.log.error(
        { nve: this.#options.nve, sequence, ...errorFields(error) },
        'delta refused',
      );
      for (const entry of keys) this.progress.report({ ...entry, failure: error });
      this.#options.events.progressed(keys.map(({ key }) => key));
    }
    this.#wake();
  }

  #onReports({ epoch, entries, settledRevision }: ItemReports): void {
    // Of a reign before ours: about versions that nobody waits for.
    if (epoch !== this.#options.epoch) return;
    const changed = entries.filter((entry) => this.progress.report(entry)).map(({ key }) => key);
    const first = !this.progress.settled;
    // A revision that it was not sent is one from before the store was put back.
    const isOurs = settledRevision <= this.#sentRevision;
    const settled = isOurs ? settledRevision : this.#firstRevision;
    // Before it has tried what it held at the start, silence about an item means nothing.
    const tried = settled > 0 && settled >= this.heldRevision;
    const done = tried ? this.progress.settle(settled) : [];
    this.#options.events.progressed(tried && first ? 'all' : [...changed, ...done]);
  }
}
