/** From functions in domain terms to grpc-js handlers. */
import type {
  handleServerStreamingCall,
  handleUnaryCall,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js';
import { NfvError } from '../errors.js';
import type { Caller } from '../model/access-policy.js';
import type { Call } from '../model/api.js';
import type { Identity } from '../model/identity.js';
import { newTrace, type Origin } from '../model/origin.js';
import type { Tracer } from '../model/tracing.js';
import { COLLECTIONS, formatName, type Collection } from '../model/names.js';
import type { CallLimiter } from './call-limiter.js';
import { certificateOf, identityOf, type Trust } from './identity.js';
import { onBehalfOf, requestIdOf, revisionOf, traceOf } from './origin.js';
import { peerOf } from './peer.js';
import type { StatusCodec } from './status.js';

/** Unary calls that may be under way at once; more are refused with TOO_MANY_REQUESTS. */
const MAX_CALLS = 4096;

/** How a call ended, for the log. */
export interface CallEnd {
  readonly path: string;
  readonly peer: string;
  readonly origin: Origin;
  /** What it was about, `endpoints/web`, 256 characters at most; empty: nothing single. */
  readonly target: string;
  readonly milliseconds: number;
  /** It has many answers, or none for a long time. */
  readonly isStream: boolean;
  /** That its answer is of; 0: none. */
  readonly revision: number;
  readonly error?: NfvError;
}

export interface CallHooks {
  /**
   * What somebody may do.
   * @param behalf for whom they say that they call; empty: for themselves
   */
  callerOf(identity: Identity, behalf: string): Caller;
  /** What goes on for long ends by `cut` when what somebody may do changes; the answer ends that. Absent: it never does. */
  watchRights?(identity: Identity, cut: (error: NfvError) => void): () => void;
  /** Why somebody may not call at all; absent, or undefined: they may. */
  refusalOf?(identity: Identity): NfvError | undefined;
  onCallEnd(end: CallEnd): void;
  /** Absent: no traces are kept. */
  readonly tracer?: Tracer | undefined;
  /** For who comes with a certificate; absent: without limits. */
  readonly limiter?: CallLimiter | undefined;
}

export class HandlerFactory {
  #underWay = 0;

  constructor(
    private readonly codec: StatusCodec,
    private readonly hooks: CallHooks,
    private readonly trust: Trust,
  ) {}

  unary<Req, Res>(handle: (request: Req, call: Call) => Promise<Res>): handleUnaryCall<Req, Res> {
    return (call, callback) => {
      const { caller, origin, admit, end } = this.#begin(call, false);
      const { signal, cutOff, forget } = this.#abortSignal(call);
      this.#admit(() => {
        cutOff();
        admit();
        return handle(call.request, { signal, caller, origin, ...deadlineOf(call) });
      }).then(
        (response) => {
          forget();
          end({ revision: revisionOf(response) });
          callback(null, response);
        },
        (thrown: unknown) => {
          const error = NfvError.from(thrown);
          forget();
          end({ error });
          callback(this.codec.toServiceError(error));
        },
      );
    };
  }

  serverStream<Req, Res>(
    handle: (request: Req, call: Call) => AsyncIterable<Res>,
  ): handleServerStreamingCall<Req, Res> {
    return (call) => {
      const { identity, caller, origin, admit, end } = this.#begin(call, true);
      const { signal, cutOff, forget } = this.#abortSignal(call, identity);
      Promise.resolve()
        .then(cutOff)
        .then(admit)
        .then(() => pump(call, handle(call.request, { signal, caller, origin }), signal))
        .then(cutOff)
        .then(
          () => {
            forget();
            end({});
            call.end();
          },
          (thrown: unknown) => {
            const error = NfvError.from(thrown);
            forget();
            end({ error });
            call.emit('error', this.codec.toServiceError(error));
          },
        );
    };
  }

  async #admit<Res>(handle: () => Promise<Res>): Promise<Res> {
    if (this.#underWay >= MAX_CALLS) {
      throw new NfvError('TOO_MANY_REQUESTS', `${MAX_CALLS} calls are under way`);
    }
    this.#underWay++;
    try {
      return await handle();
    } finally {
      this.#underWay--;
    }
  }

  /**
   * Aborts when the caller has gone, or may call no more. `cutOff` throws if it is that.
   * @param streamsTo whose rights are to stay what they are; undefined: they were judged
   * @returns `forget`, for when it no longer matters: grpc-js says "cancelled" at every end.
   */
  #abortSignal<Req, Res>(
    call: ServerCall<Req, Res>,
    streamsTo?: Identity,
  ): {
    readonly signal: AbortSignal;
    readonly cutOff: () => void;
    readonly forget: () => void;
  } {
    const controller = new AbortController();
    const abort = (): void => {
      controller.abort(new NfvError('CANCELLED', 'the caller has gone or its deadline has passed'));
    };
    let cut: NfvError | undefined;
    const cutBy = (error: NfvError): void => {
      cut = error;
      controller.abort(error);
    };
    const unwatch = this.trust.peers.watch(certificateOf(call), cutBy);
    const unwatchRights = streamsTo && this.hooks.watchRights?.(streamsTo, cutBy);
    if (call.cancelled) abort();
    else call.once('cancelled', abort);
    return {
      signal: controller.signal,
      cutOff: () => {
        if (cut !== undefined) throw cut;
      },
      forget: () => {
        unwatch();
        unwatchRights?.();
        call.removeListener('cancelled', abort);
      },
    };
  }

  #begin<Req, Res>(call: ServerCall<Req, Res>, isStream: boolean): Begun {
    const started = performance.now();
    // Later the connection may be gone, and with it what it knows.
    const peer = peerOf(call);
    const identity = identityOf(call, this.trust);
    const caller = this.hooks.callerOf(identity, onBehalfOf(call.metadata));
    const { who } = caller;
    const parent = traceOf(call.metadata);
    const attributes = { 'rpc.system': 'grpc', 'nfvd.who': who };
    const span = this.hooks.tracer?.start(call.getPath(), { parent, attributes });
    const trace = span?.context ?? parent ?? newTrace();
    const origin = { who, requestId: requestIdOf(call.request), trace };
    let leave: (() => void) | undefined;
    const admit = (): void => {
      const refusal = this.hooks.refusalOf?.(identity);
      if (refusal !== undefined) throw refusal;
      leave = this.trust.mutualTls ? this.hooks.limiter?.begin(who) : undefined;
    };
    const end = ({ revision = 0, error }: Outcome): void => {
      leave?.();
      span?.end(error, { 'nfvd.revision': revision });
      this.hooks.onCallEnd({
        path: call.getPath(),
        peer,
        origin,
        target: targetOf(call.request),
        milliseconds: performance.now() - started,
        isStream,
        revision,
        ...(error === undefined ? {} : { error }),
      });
    };
    return { identity, caller, origin, admit, end };
  }
}

