import type { ServerDuplexStream, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { parseIdentity, urisOf, type Identity } from '../model/identity.js';

type AnyCall =
  | Pick<ServerUnaryCall<unknown, unknown>, 'getAuthContext'>
  | Pick<ServerWritableStream<unknown, unknown>, 'getAuthContext'>
  | Pick<ServerDuplexStream<unknown, unknown>, 'getAuthContext'>;

/**
 * Who calls. What is no TLS is a unix socket or loopback (`listen` sees to it). A certificate with
 * several identities has none that counts.
 * @param trustDomain the only one that counts; undefined: any
 */
export function identityOf(call: AnyCall, trustDomain: string | undefined): Identity {
  const certificate = call.getAuthContext()?.sslPeerCertificate;
  if (certificate === undefined) return { kind: 'local' };
  const names = urisOf(certificate.subjectaltname ?? '')
    .map((uri) => parseIdentity(uri, trustDomain))
    .filter((identity) => identity !== undefined);
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return only;
  return { kind: 'unnamed', subject: String(certificate.subject.CN) };
}
