/** Reading the PEM files of mutual TLS, at once or beside other things. */
import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { NfvError } from '../errors.js';
import { tlsMaterial, type TlsBytes, type TlsFiles, type TlsMaterial } from './tls-material.js';

/** Of one file: 100,000 revoked certificates. */
const MAX_BYTES = 4 * 1024 * 1024;

/** @throws NfvError FILE_UNREADABLE */
export function readTls(files: TlsFiles): TlsMaterial {
  const bytes = { ca: read(files.ca), cert: read(files.cert), key: read(files.key) };
  const crl = files.crl ?? '';
  return tlsMaterial(files, { ...bytes, ...(crl !== '' && { crl: read(crl) }) });
}

export function read(path: string): Buffer {
  try {
    return checked(path, readFileSync(path));
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** @throws NfvError FILE_UNREADABLE */
export async function readTlsBytes(files: TlsFiles): Promise<TlsBytes> {
  const [ca, cert, key, crl] = await Promise.all(pathsOf(files).map(readAsync));
  // The first three are there: there are so many paths.
  const empty = Buffer.of();
  const bytes = { ca: ca ?? empty, cert: cert ?? empty, key: key ?? empty };
  return { ...bytes, ...(crl !== undefined && { crl }) };
}

async function readAsync(path: string): Promise<Buffer> {
  try {
    return checked(path, await readFile(path));
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/**
 * What changes whenever one of the files is another one, behind any symbolic links.
 * @throws NfvError FILE_UNREADABLE
 */
export async function stampOf(files: TlsFiles): Promise<string> {
  const stamps = await Promise.all(
    pathsOf(files).map(async (path) => {
      try {
        const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
        return [dev, ino, size, mtimeNs, ctimeNs].join(':');
      } catch (cause) {
        throw unreadable(path, cause);
      }
    }),
  );
  return stamps.join(' ');
}

export function pathsOf({ ca, cert, key, crl = '' }: TlsFiles): string[] {
  return [ca, cert, key, ...(crl === '' ? [] : [crl])];
}

function checked(path: string, bytes: Buffer): Buffer {
  if (bytes.length <= MAX_BYTES) return bytes;
  throw new NfvError('FILE_UNREADABLE', `${path} has ${bytes.length} bytes, over ${MAX_BYTES}`);
}

function unreadable(path: string, cause: unknown): NfvError {
  if (cause instanceof NfvError) return cause;
  return new NfvError('FILE_UNREADABLE', `${path}: ${NfvError.from(cause).message}`, { cause });
}
