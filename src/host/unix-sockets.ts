/**
 * Sockets of other programs in directories of ours: whether one may be made at a path, and who may use
 * it. A guest may own such a directory: nothing here follows a link that is put in a socket's place.
 */
import {
  chmod,
  chown,
  constants,
  lstat,
  mkdir,
  open,
  readlink,
  realpath,
  stat,
  type FileHandle,
} from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { NfvError } from '../errors.js';
import { nodeErrno } from './errno.js';

/** Permission bits and owner of a socket. */
export interface SocketAccess {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** O_PATH (asm-generic/fcntl.h): the file itself, which need not be one that can be opened. */
const O_PATH = 0o10000000;
const PERMISSIONS = 0o777;
const KNOCK_MS = 1000;
/** As many as the kernel follows (MAXSYMLINKS). */
const MAX_LINKS = 40;
/** sun_path less the final 0 (unix(7)); what is longer other programs cut. */
const MAX_PATH = 107;

export class UnixSockets {
  /** Sockets may be in these, and in directories below them. */
  constructor(private readonly directories: readonly string[]) {}

  /**
   * Makes the directory of ours that the path is in, and sees to it that a program may make a socket there
   * (`willListen`; a socket that nobody listens at is no obstacle), or look for one.
   * @throws NfvError SOCKET_PATH_REFUSED: it is too long, in none of the directories, or others could have it
   *   lead elsewhere; SOCKET_PATH_TAKEN
   */
  async prepare(path: string, willListen: boolean): Promise<void> {
    requireShort(path);
    await this.#makeDirectory(path);
    await this.#check(path, willListen);
  }

  /** Why `prepare` would be in vain; nothing is made. Undefined: nothing is known against it. */
  async fault(path: string, willListen: boolean): Promise<NfvError | undefined> {
    try {
      requireShort(path);
      const ours = this.#oursOf(path);
      // It is made when it is needed.
      if (ours === dirname(path) && (await realOf(ours)) === undefined) return undefined;
      await this.#check(path, willListen);
      return undefined;
    } catch (thrown) {
      return NfvError.from(thrown);
    }
  }

  async #check(path: string, willListen: boolean): Promise<void> {
    await this.#contain(path);
    const what = await kindAt(path);
    if (what === 'nothing') return;
    if (what !== 'socket') throw taken(path, `${path} is a ${what}`);
    if (willListen && (await isListenedAt(path))) {
      throw taken(path, `another program listens at ${path}`);
    }
  }

  /** Undefined: there is no socket. */
  async access(path: string): Promise<SocketAccess | undefined> {
    return await withSocket(path, async (handle) => {
      const { mode, uid, gid } = await handle.stat();
      return { mode: mode & PERMISSIONS, uid, gid };
    });
  }

  /** @throws NfvError SOCKET_PATH_TAKEN: there is no socket; KERNEL_REFUSED */
  async setAccess(path: string, { mode, uid, gid }: SocketAccess): Promise<void> {
    const done = await withSocket(path, async (handle) => {
      // chmod(2) of an O_PATH handle is refused; of its name in /proc it is not.
      const itself = `/proc/self/fd/${handle.fd}`;
      await chmod(itself, mode);
      await chown(itself, uid, gid);
      return true;
    });
    if (done !== true) throw taken(path, `${path} is no longer a socket`);
  }

  #oursOf(path: string): string | undefined {
    return this.directories.find((each) => isBelow(path, each));
  }

  async #makeDirectory(path: string): Promise<void> {
    const ours = this.#oursOf(path);
    if (ours === undefined) return;
    try {
      await mkdir(ours, { recursive: true, mode: 0o755 });
    } catch (cause) {
      throw new NfvError('SOCKET_PATH_REFUSED', `cannot make ${ours}: ${nodeErrno(cause)}`, {
        cause,
        metadata: { path },
      });
    }
  }

  async #contain(path: string): Promise<void> {
    const allowed: string[] = [];
    for (const each of this.directories) {
      const real = await realOf(each);
      if (real !== undefined) allowed.push(real);
    }
    const directory = await walkTo(path, async (at) => {
      // Who made the configured directory answers for those above it.
      if (!allowed.some((each) => each !== at && isBelow(each, at)))
        await refuseChangeable(at, path);
    });
    if (allowed.some((each) => directory === each || isBelow(directory, each))) return;
    const text = `${path} is in none of the directories for sockets: ${this.directories.join(', ')}`;
    throw new NfvError('SOCKET_PATH_REFUSED', text, { metadata: { path } });
  }
}

/**
 * The real directory of a path, found as the kernel finds it.
 * @param through is told of each directory in which a name was looked up on the way: who can change one
 *   of these can have the path lead elsewhere from now on. That of the socket itself is none.
 * @throws NfvError SOCKET_PATH_REFUSED: there is none; what `through` throws
 */
