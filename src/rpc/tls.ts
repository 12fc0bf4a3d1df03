/** Credentials for both ends of gRPC connections. */
import {
  checkServerIdentity,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
} from 'node:tls';
import type { ChannelCredentials } from '@grpc/grpc-js';
import { credentials, ServerCredentials, type ChannelOptions } from '@grpc/grpc-js';
import { NfvError } from '../errors.js';
import { identityText, parseIdentity, urisOf } from '../model/identity.js';
import { TlsCredentials } from './tls-credentials.js';
import { read, readTls } from './tls-files.js';
import type { TlsSource } from './tls-keeper.js';
import type { TlsMaterial } from './tls-material.js';

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

/** Each connection is taken with what `tls` has at that moment; undefined: without TLS. */
export function serverCredentials(tls: TlsSource | undefined): ServerCredentials {
  return tls === undefined ? ServerCredentials.createInsecure() : new LiveServerCredentials(tls);
}

class LiveServerCredentials extends ServerCredentials {
  constructor(tls: TlsSource) {
    // Said, since the environment (NODE_TLS_REJECT_UNAUTHORIZED) may say otherwise.
    super({ requestCert: true, rejectUnauthorized: true }, tls.current.context);
    tls.onChange(() => {
      this.updateSecureContextOptions(tls.current.context);
    });
  }

  _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/**
 * To another end than an NVA.
 * @param tls a source: as it is now
 * @throws NfvError FILE_UNREADABLE
 */
export function clientCredentials(tls: ClientTlsFiles | TlsSource | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  if ('current' in tls) return fromMaterial(tls.current);
  const { ca, cert, key } = tls;
  if (cert !== undefined && key !== undefined) return fromMaterial(readTls({ ca, cert, key }));
  return new TlsCredentials(contextOf(ca), checkServerIdentity);
}

/** To an NVA, whose certificate may be no agent's and no user's. */
export function credentialsToNva(tls: TlsMaterial | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  return fromMaterial(tls, (host, certificate) => {
    return checkServerIdentity(host, certificate) ?? otherThanNva(certificate);
  });
}

function fromMaterial(
  { context }: TlsMaterial,
  checkIdentity = checkServerIdentity,
): ChannelCredentials {
  return new TlsCredentials(createSecureContext(context), checkIdentity);
}

/** One without any identity is judged by its name or address alone. */
function otherThanNva({ subjectaltname = '' }: PeerCertificate): Error | undefined {
  const identities = urisOf(subjectaltname).flatMap((uri) => parseIdentity(uri) ?? []);
  const other = identities.find(({ kind }) => kind !== 'nva');
  if (other === undefined) return undefined;
  return new Error(`its certificate is that of ${identityText(other)}, which is no NVA`);
}

function contextOf(ca: string): SecureContext {
  const text = read(ca);
  try {
    return createSecureContext({ ca: text });
  } catch (cause) {
    throw new NfvError('FILE_UNREADABLE', `${ca}: ${NfvError.from(cause).message}`, { cause });
  }
}
