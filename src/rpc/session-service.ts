/** The southbound service, NVA's end. */
import { NfvError } from '../errors.js';
import { identityText, type Identity } from '../model/identity.js';
import type { FromNva, FromNve } from '../model/southbound.js';
import { fromNvaToWire, fromNveFromWire } from './convert/southbound.js';
import type { NveSessionServiceHandlers } from './gen/nfv/v1/NveSessionService.js';
import type { CallLimiter } from './call-limiter.js';
import { certificateOf, identityOf, type Trust } from './identity.js';
import type { DeltaEncoder } from './delta-encoder.js';
import { serverStreamError, sessionStream, type SessionStream } from './session-stream.js';
import type { StatusCodec } from './status.js';

export type NvaSideStream = SessionStream<FromNve, FromNva>;

/** Runs one session; the stream ends when the promise settles, with its error if it has one. */
export type SessionHandler = (stream: NvaSideStream, identity: Identity) => Promise<void>;

/** @param deltas of this service, which has to take what is encoded */
export function sessionServiceHandlers(
  handle: SessionHandler,
  deltas: DeltaEncoder,
  codec: StatusCodec,
  trust: Trust,
  limiter: CallLimiter | undefined,
): NveSessionServiceHandlers {
  return {
    Connect(call) {
      const stream = sessionStream({
        call,
        decode: fromNveFromWire,
        encode: (message: FromNva) =>
          message.kind === 'delta' ? deltas.encode(message) : fromNvaToWire(message),
        mapError: serverStreamError,
        finish(error) {
          if (error === undefined) call.end();
          else call.emit('error', codec.toServiceError(error));
        },
      });
      const forget = trust.peers.watch(certificateOf(call), (error) => {
        stream.end(error);
      });
      const identity = identityOf(call, trust);
      admitted(() => handle(stream, identity), trust.mutualTls ? limiter : undefined, identity)
        .then(
          () => {
            stream.end();
          },
          (thrown: unknown) => {
            stream.end(NfvError.from(thrown));
          },
        )
        .finally(forget);
    },
  };
}

/** A session counts as a call under way. @throws NfvError TOO_MANY_REQUESTS */
async function admitted(
  run: () => Promise<void>,
  limiter: CallLimiter | undefined,
  identity: Identity,
): Promise<void> {
  const leave = limiter?.begin(identityText(identity));
  try {
    await run();
  } finally {
    leave?.();
  }
}
