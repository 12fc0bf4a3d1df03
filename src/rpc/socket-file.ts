/** Listening on a unix socket that only our user may open. */
import { chmod, lstat, mkdir, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { NfvError } from '../errors.js';

/**
 * Has `bind` make the socket, with mode 0600 from its first moment on. One that a killed process has
 * left is replaced. @throws NfvError LISTEN_FAILED, or what `bind` throws
 */
export async function bindSocketFile(path: string, bind: () => Promise<unknown>): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 }).catch((cause: unknown) => {
    const { message } = NfvError.from(cause);
    throw new NfvError('LISTEN_FAILED', `${path}: ${message}`, { cause });
  });
  await removeStale(path);
  const umask = process.umask(0o177);
  try {
    await bind();
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
