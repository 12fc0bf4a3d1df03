import { invalidField, NfvError } from '../../errors.js';
import type { Fields } from '../codec/codec.js';
import type { Timers } from '../timers.js';
import type { Method } from './binding.js';
import type { CallOptions } from './call-options.js';
import type { Call } from './call.js';
import { DetailsQueue, type Flow } from './details-queue.js';
import type { Pipeline } from './pipeline.js';
import { refusedError, RETVAL_EAGAIN, RETVAL_INVALID_VALUE } from './refused.js';
import type { Reply } from './reply-call.js';
import { StreamCall, type StreamSink } from './stream-call.js';

type Barrier = Extract<Method, { kind: 'reply' }>;
type Streamed = Exclude<Method, { kind: 'reply' }>;

export interface StreamsOptions {
  readonly timers: Timers;
  readonly deadlineMs: number;
  /** Details that are collected into one list. */
  readonly maxDetails: number;
}

/** The cursor that says that there is nothing more. */
const NO_CURSOR = 0xffff_ffff;

/** Requests that are answered with many messages: `_dump`, and `_get` with its cursor. */
export class Streams {
  constructor(
    private readonly pipeline: Pipeline,
    private readonly barrier: Barrier,
    private readonly flow: Flow,
    private readonly options: StreamsOptions,
  ) {}

  async collect(method: Method, fields: Fields, options: CallOptions): Promise<Reply[]> {
    const streamed = asStreamed(method);
    const found: Reply[] = [];
    let cursor: number | undefined = firstCursor(fields);
    while (cursor !== undefined) {
      const before = found.length;
      const asked = withCursor(streamed, fields, cursor);
      const reply = await this.#collectPart(streamed, asked, options, found);
      cursor = nextCursor(streamed, reply, cursor, found.length - before);
    }
    return found;
  }

  async *read(
    method: Method,
    fields: Fields,
    options: CallOptions,
  ): AsyncGenerator<Reply, void, undefined> {
    const streamed = asStreamed(method);
    const { timers } = this.options;
    const patience = options.deadlineMs ?? this.options.deadlineMs;
    let cursor: number | undefined = firstCursor(fields);
    while (cursor !== undefined) {
      const queue = new DetailsQueue(this.flow, timers, patience);
      const asked = withCursor(streamed, fields, cursor);
      const call = this.#start(streamed, asked, options, queue);
      let count = 0;
      let reply: Reply | undefined;
      try {
        const details = queue.read();
        for (let next = await details.next(); ; next = await details.next()) {
          if (next.done === true) {
            reply = next.value;
            break;
          }
          count++;
          yield next.value;
        }
      } finally {
        // Its reader went away: the rest is dropped as it comes.
        this.pipeline.giveUp(call, new NfvError('CANCELLED', `${call.name} was given up`));
      }
      cursor = nextCursor(streamed, reply, cursor, count);
    }
  }

  #collectPart(
    method: Streamed,
    fields: Fields,
    options: CallOptions,
    found: Reply[],
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const { maxDetails } = this.options;
      const sink: StreamSink = {
        details: (item) => {
          if (found.length < maxDetails) found.push(item);
          else this.pipeline.giveUp(call, tooMany(call.name, maxDetails));
        },
        end: resolve,
        fail: reject,
        moreTime: () => undefined,
      };
      const call = this.#start(method, fields, options, sink);
    });
  }

  #start(method: Streamed, fields: Fields, options: CallOptions, sink: StreamSink): Call {
    const { request, details } = method;
    const isDump = method.kind === 'dump';
    const call = new StreamCall(
      request.codec.name,
      this.pipeline,
      details.id,
      isDump ? this.barrier.reply.id : method.reply.id,
      sink,
    );
    const sending = isDump
      ? { request, fields, barrier: this.barrier.request }
      : { request, fields };
    const { signal, deadlineMs = this.options.deadlineMs } = options;
    this.pipeline.start(call, sending, { signal, deadlineMs });
    return call;
  }
}

function asStreamed(method: Method): Streamed {
  if (method.kind !== 'reply') return method;
  const { name } = method.request.codec;
  throw invalidField('name', name, 'its answer is one message', 'use request');
}

function tooMany(name: string, max: number): NfvError {
  return new NfvError('MESSAGE_TOO_LARGE', `${name}: more than ${max} details`, {
    remedy: 'read it as a stream',
  });
}

/** 0 is where the pools of REPLY_AND_DETAILS_MACRO start; some `_get` know others. */
function firstCursor(fields: Fields): number {
  return 'cursor' in fields && typeof fields.cursor === 'number' ? fields.cursor : 0;
}

function withCursor(method: Streamed, fields: Fields, cursor: number): Fields {
  if (method.kind === 'dump' || !method.hasCursor) return fields;
  return { ...fields, cursor };
}

/**
 * Where a `_get` goes on; undefined: that was all.
 * @throws NfvError VPP_REFUSED; VPP_PROTOCOL for one that would never end
 */
function nextCursor(
  method: Streamed,
  reply: Reply,
  cursor: number,
  count: number,
): number | undefined {
  if (method.kind === 'dump') return undefined;
  const { name } = method.request.codec;
  const { retval, cursor: next } = reply;
  if (retval === RETVAL_EAGAIN && typeof next === 'number') {
    if (count > 0 && next !== cursor) return next;
    throw new NfvError('VPP_PROTOCOL', `${name} makes no headway at cursor ${cursor}`);
  }
  // Where there is nothing, or nothing any more (REPLY_AND_DETAILS_VEC_MACRO).
  if (retval === RETVAL_INVALID_VALUE && next === NO_CURSOR && count === 0) return undefined;
  if (typeof retval === 'number' && retval !== 0) throw refusedError(name, retval);
  return undefined;
}
