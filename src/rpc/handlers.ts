/** From functions in domain terms to grpc-js handlers. */
import type {
  handleServerStreamingCall,
  handleUnaryCall,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js';
import { NfvError } from '../errors.js';
import type { Call } from '../model/api.js';
import { peerOf } from './peer.js';
import type { StatusCodec } from './status.js';

/** Unary calls that may be under way at once; more are refused with TOO_MANY_REQUESTS. */
const MAX_CALLS = 4096;

/** How a call ended, for the log. */
export interface CallEnd {
  readonly path: string;
  readonly peer: string;
  readonly milliseconds: number;
  readonly error?: NfvError;
}

export class HandlerFactory {
  #underWay = 0;

  constructor(
    private readonly codec: StatusCodec,
    private readonly onEnd: (end: CallEnd) => void,
  ) {}

  unary<Req, Res>(handle: (request: Req, call: Call) => Promise<Res>): handleUnaryCall<Req, Res> {
    return (call, callback) => {
      const end = this.#begin(call);
      const { signal, forget } = abortSignal(call);
      this.#admit(() => handle(call.request, { signal })).then(
        (response) => {
          forget();
          end();
          callback(null, response);
        },
        (thrown: unknown) => {
          const error = NfvError.from(thrown);
          forget();
          end(error);
          callback(this.codec.toServiceError(error));
        },
      );
    };
  }

  serverStream<Req, Res>(
    handle: (request: Req, call: Call) => AsyncIterable<Res>,
  ): handleServerStreamingCall<Req, Res> {
    return (call) => {
      const end = this.#begin(call);
      const { signal } = abortSignal(call);
      pump(call, handle(call.request, { signal }), signal).then(
        () => {
          end();
          call.end();
        },
        (thrown: unknown) => {
          const error = NfvError.from(thrown);
          end(error);
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

  #begin(call: { getPath(): string; getPeer(): string }): (error?: NfvError) => void {
    const started = performance.now();
    // Later the connection may be gone, and with it what it knows.
    const peer = peerOf(call);
    return (error) => {
      this.onEnd({
        path: call.getPath(),
        peer,
        milliseconds: performance.now() - started,
        ...(error === undefined ? {} : { error }),
      });
    };
  }
}

type ServerCall<Req, Res> = ServerUnaryCall<Req, Res> | ServerWritableStream<Req, Res>;

/** @returns `forget`, for when it no longer matters: grpc-js says "cancelled" at every end. */
function abortSignal<Req, Res>(
  call: ServerCall<Req, Res>,
): {
  readonly signal: AbortSignal;
  readonly forget: () => void;
} {
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort(new NfvError('CANCELLED', 'the caller has gone or its deadline has passed'));
  };
  if (call.cancelled) abort();
  else call.once('cancelled', abort);
  const forget = (): void => {
    call.removeListener('cancelled', abort);
  };
  return { signal: controller.signal, forget };
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
