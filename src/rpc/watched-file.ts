/** Files that are looked at again while they are in use. */
import { readFile, stat } from 'node:fs/promises';
import { NfvError } from '../errors.js';

/** Of one file: 100,000 revoked certificates. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * What changes whenever the file is another one, behind any symbolic links.
 * @throws NfvError FILE_UNREADABLE
 */
export async function fileStamp(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** At most 4 MiB. @throws NfvError FILE_UNREADABLE */
export async function readBytes(path: string): Promise<Buffer> {
  try {
    return bounded(path, await readFile(path));
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** @throws NfvError FILE_UNREADABLE for more than 4 MiB */
export function bounded(path: string, bytes: Buffer): Buffer {
  if (bytes.length <= MAX_BYTES) return bytes;
  throw new NfvError('FILE_UNREADABLE', `${path} has ${bytes.length} bytes, over ${MAX_BYTES}`);
}

export function unreadable(path: string, cause: unknown): NfvError {
  if (cause instanceof NfvError) return cause;
  return new NfvError('FILE_UNREADABLE', `${path}: ${NfvError.from(cause).message}`, { cause });
}
