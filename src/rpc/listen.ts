/** Binding a gRPC server to its addresses. */
import { chmod, lstat, mkdir, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Server, ServerCredentials } from '@grpc/grpc-js';
import { NfvError } from '../errors.js';
import { formatTarget, isLocal, type Address } from './address.js';
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
    await bindSocket(server, address.path, credentials);
    return address;
  }
  const port = await bind(server, formatTarget(address), credentials);
  return { ...address, port };
}

/** Only our user may open the socket, from its first moment on. */
async function bindSocket(server: Server, path: string, creds: ServerCredentials): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 }).catch((cause: unknown) => {
    throw listenFailed(path, cause);
  });
  await removeStale(path);
  const umask = process.umask(0o177);
  try {
    await bind(server, `unix:${path}`, creds);
  } finally {
    process.umask(umask);
  }
  await chmod(path, 0o600);
}

/** A socket that nobody answers at is left over from a process that was killed. */
async function removeStale(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined) return;
  if (!stat.isSocket()) {
    throw new NfvError('LISTEN_FAILED', `${path} exists and is not a socket`);
  }
  if (await answers(path)) {
    throw new NfvError('LISTEN_FAILED', `${path} is in use by another process`);
  }
  await unlink(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
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
