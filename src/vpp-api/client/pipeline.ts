import { NfvError } from '../../errors.js';
import type { Link } from '../transport/transport.js';
import { HEADER_BYTES, writeHeader } from '../wire/framer.js';
import { abortError, AbortWatch, refuseAborted } from './abort-watch.js';
import type { Fields } from '../codec/codec.js';
import type { Bound } from './binding.js';
import type { Call, CallOwner } from './call.js';
import type { Deadlines } from './deadlines.js';
import { Outbox } from './outbox.js';
import { PendingCalls } from './pending-calls.js';

export interface PipelineLimits {
  /** Calls that VPP owes an answer at a time; more wait for their turn. */
  readonly window: number;
  /** Calls that wait; more are refused. */
  readonly maxWaiting: number;
  /** Bytes of the calls that wait. */
  readonly maxWaitingBytes: number;
}

export interface CallLimits {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. */
  readonly deadlineMs: number;
  /** It waits for nothing, for it is to tell how things are. */
  readonly urgent?: boolean;
}

/** Of one connection; for people and tests. */
export interface PipelineCounts {
  /** Answers that came for calls that had been given up, or came twice. */
  readonly late: number;
}

/** What is sent for one call: its request, and for a dump the control_ping behind it. */
export interface Sending {
  readonly request: Bound;
  readonly fields: Fields;
  readonly barrier?: Bound;
}

/** Of a request in its frame: behind the header, the id and the client index, which all have. */
const CONTEXT_OFFSET = HEADER_BYTES + 6;
/** Calls beyond the window that wait for nothing. */
const MAX_URGENT = 64;
const NOTHING: Fields = {};

/**
 * Calls on one link: many under way at a time, each answer found by its context, which no other
 * call under way has. Calls go out in the order they are made.
 */
export class Pipeline implements CallOwner {
  readonly #outbox: Outbox;
  readonly #pending: PendingCalls;
  readonly #waiting = new Set<Call>();
  #waitingBytes = 0;
  readonly #aborts: AbortWatch;
  /** Calls of `#pending` that were given up. */
  #abandoned = 0;
  #roomWaiters: (() => void)[] = [];
  #end: NfvError | undefined;
  #late = 0;

