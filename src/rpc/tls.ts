import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { ChannelCredentials } from '@grpc/grpc-js';
import { credentials, ServerCredentials, type ChannelOptions } from '@grpc/grpc-js';
import { NfvError } from '../errors.js';

/** Paths of PEM files for mutual TLS: both ends show a certificate that the CA signed. */
export interface TlsFiles {
  /** The CA that signs the peers' certificates. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** As TlsFiles, for a server that may ask for no certificate. */
export interface ClientTlsFiles {
  readonly ca: string;
  /** Both or none. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Limits that hold for both ends of every connection. */
export const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': 4 * 1024 * 1024,
  'grpc.max_send_message_length': 4 * 1024 * 1024,
  // A dead peer is noticed within 15 s even when nothing is to be said.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
} as const satisfies ChannelOptions;

/** @throws NfvError FILE_UNREADABLE */
export function serverCredentials(tls: TlsFiles | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { ca, cert, key } = readPem(tls);
  return ServerCredentials.createSsl(ca, [{ cert_chain: cert, private_key: key }], true);
}

/** @throws NfvError FILE_UNREADABLE */
export function clientCredentials(tls: ClientTlsFiles | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const { ca, cert, key } = tls;
  if (cert === undefined || key === undefined) return credentials.createSsl(readCa(ca));
  const pem = readPem({ ca, cert, key });
  return credentials.createSsl(pem.ca, pem.key, pem.cert);
}

function readCa(path: string): Buffer {
  const ca = read(path);
  try {
    createSecureContext({ ca });
  } catch (cause) {
    throw new NfvError('FILE_UNREADABLE', `${path}: ${NfvError.from(cause).message}`, { cause });
  }
  return ca;
}

/** Reads the files, and looks whether they can be used. @throws NfvError FILE_UNREADABLE */
export function readPem(tls: TlsFiles): Readonly<Record<keyof TlsFiles, Buffer>> {
  const pem = { ca: read(tls.ca), cert: read(tls.cert), key: read(tls.key) };
  try {
    createSecureContext(pem);
  } catch (cause) {
    const files = `${tls.ca}, ${tls.cert}, ${tls.key}`;
    throw new NfvError('FILE_UNREADABLE', `${files}: ${NfvError.from(cause).message}`, {
      cause,
      remedy: 'see that they are PEM files, and that certificate and key belong together',
    });
  }
  return pem;
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new NfvError('FILE_UNREADABLE', `${path}: ${NfvError.from(cause).message}`, { cause });
  }
}
