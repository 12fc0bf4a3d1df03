/** Files that are either the old one or the new one, whatever happens in between. */
import { chmod, chown, mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { NfvError } from '../errors.js';
import { nodeErrno } from './errno.js';

/** A file's text; undefined: there is none. @throws NfvError FILE_UNREADABLE, MESSAGE_TOO_LARGE */
export async function readText(path: string, maxBytes: number): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) {
      throw new NfvError('MESSAGE_TOO_LARGE', `${path} has ${size} bytes, over ${maxBytes}`);
    }
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (nodeErrno(cause) === 'ENOENT' || nodeErrno(cause) === 'ENOTDIR') return undefined;
    throw unreadable('read', path, cause);
  }
}

/**
 * Replaces a file and waits until that is on the disk. Mode and owner of one that is there are kept;
 * a symbolic link stays one, and the file that it leads to is replaced.
 * @throws NfvError FILE_UNREADABLE
 */
export async function writeDurably(link: string, text: string): Promise<void> {
  const path = await realpath(link).catch(() => link);
  const temporary = `${path}.nfvd-new`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const old = await stat(path).catch(() => undefined);
    const file = await open(temporary, 'w', 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    if (old !== undefined) {
      await chmod(temporary, old.mode & 0o7777);
      await chown(temporary, old.uid, old.gid);
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw unreadable('write', path, cause);
  }
}

/** Removes a file, if it is there, and waits until that is on the disk. */
export async function removeDurably(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
    await syncFolder(dirname(path));
  } catch (cause) {
    if (nodeErrno(cause) !== 'ENOENT') throw unreadable('remove', path, cause);
  }
}

/**
 * Makes what is missing above a folder of ours, for all users to pass through and for none but ours to write: other
 * daemons have theirs beside it. Whatever the umask is; what is there stays as it is.
 */
export async function makeParents(path: string): Promise<void> {
  const parent = dirname(resolve(path));
  const first = await mkdir(parent, { recursive: true, mode: PASSABLE });
  if (first === undefined) return;
  for (let made = parent; ; made = dirname(made)) {
    await chmod(made, PASSABLE);
    if (made === resolve(first)) return;
  }
}

const PASSABLE = 0o755;

/** What was created or renamed in a folder is on the disk after this. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function unreadable(what: string, path: string, cause: unknown): NfvError {
  if (cause instanceof NfvError) return cause;
  const why = nodeErrno(cause) === '' ? String(cause) : nodeErrno(cause);
  return new NfvError('FILE_UNREADABLE', `cannot ${what} ${path}: ${why}`, { cause });
}
