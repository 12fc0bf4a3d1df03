/** Files of a certificate authority: whole or not there, keys for their owner only. */
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NfvError } from '../errors.js';
import { syncFolder } from '../host/durable-file.js';
import { nodeErrno } from '../host/errno.js';

export const MODE = { secret: 0o600, open: 0o644, folder: 0o700 } as const;

/** @throws NfvError FILE_UNREADABLE */
export async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw failed('read', path, cause);
  }
}

/** Only where there is no such file yet. @throws NfvError ALREADY_EXISTS, FILE_UNREADABLE */
export async function create(path: string, text: string, mode: number): Promise<void> {
  const temporary = await written(path, text, mode);
  try {
    await link(temporary, path);
  } catch (cause) {
    if (nodeErrno(cause) !== 'EEXIST') throw failed('create', path, cause);
    throw new NfvError('ALREADY_EXISTS', `${path} is there`, {
      cause,
      remedy: 'move it away, or choose another name: nothing is overwritten',
    });
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dirname(path));
}

/** In place of a file that may be there. @throws NfvError FILE_UNREADABLE */
export async function replace(path: string, text: string, mode: number): Promise<void> {
  const temporary = await written(path, text, mode);
  try {
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw failed('write', path, cause);
  }
  await syncFolder(dirname(path));
}

/** For its owner only. @throws NfvError FILE_UNREADABLE */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: MODE.folder });
  } catch (cause) {
    throw failed('create', path, cause);
  }
}

async function written(path: string, text: string, mode: number): Promise<string> {
  const temporary = `${path}.${process.pid}.nfvd-new`;
  try {
    await rm(temporary, { force: true });
    const file = await open(temporary, 'wx', mode);
    try {
      // Whatever the umask has left of it.
      await file.chmod(mode);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    await rm(temporary, { force: true });
    throw failed('write', path, cause);
  }
  return temporary;
}

export function failed(what: string, path: string, cause: unknown): NfvError {
  if (cause instanceof NfvError) return cause;
  const why = nodeErrno(cause) === '' ? String(cause) : nodeErrno(cause);
  return new NfvError('FILE_UNREADABLE', `cannot ${what} ${path}: ${why}`, { cause });
}