async function walkTo(path: string, through: (at: string) => Promise<void>): Promise<string> {
  const names = namesOf(dirname(path));
  let at = '/';
  let links = 0;
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    await through(at);
    const next = join(at, name);
    const target = await linkOrDirectory(next, path);
    if (target === undefined) {
      at = next;
      continue;
    }
    if (++links > MAX_LINKS) throw nowhere(path);
    if (target.startsWith('/')) at = '/';
    names.unshift(...namesOf(target));
  }
  return at;
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

/** Where a link leads to; undefined: it is a directory. */
async function linkOrDirectory(name: string, path: string): Promise<string | undefined> {
  try {
    const found = await lstat(name);
    if (found.isDirectory()) return undefined;
    if (found.isSymbolicLink()) return await readlink(name);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(nodeErrno(error))) throw kernelRefused(path, error);
  }
  throw nowhere(path);
}

/** A group of ours alone changes nothing that we would not. @throws NfvError SOCKET_PATH_REFUSED */
async function refuseChangeable(directory: string, path: string): Promise<void> {
  const { uid, gid, mode } = await stat(directory).catch((error: unknown) => {
    throw kernelRefused(path, error);
  });
  const isOurs = uid === 0 || uid === process.geteuid?.();
  const isGroupOurs = gid === 0 || gid === process.getegid?.();
  if (isOurs && (mode & 0o002) === 0 && ((mode & 0o020) === 0 || isGroupOurs)) return;
  const bits = (mode & PERMISSIONS).toString(8);
  const text = `${path} leads through ${directory}, where others could have it lead elsewhere (owner ${uid}:${gid}, mode ${bits})`;
  throw new NfvError('SOCKET_PATH_REFUSED', text, {
    metadata: { path, directory },
    remedy: `make ${directory} root's, and not writable for others; only the socket's own directory may be a guest's`,
  });
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(directory.endsWith('/') ? directory : `${directory}/`);
}

async function realOf(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(nodeErrno(error))) return undefined;
    throw kernelRefused(path, error);
  }
}

type FileKind = 'nothing' | 'socket' | 'directory' | 'symbolic link' | 'file';

async function kindAt(path: string): Promise<FileKind> {
  try {
    const found = await lstat(path);
    if (found.isSocket()) return 'socket';
    if (found.isDirectory()) return 'directory';
    return found.isSymbolicLink() ? 'symbolic link' : 'file';
  } catch (error) {
    if (nodeErrno(error) === 'ENOENT') return 'nothing';
    if (nodeErrno(error) === 'ENOTDIR') throw nowhere(path);
    throw kernelRefused(path, error);
  }
}

/** @throws NfvError SOCKET_PATH_REFUSED */
function requireShort(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= MAX_PATH) return;
  const text = `${path} is ${bytes} bytes long, and a socket's path at most ${MAX_PATH}`;
  throw new NfvError('SOCKET_PATH_REFUSED', text, {
    metadata: { path },
    remedy: 'choose a shorter path',
  });
}

function nowhere(path: string): NfvError {
  return new NfvError('SOCKET_PATH_REFUSED', `there is no directory ${dirname(path)}`, {
    metadata: { path },
    remedy: 'make the directory, or correct the path',
  });
}

/** What the kernel said, as an error of ours. */
function kernelRefused(path: string, error: unknown): NfvError {
  if (error instanceof NfvError) return error;
  const errno = nodeErrno(error);
  if (errno === '') return NfvError.from(error);
  const text = `the kernel refuses access to ${path}: ${errno}`;
  return new NfvError('KERNEL_REFUSED', text, { cause: error, metadata: { path } });
}

/** Asks as VPP itself does for memif (vppinfra/socket.c): whatever answers, or cannot now, is alive. */
function isListenedAt(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path, timeout: KNOCK_MS });
    const end = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => {
      end(true);
    });
    socket.once('timeout', () => {
      end(true);
    });
    socket.once('error', (error) => {
      end(!['ECONNREFUSED', 'ENOENT'].includes(nodeErrno(error)));
    });
  });
}

async function withSocket<T>(
  path: string,
  use: (handle: FileHandle) => Promise<T>,
): Promise<T | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, O_PATH | constants.O_NOFOLLOW);
    return (await handle.stat()).isSocket() ? await use(handle) : undefined;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(nodeErrno(error))) return undefined;
    throw kernelRefused(path, error);
  } finally {
    await handle?.close();
  }
}

function taken(path: string, text: string): NfvError {
  return new NfvError('SOCKET_PATH_TAKEN', text, { metadata: { path } });
}
