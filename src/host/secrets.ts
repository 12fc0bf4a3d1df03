/** Secrets of this host: a file each, in one directory. */
import { isUtf8 } from 'node:buffer';
import { constants, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { NfvError } from '../errors.js';
import { nodeErrno } from './errno.js';

export class Secrets {
  constructor(
    private readonly directory: string,
    /** Bytes. */
    private readonly maxLength: number,
  ) {}

  /**
   * What the file says, less a line break at its end.
   * @throws NfvError FILE_UNREADABLE, which never has the secret in it: no such file, one that everybody may
   * read, an empty one, a longer one, one with a zero byte or that is not UTF-8
   */
  async read(name: string): Promise<string> {
    const path = join(this.directory, name);
    const bytes = await this.#bytes(path);
    const secret = bytes.toString('utf8').replace(/\r?\n$/, '');
    const length = Buffer.byteLength(secret);
    if (length === 0) throw unreadable(path, 'is empty');
    if (length > this.maxLength) throw unreadable(path, `has more than ${this.maxLength} bytes`);
    // What is not would be sent as other bytes, and the other end refused.
    if (!isUtf8(bytes)) throw unreadable(path, 'is not UTF-8');
    if (secret.includes('\0')) throw unreadable(path, 'has a zero byte');
    return secret;
  }

  async #bytes(path: string): Promise<Buffer> {
    let handle: FileHandle | undefined;
    try {
      // A device or a pipe would keep us waiting.
      handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const found = await handle.stat();
      if (!found.isFile()) throw unreadable(path, 'is no file');
      if ((found.mode & 0o007) !== 0) throw unreadable(path, 'can be read or written by everybody');
      const buffer = Buffer.alloc(this.maxLength + 3);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      if (error instanceof NfvError) throw error;
      throw unreadable(path, `cannot be read: ${nodeErrno(error)}`, error);
    } finally {
      await handle?.close();
    }
  }
}

function unreadable(path: string, why: string, cause?: unknown): NfvError {
  return new NfvError('FILE_UNREADABLE', `the secret ${path} ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    metadata: { path },
  });
}
