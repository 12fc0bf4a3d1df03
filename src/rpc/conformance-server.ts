/** The southbound service alone, for a program that examines NVEs: it may also send what is wrong. */
import { Server, type ServerDuplexStream } from '@grpc/grpc-js';
import type { FromNve } from '../model/southbound.js';
import { formatTarget } from './address.js';
import { toWire, type FromExaminer } from './convert/malformed.js';
import { fromNveFromWire } from './convert/southbound.js';
import type { ConnectRequest__Output } from './gen/nfv/v1/ConnectRequest.js';
import type { ConnectResponse } from './gen/nfv/v1/ConnectResponse.js';
import { listen, type Listener } from './listen.js';
import { loadProtos } from './load.js';
import { serverStreamError, sessionStream, type SessionStream } from './session-stream.js';
import { StatusCodec } from './status.js';
import { fixedTls } from './tls-keeper.js';
import { CHANNEL_OPTIONS } from './tls.js';

export type ExaminerStream = SessionStream<FromNve, FromExaminer>;

export class ConformanceServer {
  readonly #server = new Server(CHANNEL_OPTIONS);

  /** @param onStream is called with each stream that an NVE opens */
  constructor(onStream: (stream: ExaminerStream) => void) {
    const { protos } = loadProtos();
    const codec = new StatusCodec(protos);
    this.#server.addService(protos.nfv.v1.NveSessionService.service, {
      Connect(call: ServerDuplexStream<ConnectRequest__Output, ConnectResponse>) {
        const stream = sessionStream({
          call,
          decode: fromNveFromWire,
          encode: toWire,
          mapError: serverStreamError,
          finish(error) {
            if (error === undefined) call.end();
            else call.emit('error', codec.toServiceError(error));
          },
        });
        onStream(stream);
      },
    });
  }

  /**
   * @returns where it listens, as a target for clients
   * @throws NfvError INSECURE_LISTENER, LISTEN_FAILED, FILE_UNREADABLE
   */
  async start(listener: Listener): Promise<string> {
    const tls = listener.tls === undefined ? undefined : fixedTls(listener.tls);
    return formatTarget(await listen(this.#server, listener, tls));
  }

  /** Cuts what is open. */
  stop(): void {
    this.#server.forceShutdown();
  }
}
