import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { invalidFields, NfvError, type ErrorCode } from '../errors.js';
import { tooLarge } from '../model/yaml.js';

export interface ReadTextOptions {
  readonly maxBytes: number;
  /** Of a text that is not UTF-8. */
  readonly code: ErrorCode;
}

/** What a command reads from. */
export interface Input {
  readonly stdin: Readable;
  /** Nobody waits for the rest any more: stdin, or a pipe, may never end. */
  readonly signal: AbortSignal;
}

/**
 * The text of a file, or of stdin (`-`); no more is read than may be.
 * @throws NfvError FILE_UNREADABLE, MESSAGE_TOO_LARGE, CANCELLED, and of the given code
 */
export async function readText(
  file: string,
  { stdin, signal }: Input,
  options: ReadTextOptions,
): Promise<string> {
  signal.throwIfAborted();
  const read = file === '-' ? collect('stdin', stdin, options) : readFile(file, options);
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      stdin.destroy();
      reject(new NfvError('CANCELLED', `${file}: interrupted while it was read`));
    };
    signal.addEventListener('abort', leave, { once: true });
    void read.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', leave);
    });
  });
}

async function readFile(file: string, options: ReadTextOptions): Promise<string> {
  try {
    const handle = await open(file, 'r');
    return await collect(file, handle.createReadStream(), options);
  } catch (cause) {
    if (cause instanceof NfvError) throw cause;
    return unreadable(file, cause);
  }
}

async function collect(
  file: string,
  stream: Readable,
  { maxBytes, code }: ReadTextOptions,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const parts: AsyncIterable<Uint8Array> = stream;
  for await (const chunk of parts) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(file, `more than ${maxBytes} bytes`, maxBytes);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw invalidFields(
      [{ field: file, value: `${bytes} bytes`, reason: 'not UTF-8', remedy: 'give a text file' }],
      code,
    );
  }
}

export function unreadable(path: string, cause: unknown): never {
  throw new NfvError('FILE_UNREADABLE', NfvError.from(cause).message.replace(/'/g, '"'), {
    cause,
    metadata: { path },
  });
}