  constructor(
    private readonly link: Link,
    private readonly deadlines: Deadlines,
    private readonly limits: PipelineLimits,
  ) {
    this.#outbox = new Outbox(link);
    this.#pending = new PendingCalls(limits.window + MAX_URGENT);
    this.#aborts = new AbortWatch((signal) => {
      for (const call of [...this.#pending.all(), ...this.#waiting]) {
        if (call.signal === signal) this.giveUp(call, abortError(call.name, signal));
      }
    });
  }

  /** Calls that VPP owes an answer, also those that were given up. */
  get inFlight(): number {
    return this.#pending.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get abandoned(): number {
    return this.#abandoned;
  }

  /** An urgent call made now would not have to wait. */
  get hasUrgentRoom(): boolean {
    return this.#pending.size < this.limits.window + MAX_URGENT;
  }

  get counts(): PipelineCounts {
    return { late: this.#late };
  }

  /**
   * Sends a call, or lets it wait for its turn.
   * @throws NfvError what the codec throws for fields that are not right: nothing is sent then;
   *   TOO_MANY_REQUESTS, CANCELLED, and what the pipeline ended with
   */
  start(call: Call, sending: Sending, limits: CallLimits): void {
    if (this.#end !== undefined) throw this.#end;
    const { signal, urgent = false } = limits;
    refuseAborted(call.name, signal);
    if (urgent ? !this.hasUrgentRoom : this.#waiting.size > 0 || !this.#hasRoom()) {
      this.#queue(call, sending);
    } else this.#send(call, sending);
    this.deadlines.add(call, limits.deadlineMs);
    if (signal !== undefined) this.#aborts.add(call, signal);
  }

  /** Undefined: a call made now goes out at once. Else settles when that may be so again. */
  room(): Promise<void> | undefined {
    if (this.#end !== undefined || (this.#waiting.size === 0 && this.#hasRoom())) return undefined;
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  /** Sends frames that are nobody's call. */
  post(bound: Bound, context: number, fields: Fields): void {
    if (this.#end !== undefined) return;
    this.#outbox.add(bound, context, fields);
  }

  /**
   * Takes an answer.
   * @throws NfvError VPP_PROTOCOL, or what the codec throws, for a message that cannot be one: the
   *   link is of no use after that
   */
  receive(from: Bound, message: Buffer): void {
    const context = from.codec.contextOf(message);
    const call = this.#pending.get(context);
    if (call === undefined) {
      this.#stray(from, context);
      return;
    }
    const last = call.isLast(from);
    if (call.state === 'abandoned') this.#late++;
    else call.receive(from, message, last);
    // `receive` may have ended everything.
    if (last && this.#end === undefined) this.#finish(call);
  }

  /** The link takes bytes again. */
  drained(): void {
    this.#pump();
  }

  timedOut(call: Call): void {
    this.giveUp(
      call,
      new NfvError('DEADLINE_EXCEEDED', `${call.name}: VPP did not answer in time`),
    );
  }

  prolong(call: Call, ms: number): void {
    this.deadlines.add(call, ms);
  }

  /** Ends a call. If it was sent, its answer will be dropped when it comes. */
  giveUp(call: Call, error: NfvError): void {
    if (call.state === 'waiting') {
      this.#unqueue(call);
      call.state = 'done';
    } else if (call.state === 'sent') {
      call.state = 'abandoned';
      this.#abandoned++;
    } else return;
    this.#release(call);
    call.fail(error);
  }

  /**
   * VPP has answered what was sent after `context`: calls given up before that are not waited for
   * any longer.
   */
  forgetAbandonedBefore(context: number): void {
    for (const call of this.#pending.all()) {
      // As serial numbers (RFC 1982): contexts start again at 1.
      if (((call.context - context) | 0) >= 0) break;
      if (call.state !== 'abandoned') continue;
      this.#pending.delete(call);
      this.#abandoned--;
      call.state = 'done';
    }
    this.#pump();
  }

  /** Ends all calls; every later one ends the same way. */
  end(error: NfvError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    const pending = this.#pending.all();
    for (const call of pending) this.#pending.delete(call);
    const calls = [...pending, ...this.#waiting];
    this.#waiting.clear();
    for (const call of calls) {
      this.#release(call);
      const open = call.state === 'sent' || call.state === 'waiting';
      call.state = 'done';
      if (open) call.fail(error);
    }
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
  }

  #hasRoom(): boolean {
    return this.#pending.size < this.limits.window && !this.link.congested;
  }

  #send(call: Call, { request, fields, barrier }: Sending): void {
    this.#pending.add(call);
    try {
      this.#outbox.add(request, call.context, fields);
    } catch (thrown) {
      this.#pending.delete(call);
      throw thrown;
    }
    call.state = 'sent';
    if (barrier !== undefined) this.#outbox.add(barrier, call.context, NOTHING);
  }

  /** The bytes are made now, for the caller may change the fields before they go out. */
  #queue(call: Call, { request, fields, barrier }: Sending): void {
    const { maxWaiting, maxWaitingBytes } = this.limits;
    const { clientIndex } = this.link;
    const frames = [frame(request, clientIndex, fields)];
    if (barrier !== undefined) frames.push(frame(barrier, clientIndex, NOTHING));
    const bytes = frames.reduce((sum, { length }) => sum + length, 0);
    if (this.#waiting.size >= maxWaiting || this.#waitingBytes + bytes > maxWaitingBytes) {
      throw new NfvError(
        'TOO_MANY_REQUESTS',
        `${call.name}: ${this.#waiting.size} calls (${this.#waitingBytes} bytes) wait for VPP already`,
      );
    }
    call.frames = frames;
    call.state = 'waiting';
    this.#waiting.add(call);
    this.#waitingBytes += bytes;
  }

  #unqueue(call: Call): readonly Buffer[] {
    const { frames } = call;
    call.frames = [];
    this.#waiting.delete(call);
    for (const { length } of frames) this.#waitingBytes -= length;
    return frames;
  }

  #sendWaiting(): void {
    for (const call of this.#waiting) {
      if (!this.#hasRoom()) return;
      const frames = this.#unqueue(call);
      this.#pending.add(call);
      call.state = 'sent';
      for (const bytes of frames) {
        bytes.writeUInt32BE(call.context, CONTEXT_OFFSET);
        this.#outbox.addFrame(bytes);
      }
    }
  }

  /** @throws NfvError VPP_PROTOCOL if it answers what was never asked */
  #stray(from: Bound, context: number): void {
    if (!this.#pending.wasUsed(context)) {
      throw new NfvError(
        'VPP_PROTOCOL',
        `${from.codec.name} answers context ${context}, which was never used`,
      );
    }
    this.#late++;
  }

  #finish(call: Call): void {
    this.#pending.delete(call);
    if (call.state === 'abandoned') this.#abandoned--;
    else this.#release(call);
    call.state = 'done';
    this.#pump();
  }

  #release(call: Call): void {
    this.deadlines.remove(call);
    this.#aborts.remove(call);
  }

  #pump(): void {
    if (this.#waiting.size > 0) this.#sendWaiting();
    if (this.#roomWaiters.length === 0 || !this.#hasRoom()) return;
    const free = this.limits.window - this.#pending.size;
    for (const resolve of this.#roomWaiters.splice(0, free)) resolve();
  }
}

/** A request in a frame; its context is still to come. */
function frame({ id, codec }: Bound, clientIndex: number, fields: Fields): Buffer {
  const size = codec.check(fields);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + size);
  writeHeader(bytes, 0, size);
  codec.put(bytes, HEADER_BYTES, id, clientIndex, 0, fields);
  return bytes;
}
