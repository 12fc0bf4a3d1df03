/**
 * One changer of the host at a time: a kernel lock (flock) on a file. It is gone the moment its
 * process is, however that ended. Node has no call for it, so util-linux's `flock` takes the lock
 * on our open file description, which it inherits; the lock stays with the description.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { NfvError } from '../errors.js';
import { nodeErrno } from './errno.js';

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

/**
 * Somebody has the file locked at this moment, by the kernel's list of locks (/proc/locks): to try
 * the lock would keep it from others. In a PID namespace other than the host's the list lacks locks
 * that were taken by processes which have ended, as our `flock` has (locks_translate_pid of
 * fs/locks.c): nothing seems locked there.
 */
export async function isLocked(path: string): Promise<boolean> {
  try {
    const { ino } = await stat(path);
    const locks = await readFile('/proc/locks', 'utf8');
    return new RegExp(`^\\d+: FLOCK +ADVISORY +WRITE \\d+ [0-9a-f]+:[0-9a-f]+:${ino} `, 'm').test(
      locks,
    );
  } catch (error) {
    // Nobody has ever locked it.
    if (nodeErrno(error) === 'ENOENT') return false;
    throw new NfvError('FILE_UNREADABLE', `cannot see whether ${path} is locked`, { cause: error });
  }
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
