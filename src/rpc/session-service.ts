/** The southbound service, NVA's end. */
import { NfvError } from '../errors.js';
import type { Identity } from '../model/identity.js';
import type { FromNva, FromNve } from '../model/southbound.js';
import { fromNvaToWire, fromNveFromWire } from './convert/southbound.js';
import type { NveSessionServiceHandlers } from './gen/nfv/v1/NveSessionService.js';
import { certificateOf, identityOf, type Trust } from './identity.js';
import { sessionStream, type SessionStream } from './session-stream.js';
import type { StatusCodec } from './status.js';

export type NvaSideStream = SessionStream<FromNve, FromNva>;

/** Runs one session; the stream ends when the promise settles, with its error if it has one. */
export type SessionHandler = (stream: NvaSideStream, identity: Identity) => Promise<void>;

export function sessionServiceHandlers(
  handle: SessionHandler,
  codec: StatusCodec,
  trust: Trust,
): NveSessionServiceHandlers {
  return {
    Connect(call) {
      const stream = sessionStream({
        call,
        decode: fromNveFromWire,
        encode: fromNvaToWire,
        mapError: (thrown) => NfvError.from(thrown),
        finish(error) {
          if (error === undefined) call.end();
          else call.emit('error', codec.toServiceError(error));
        },
      });
      const forget = trust.peers.watch(certificateOf(call), (error) => {
        stream.end(error);
      });
      handle(stream, identityOf(call, trust))
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
