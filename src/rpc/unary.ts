import { Metadata, type CallOptions, type ClientUnaryCall, type ServiceError } from '@grpc/grpc-js';
import { NfvError } from '../errors.js';
import type { Call } from '../model/api.js';
import { formatTraceparent, type Origin, type TraceContext } from '../model/origin.js';
import { ON_BEHALF_OF, TRACEPARENT } from './origin.js';
import type { StatusCodec } from './status.js';

/** A method of a generated client with its request bound. */
export type Start<Res> = (
  metadata: Metadata,
  options: CallOptions,
  done: (error: ServiceError | null, response?: Res) => void,
) => ClientUnaryCall;

/** Turns grpc-js's callbacks into promises with a deadline, a cancel and our errors. */
export class Unary {
  constructor(
    private readonly codec: StatusCodec,
    private readonly target: string,
    private readonly timeoutMs: number,
    private readonly trace?: TraceContext,
  ) {}

  /** What goes with every call. @param origin of a call that this one is made for */
  metadata(origin?: Origin): Metadata {
    const metadata = new Metadata();
    const trace = origin?.trace ?? this.trace;
    if (trace !== undefined) metadata.set(TRACEPARENT, formatTraceparent(trace));
    if (origin !== undefined) metadata.set(ON_BEHALF_OF, encodeURIComponent(origin.who));
    return metadata;
  }

  call<Res>(
    { signal, origin, deadline: latest = Infinity }: Call,
    start: Start<Res>,
    extraMs = 0,
  ): Promise<Res> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(new NfvError('CANCELLED', 'cancelled before it was sent'));
        return;
      }
      const deadline = Math.min(latest, Date.now() + this.timeoutMs + extraMs);
      const call = start(this.metadata(origin), { deadline }, (error, response) => {
        signal.removeEventListener('abort', cancel);
        if (response === undefined) reject(this.mapError(error, signal));
        else resolve(response);
      });
      const cancel = (): void => {
        call.cancel();
      };
      signal.addEventListener('abort', cancel, { once: true });
    });
  }

  /** `signal` is that of the call. */
  mapError(thrown: unknown, signal: AbortSignal): NfvError {
    return mapServiceError(this.codec, this.target, thrown, signal.aborted);
  }
}

/**
 * What a call failed with, in our terms. `target` is the peer's address, for people; `cancelled`:
 * it was by ourselves. A peer that is killed makes gRPC say CANCELLED too.
 */
export function mapServiceError(
  codec: StatusCodec,
  target: string,
  thrown: unknown,
  cancelled: boolean,
): NfvError {
  if (!isServiceError(thrown)) return NfvError.from(thrown);
  const error = codec.fromServiceError(thrown, target);
  if (error.code !== 'CANCELLED' || cancelled) return error;
  return new NfvError('NVA_UNREACHABLE', `${target}: the connection was cut`, { cause: thrown });
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return (
    thrown instanceof Error &&
    'code' in thrown &&
    typeof thrown.code === 'number' &&
    'details' in thrown &&
    'metadata' in thrown &&
    thrown.metadata instanceof Metadata
  );
}
