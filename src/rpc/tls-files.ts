/** Reading the PEM files of mutual TLS, at once or beside other things. */
import { readFileSync } from 'node:fs';
import { bounded, fileStamp, readBytes, unreadable } from './watched-file.js';
import { tlsMaterial, type TlsBytes, type TlsFiles, type TlsMaterial } from './tls-material.js';

/** @throws NfvError FILE_UNREADABLE */
export function readTls(files: TlsFiles): TlsMaterial {
  const bytes = { ca: read(files.ca), cert: read(files.cert), key: read(files.key) };
  const crl = files.crl ?? '';
  return tlsMaterial(files, { ...bytes, ...(crl !== '' && { crl: read(crl) }) });
}

export function read(path: string): Buffer {
  try {
    return bounded(path, readFileSync(path));
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** @throws NfvError FILE_UNREADABLE */
export async function readTlsBytes(files: TlsFiles): Promise<TlsBytes> {
  const [ca, cert, key, crl] = await Promise.all(pathsOf(files).map(readBytes));
  // The first three are there: there are so many paths.
  const empty = Buffer.of();
  const bytes = { ca: ca ?? empty, cert: cert ?? empty, key: key ?? empty };
  return { ...bytes, ...(crl !== undefined && { crl }) };
}

/**
 * What changes whenever one of the files is another one, behind any symbolic links.
 * @throws NfvError FILE_UNREADABLE
 */
export async function stampOf(files: TlsFiles): Promise<string> {
  return (await Promise.all(pathsOf(files).map(fileStamp))).join(' ');
}

export function pathsOf({ ca, cert, key, crl = '' }: TlsFiles): string[] {
  return [ca, cert, key, ...(crl === '' ? [] : [crl])];
}
