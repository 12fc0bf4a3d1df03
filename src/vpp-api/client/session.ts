import { invalidField, NfvError } from '../../errors.js';
import type { Fields } from '../codec/codec.js';
import type { Timers } from '../timers.js';
import type { Link } from '../transport/transport.js';
import type { Binding, Bound, Method } from './binding.js';
import type { Boot } from './boot.js';
import type { CallOptions } from './call-options.js';
import type { Deadlines } from './deadlines.js';
import { Monitor } from './monitor.js';
import { Pipeline, type PipelineLimits } from './pipeline.js';
import { ReplyCall, type Reply } from './reply-call.js';
import { Streams } from './streams.js';

export interface SessionOptions extends PipelineLimits {
  readonly timers: Timers;
  readonly deadlines: Deadlines;
  readonly deadlineMs: number;
  readonly maxDetails: number;
  readonly probeMs: number;
  readonly slowMs: number;
}

export interface SessionHooks {
  /** Something that VPP tells unasked. */
  event(from: Bound, message: Buffer): void;
  slow(): void;
  recovered(): void;
}

/** A ping that tells how VPP is may take so long; after that another one is sent. */
const PING_DEADLINE_MS = 30_000;
const NOTHING: Fields = {};

/** Calls on one connection whose messages are known, from there to its end. */
export class Session {
  /** Which start of VPP this is; set once it is known. */
  boot: Boot | undefined;
  readonly #pipeline: Pipeline;
  readonly #streams: Streams;
  readonly #monitor: Monitor;
  readonly #keepaliveId: number | undefined;
  #pinging = false;
  #holds = 0;

  /** @throws NfvError VPP_MESSAGE_MISSING and the like for a VPP without control_ping */
  constructor(
    private readonly link: Link,
    readonly binding: Binding,
    private readonly options: SessionOptions,
    private readonly hooks: SessionHooks,
  ) {
    this.#pipeline = new Pipeline(link, options.deadlines, options);
    const barrier = binding.method('control_ping');
    if (barrier.kind !== 'reply') throw new NfvError('INTERNAL', 'control_ping has no one reply');
    this.#streams = new Streams(this.#pipeline, barrier, this, options);
    this.#keepaliveId = binding.idOf('memclnt_keepalive');
    this.#monitor = this.#createMonitor();
  }

  /** Watches how VPP is, from now to the end. */
  watch(): void {
    this.#monitor.start();
  }

  get pipeline(): Pipeline {
    return this.#pipeline;
  }

  /** @throws NfvError see VppClient.request */
  request(name: string, fields: Fields, options: CallOptions): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const method = this.#method(name, options);
      if (method.kind !== 'reply') throw manyAnswers(name);
      const { request, reply } = method;
      const call = new ReplyCall(name, this.#pipeline, reply, resolve, reject);
      const { signal, deadlineMs = this.options.deadlineMs } = options;
      this.#pipeline.start(call, { request, fields }, { signal, deadlineMs });
    });
  }

  /** @throws NfvError see VppClient.dump */
  async dump(name: string, fields: Fields, options: CallOptions): Promise<Reply[]> {
    return await this.#streams.collect(this.#method(name, options), fields, options);
  }

  /** @throws NfvError see VppClient.stream */
  stream(
    name: string,
    fields: Fields,
    options: CallOptions,
  ): AsyncGenerator<Reply, void, undefined> {
    return this.#streams.read(this.#method(name, options), fields, options);
  }

  /**
   * Takes a message from VPP.
   * @throws NfvError for one that makes no sense: the link is of no use after that
   */
  receive(message: Buffer): void {
    this.#monitor.heard();
    const id = message.readUInt16BE(0);
    const from = this.binding.incoming(id);
    if (from === undefined) {
      if (this.binding.hasId(id)) return;
      throw new NfvError('VPP_PROTOCOL', `a message with id ${id}, which VPP does not have`);
    }
    if (!from.codec.hasContext) this.hooks.event(from, message);
    else if (id === this.#keepaliveId) this.#keepAlive(from, message);
    else this.#pipeline.receive(from, message);
  }

  drained(): void {
    this.#pipeline.drained();
  }

  get owed(): number {
    return this.#pipeline.inFlight;
  }

  /** Fails all calls; the link is the owner's to close. */
  end(error: NfvError): void {
    this.#monitor.stop();
    this.#pipeline.end(error);
  }

  /** Lets nothing more come, until as many `letGo`. */
  hold(): void {
    if (this.#holds++ === 0) this.link.pause();
  }

  letGo(): void {
    if (--this.#holds === 0) this.link.resume();
  }

  #method(name: string, { boot }: CallOptions): Method {
    if (boot !== undefined && boot.number !== this.boot?.number) {
      throw new NfvError('VPP_RESTARTED', `${name}: VPP was restarted since the call was prepared`);
    }
    return this.binding.method(name);
  }

  /** VPP asks whether we live (memclnt.api); it does so on shared memory only, as of 26.06. */
  #keepAlive(from: Bound, message: Buffer): void {
    const reply = this.binding.message('memclnt_keepalive_reply');
    this.#pipeline.post(reply, from.codec.contextOf(message), { retval: 0 });
  }

  #createMonitor(): Monitor {
    const pipeline = this.#pipeline;
    const isHeld = (): boolean => this.#holds > 0;
    const isPinging = (): boolean => this.#pinging;
    return new Monitor(this.options, {
      get owes() {
        return pipeline.inFlight > 0 && !isHeld();
      },
      get wantsPing() {
        if (isPinging() || isHeld() || !pipeline.hasUrgentRoom) return false;
        return pipeline.inFlight + pipeline.waiting === 0 || pipeline.abandoned > 0;
      },
      ping: () => {
        this.#ping();
      },
      slow: () => {
        this.hooks.slow();
      },
      recovered: () => {
        this.hooks.recovered();
      },
    });
  }

  #ping(): void {
    const method = this.binding.method('control_ping');
    if (method.kind !== 'reply') return;
    this.#pinging = true;
    const done = (): void => {
      this.#pinging = false;
    };
    const answered = (): void => {
      done();
      this.#pipeline.forgetAbandonedBefore(call.context);
    };
    // That it fails is told by the monitor, or by the link.
    const call = new ReplyCall('control_ping', this.#pipeline, method.reply, answered, done);
    const sending = { request: method.request, fields: NOTHING };
    this.#pipeline.start(call, sending, { deadlineMs: PING_DEADLINE_MS, urgent: true });
  }
}

function manyAnswers(name: string): NfvError {
  return invalidField('name', name, 'its answer is a list', 'use dump or stream');
}
