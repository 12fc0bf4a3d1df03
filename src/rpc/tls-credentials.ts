/**
 * TLS for the clients of gRPC. Those of grpc-js name an IP address as the TLS server name, too, which RFC 6066 §3 does
 * not allow: Node warns of it (DEP0123), and from version 26 on refuses to connect.
 */
import { isIP, type Socket } from 'node:net';
import { connect, type ConnectionOptions, type SecureContext } from 'node:tls';
import {
  CallCredentials,
  ChannelCredentials,
  experimental,
  type ChannelOptions,
} from '@grpc/grpc-js';

type CheckIdentity = NonNullable<ConnectionOptions['checkServerIdentity']>;

/** A certificate is asked of the server, whatever the environment says (NODE_TLS_REJECT_UNAUTHORIZED). */
export class TlsCredentials extends ChannelCredentials {
  /** @param checkIdentity is given the name or the address that was called */
  constructor(
    private readonly secureContext: SecureContext,
    private readonly checkIdentity: CheckIdentity,
  ) {
    super();
  }

  _isSecure(): boolean {
    return true;
  }

  _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  _createSecureConnector(
    target: experimental.GrpcUri,
    options: ChannelOptions,
    callCredentials = CallCredentials.createEmpty(),
  ): experimental.SecureConnector {
    const { secureContext, checkIdentity: checkServerIdentity } = this;
    const host = hostOf(target, options);
    return new Connector(
      {
        ...{ secureContext, checkServerIdentity, host },
        rejectUnauthorized: true,
        ALPNProtocols: ['h2'],
        ...(isIP(host) === 0 ? { servername: host } : {}),
      },
      callCredentials,
    );
  }
}

class Connector implements experimental.SecureConnector {
  constructor(
    private readonly options: ConnectionOptions,
    private readonly callCredentials: CallCredentials,
  ) {}

  connect(socket: Socket): Promise<experimental.SecureConnectResult> {
    return new Promise((resolve, reject) => {
      const secured = connect({ ...this.options, socket }, () => {
        resolve({ socket: secured, secure: true });
      });
      // It stays: what goes wrong later is the transport's, which sees the socket close.
      secured.on('error', reject);
    });
  }

  waitForReady(): Promise<void> {
    return Promise.resolve();
  }

  getCallCredentials(): CallCredentials {
    return this.callCredentials;
  }

  destroy(): void {
    // There is nothing to let go of.
  }
}

/** Who is called, be it through a proxy (`https_proxy`): the target is the proxy then. */
function hostOf({ scheme, path }: experimental.GrpcUri, options: ChannelOptions): string {
  // As grpc-js has it: who listens at a socket is this host.
  if (scheme === 'unix') return 'localhost';
  const beyond: unknown = options['grpc.http_connect_target'];
  // As grpc-js writes it: `dns:HOST:PORT`, or `dns://RESOLVER/HOST:PORT`.
  const called = typeof beyond === 'string' ? beyond.replace(/^\w+:(\/\/[^/]*\/)?/, '') : path;
  return experimental.splitHostPort(called)?.host ?? called;
}
