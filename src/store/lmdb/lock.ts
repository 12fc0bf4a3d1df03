/**
 * One writer a directory: a kernel lock (flock) on the directory itself. It is gone the moment
 * its process is, however that ended, and knows nothing of process ids. Node has no call for it,
 * so util-linux's `flock` takes the lock on our open file description, which it inherits; the
 * lock stays with the description when that child has ended.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import { NfvError } from '../../errors.js';
import { storeError } from './errors.js';

const LOCKED_BY_ANOTHER = 1;
const DEADLINE_MS = 10_000;

export interface DirectoryLock {
  release(): Promise<void>;
}

/** @throws NfvError STORE_LOCKED, COMMAND_MISSING, FILE_UNREADABLE, STORE_FAILED */
export async function lockDirectory(path: string): Promise<DirectoryLock> {
  let directory: FileHandle;
  try {
    directory = await open(path, 'r');
  } catch (error) {
    throw storeError(error, `cannot open ${path}`);
  }
  try {
    await takeLock(directory.fd, path);
  } catch (error) {
    await directory.close();
    throw error;
  }
  return { release: () => directory.close() };
}

async function takeLock(fd: number, path: string): Promise<void> {
  // The descriptor is the child's number 3.
  const child = spawn('flock', ['-x', '-n', '3'], {
    stdio: ['ignore', 'ignore', 'pipe', fd],
    timeout: DEADLINE_MS,
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, 1000);
  });
  try {
    await once(child, 'close');
  } catch (error) {
    throw new NfvError('COMMAND_MISSING', `cannot run flock to lock ${path}`, {
      cause: error,
      remedy: 'install the package: apt-get install util-linux',
    });
  }
  if (child.exitCode === 0) return;
  if (child.exitCode === LOCKED_BY_ANOTHER) {
    throw new NfvError('STORE_LOCKED', `another process has the store ${path} open for writing`, {
      metadata: { path },
    });
  }
  const how = child.signalCode ?? `exit ${child.exitCode ?? 'unknown'}`;
  throw new NfvError('STORE_FAILED', `flock could not lock ${path}: ${how}: ${said.trim()}`);
}
