/** Binding a gRPC server to its addresses. */
import type { Server, ServerCredentials } from '@grpc/grpc-js';
import { NfvError } from '../errors.js';
import { formatTarget, isLocal, type Address } from './address.js';
import { bindSocketFile } from './socket-file.js';
import type { TlsSource } from './tls-keeper.js';
import type { TlsFiles } from './tls-material.js';
import { serverCredentials } from './tls.js';

export interface Listener {
  readonly address: Address;
  readonly tls?: TlsFiles;
}

/**
 * Binds and answers with the address in force (port 0 is replaced).
 * @param tls what the listener's files hold; undefined: it has none
 * @throws NfvError INSECURE_LISTENER, LISTEN_FAILED
 */
export async function listen(
  server: Server,
  { address }: Pick<Listener, 'address'>,
  tls: TlsSource | undefined,
): Promise<Address> {
  if (tls === undefined && !isLocal(address)) {
    throw new NfvError(
      'INSECURE_LISTENER',
      `${formatTarget(address)} can be reached from other hosts and has no TLS`,
    );
  }
  const credentials = serverCredentials(tls);
  if (address.kind === 'unix') {
    const target = formatTarget(address);
    await bindSocketFile(address.path, () => bind(server, target, credentials));
    return address;
  }
  const port = await bind(server, formatTarget(address), credentials);
  return { ...address, port };
}

function bind(server: Server, target: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(target, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(listenFailed(target, error));
    });
  });
}

function listenFailed(target: string, cause: unknown): NfvError {
  const { message } = NfvError.from(cause);
  // What the system said, out of what grpc-js says around it.
  const said = /resolved errors: \[(.*)\]$/s.exec(message)?.[1] ?? message;
  return new NfvError('LISTEN_FAILED', `${target}: ${said}`, { cause });
}
