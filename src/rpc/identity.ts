import type { PeerCertificate } from 'node:tls';
import type { ServerDuplexStream, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { identityText, parseIdentity, urisOf, type Identity } from '../model/identity.js';

import type { Peers } from './peers.js';

export type AnyCall =
  | Pick<ServerUnaryCall<unknown, unknown>, 'getAuthContext'>
  | Pick<ServerWritableStream<unknown, unknown>, 'getAuthContext'>
  | Pick<ServerDuplexStream<unknown, unknown>, 'getAuthContext'>;

/** What is known of all calls of one gRPC server. */
export interface Trust {
  /** Its listeners ask for certificates; if not, they are for this host only (`listen` sees to it). */
  readonly mutualTls: boolean;
  /** The only trust domain that counts; undefined: any. */
  readonly trustDomain?: string | undefined;
  /** Knows which certificates have been revoked. */
  readonly peers: Peers;
}

/** DER; undefined: there is none, or the connection has ended. */
export function certificateOf(call: AnyCall): Buffer | undefined {
  return call.getAuthContext().sslPeerCertificate?.raw;
}

/**
 * Who calls. A certificate with several identities has none that counts. That grpc-js knows of no
 * certificate proves nothing: of a connection that has ended meanwhile it knows nothing at all.
 */
export function identityOf(call: AnyCall, { mutualTls, trustDomain, peers }: Trust): Identity {
  if (!mutualTls) return { kind: 'local' };
  const certificate = call.getAuthContext().sslPeerCertificate;
  if (certificate === undefined) return { kind: 'gone' };
  const identity = certified(certificate, trustDomain);
  if (!peers.isRevoked(certificate.raw)) return identity;
  return { kind: 'revoked', who: identityText(identity) };
}

/** By a certificate that has been checked. */
export function certified(
  certificate: Pick<PeerCertificate, 'subject' | 'subjectaltname'>,
  trustDomain: string | undefined,
): Identity {
  const names = urisOf(certificate.subjectaltname ?? '')
    .map((uri) => parseIdentity(uri, trustDomain))
    .filter((identity) => identity !== undefined);
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return only;
  return { kind: 'unnamed', subject: commonName(certificate.subject) };
}

/** At most 64 characters, as X.520 has it, whatever the certificate has. */
function commonName(subject: unknown): string {
  if (typeof subject !== 'object' || subject === null || !('CN' in subject)) return '';
  // By whole characters: it goes into headers.
  return Array.from(String(subject.CN)).slice(0, 64).join('');
}