interface Outcome {
  readonly revision?: number;
  readonly error?: NfvError;
}

interface Begun {
  readonly identity: Identity;
  readonly caller: Caller;
  readonly origin: Origin;
  /** @throws NfvError TOO_MANY_REQUESTS, that of `refusalOf` */
  readonly admit: () => void;
  readonly end: (outcome: Outcome) => void;
}

type ServerCall<Req, Res> = ServerUnaryCall<Req, Res> | ServerWritableStream<Req, Res>;

function deadlineOf<Req, Res>(call: ServerCall<Req, Res>): Pick<Call, 'deadline'> {
  const deadline = Number(call.getDeadline());
  return Number.isFinite(deadline) ? { deadline } : {};
}

async function pump<Req, Res>(
  call: ServerWritableStream<Req, Res>,
  messages: AsyncIterable<Res>,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of messages) {
    if (signal.aborted) return;
    if (!call.write(message)) await drained(call, signal);
  }
}

function drained<Req, Res>(
  call: ServerWritableStream<Req, Res>,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.removeListener('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    call.once('drain', done);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** A name may be as long as a message; it is of use only as far as names go. */
const MAX_TARGET = 256;

/** The resource that a request names: by `name`, by that of the resource in it, or by a new one's id. */
function targetOf(request: unknown): string {
  if (typeof request !== 'object' || request === null) return '';
  const fields = Object.entries(request);
  for (const [field, value] of fields) {
    const target = targetOfField(field, value);
    if (target !== '') return target.slice(0, MAX_TARGET);
  }
  return '';
}

function targetOfField(field: string, value: unknown): string {
  if (typeof value === 'string') {
    if (field === 'name') return value;
    const created = COLLECTIONS.find((collection) => field === idField(collection));
    return created === undefined ? '' : formatName(created, value);
  }
  if (typeof value !== 'object' || value === null || !('name' in value)) return '';
  return typeof value.name === 'string' ? value.name : '';
}

/** `virtual_network_id`: the field of a new resource's id. */
function idField(collection: Collection): string {
  const one = collection.slice(0, -1).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return `${one}_id`;
}
