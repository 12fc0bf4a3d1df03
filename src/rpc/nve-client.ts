/** The southbound stream, NVE's end. */
import { Metadata } from '@grpc/grpc-js';
import { NfvError } from '../errors.js';
import type { FromNve, ReceivedFromNva } from '../model/southbound.js';
import { formatTarget, type Address } from './address.js';
import { fromNvaFromWire, fromNveToWire } from './convert/southbound.js';
import { loadProtos, type Protos } from './load.js';
import { sessionStream, type SessionStream } from './session-stream.js';
import { StatusCodec } from './status.js';
import { revokedError } from './peers.js';
import { fixedTls, type TlsKeeper, type TlsSource } from './tls-keeper.js';
import type { TlsFiles } from './tls-material.js';
import { CHANNEL_OPTIONS, credentialsToNva } from './tls.js';
import { mapServiceError } from './unary.js';

/** How long an NVA may keep a stream that we have ended. */
const LINGER_MS = 1000;

export type NveSideStream = SessionStream<ReceivedFromNva, FromNve>;

type NveSessionService = InstanceType<Protos['nfv']['v1']['NveSessionService']>;

/** A connection of its own. */
interface Opened {
  readonly client: NveSessionService;
  readonly target: string;
  readonly tls: TlsSource | undefined;
}

export class NveSessionClient {
  readonly #protos: Protos = loadProtos().protos;
  readonly #codec = new StatusCodec(this.#protos);

  /** @param tls looks after certificates; absent: they are read for each stream */
  constructor(private readonly tls?: Pick<TlsKeeper, 'keep'>) {}

  /**
   * Opens a stream on a connection of its own, so that a broken one is never used again. That it
   * could not be opened shows as an error of `incoming`. Once we have ended it, the NVA has a second
   * to end its side. It ends, too, when the NVA's certificate is revoked.
   * @throws NfvError FILE_UNREADABLE
   */
  connect(address: Address, files: TlsFiles | undefined): NveSideStream {
    const { client, target, tls } = this.#open(address, files);
    const call = client.Connect(new Metadata());
    let cancelled = false;
    let linger: NodeJS.Timeout | undefined;
    const stream = sessionStream({
      call,
      decode: fromNvaFromWire,
      encode: fromNveToWire,
      mapError: (thrown) => mapServiceError(this.#codec, target, thrown, cancelled),
      finish(error) {
        cancelled = error !== undefined;
        if (cancelled) {
          call.cancel();
          return;
        }
        call.end();
        linger = setTimeout(() => {
          call.cancel();
        }, LINGER_MS);
      },
    });
    const leaveRevoked = (): void => {
      const certificate = call.getAuthContext()?.sslPeerCertificate?.raw;
      if (certificate === undefined || tls?.current.isRevoked(certificate) !== true) return;
      stream.end(revokedError(target));
    };
    const forget = tls?.onChange(leaveRevoked);
    // A list may have come while the connection was being made.
    call.once('metadata', leaveRevoked);
    // Not sooner: what was sent last may still wait for the connection.
    call.once('status', () => {
      clearTimeout(linger);
      forget?.();
      client.close();
    });
    return { ...stream, peer: target };
  }

  /**
   * Whether an NVA takes connections there, with the certificate of one. Nothing is asked of it.
   * @throws NfvError NVA_UNREACHABLE, also at the signal; FILE_UNREADABLE
   */
  async reach(address: Address, files: TlsFiles | undefined, signal: AbortSignal): Promise<void> {
    const { client, target } = this.#open(address, files);
    const closed = new NfvError('NVA_UNREACHABLE', `${target} does not answer`);
    try {
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener(
          'abort',
          () => {
            reject(closed);
          },
          { once: true },
        );
        client.waitForReady(Infinity, (error) => {
          if (error === undefined) resolve();
          else reject(closed);
        });
      });
    } finally {
      client.close();
    }
  }

  #open(address: Address, files: TlsFiles | undefined): Opened {
    const tls = files && (this.tls?.keep(files) ?? fixedTls(files));
    const target = formatTarget(address);
    const client = new this.#protos.nfv.v1.NveSessionService(
      target,
      credentialsToNva(tls?.current),
      {
        ...CHANNEL_OPTIONS,
        'grpc.use_local_subchannel_pool': 1,
        // Reconnecting is the session machine's job, which knows when.
        'grpc.enable_retries': 0,
      },
    );
    return { client, target, tls };
  }
}
