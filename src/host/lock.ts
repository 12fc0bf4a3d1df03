/**
 * One changer of the host at a time: a kernel lock (flock) on a file. It is gone the moment its
 * process is, however that ended. Node has no call for it, so util-linux's `flock` takes the lock
 * on our open file description, which it inherits; the lock stays with the description.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, type FileHandle } from 'node:fs/promises';
import { NfvError } from '../errors.js';

export interface HostLock {
  release(): Promise<void>;
}

const LOCKED_BY_ANOTHER = 1;
const DEADLINE_MS = 10_000;

/** @throws NfvError HOST_BUSY, COMMAND_MISSING, FILE_UNREADABLE */
export async function lockFile(path: string): Promise<HostLock> {
  let file: FileHandle;
  try {
    file = await open(path, 'a');
  } catch (cause) {
    throw new NfvError('FILE_UNREADABLE', `cannot open ${path}: ${String(cause)}`, { cause });
  }
  try {
    await flock(file.fd, path);
  } catch (error) {
    await file.close();
    throw error;
  }
  return { release: () => file.close() };
}

async function flock(fd: number, path: string): Promise<void> {
  // The descriptor is the child's number 3.
  const child = spawn('flock', ['-x', '-n', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
    timeout: DEADLINE_MS,
  });
  try {
    await once(child, 'close');
  } catch (cause) {
    throw new NfvError('COMMAND_MISSING', `cannot run flock to lock ${path}`, {
      cause,
      remedy: 'install the package: apt-get install util-linux',
    });
  }
  if (child.exitCode === 0) return;
  if (child.exitCode === LOCKED_BY_ANOTHER) {
    throw new NfvError('HOST_BUSY', `another process is changing this host: it has ${path} locked`);
  }
  throw new NfvError('FILE_UNREADABLE', `flock could not lock ${path}`);
}
