/** Calls that are none of an API's own, health and reflection: they count like all others. */
import type { Server, ServerDuplexStream } from '@grpc/grpc-js';
import type { ReflectionService } from '@grpc/reflection';
import { NfvError } from '../errors.js';
import { identityText } from '../model/identity.js';
import type { CallLimiter } from './call-limiter.js';
import { certificateOf, identityOf, type AnyCall, type Trust } from './identity.js';
import { revokedError } from './peers.js';
import type { StatusCodec } from './status.js';

type Stream = AnyCall & {
  emit(event: 'error', error: unknown): unknown;
  once(event: 'cancelled', ended: () => void): unknown;
};

export class Admission {
  /** @param limiter absent: there are no limits */
  constructor(
    private readonly codec: StatusCodec,
    private readonly trust: Trust,
    private readonly limiter?: CallLimiter,
  ) {}

  /**
   * For a call that is answered at once.
   * @returns what it is to be refused with; undefined: nothing
   */
  refusalOf(call: AnyCall): ReturnType<StatusCodec['toServiceError']> | undefined {
    try {
      this.#begin(call)();
      return undefined;
    } catch (thrown) {
      return this.codec.toServiceError(NfvError.from(thrown));
    }
  }

  /** It counts until it ends, and ends when its certificate is revoked. @returns false: it is refused, and has ended */
  admits(call: Stream): boolean {
    const end = (error: NfvError): void => {
      call.emit('error', this.codec.toServiceError(error));
    };
    try {
      const leave = this.#begin(call);
      const forget = this.trust.peers.watch(certificateOf(call), end);
      // grpc-js says so at every end.
      call.once('cancelled', () => {
        forget();
        leave();
      });
      return true;
    } catch (thrown) {
      end(NfvError.from(thrown));
      return false;
    }
  }

  /** @throws NfvError TOO_MANY_REQUESTS, ACCESS_DENIED */
  #begin(call: AnyCall): () => void {
    const identity = identityOf(call, this.trust);
    if (identity.kind === 'revoked') throw revokedError(identity.who);
    const limiter = this.trust.mutualTls ? this.limiter : undefined;
    return limiter?.begin(identityText(identity)) ?? (() => undefined);
  }
}

/** Each of its methods is a stream, both ways. */
export function addReflection(
  reflection: ReflectionService,
  server: Server,
  admission: Admission,
): void {
  reflection.addToServer({
    addService(service, implementation) {
      const handlers = Object.entries(implementation).map(([method, handle]) => {
        const admitted = (call: ServerDuplexStream<unknown, unknown>): void => {
          if (admission.admits(call)) Reflect.apply(handle, undefined, [call]);
        };
        return [method, admitted] as const;
      });
      server.addService(service, Object.fromEntries(handlers));
    },
  });
}
