/**
 * Who is at the other end of a connection: a URI in the certificate's subjectAltName, in the form of a
 * SPIFFE ID (SPIFFE-ID §2), `spiffe://TRUST-DOMAIN/nve/host-a`.
 */
import { isId } from './names.js';

export type Identity =
  /** Through a socket that only this host's users reach: the file's mode, or loopback, is the proof. */
  | { readonly kind: 'local' }
  | { readonly kind: 'nva' }
  | { readonly kind: 'nve'; readonly id: string }
  | { readonly kind: 'user'; readonly name: string }
  /** A certificate of the CA that says nothing that this program understands. */
  | { readonly kind: 'unnamed'; readonly subject: string }
  /** A certificate that its CA has taken back, on a connection that was there before. */
  | { readonly kind: 'revoked'; readonly who: string }
  /** Of a connection with a certificate that has ended before anybody looked: nobody can tell. */
  | { readonly kind: 'gone' };

/** As an audit log and errors have it: `user/alice`. */
export function identityText(identity: Identity): string {
  switch (identity.kind) {
    case 'local':
    case 'nva':
      return identity.kind;
    case 'nve':
      return `nve/${identity.id}`;
    case 'user':
      return `user/${identity.name}`;
    case 'unnamed':
      return `certificate "${identity.subject}"`;
    case 'revoked':
      return `${identity.who} (revoked)`;
    case 'gone':
      return 'a connection that has ended';
  }
}

const USER = /^[A-Za-z0-9]([A-Za-z0-9._@-]{0,62}[A-Za-z0-9])?$/;

export const USER_RULE = '1-64 characters of A-Z, a-z, 0-9, ".", "_", "@" and "-"';

export function isUserName(text: string): boolean {
  return USER.test(text);
}

/** A trust domain: lower-case letters, digits, ".", "-" and "_" (SPIFFE-ID §2.1). */
export const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/;

/**
 * The identity that a URI stands for; undefined: none of ours.
 * @param trustDomain the only one that counts; undefined: any
 */
export function parseIdentity(uri: string, trustDomain?: string): Identity | undefined {
  const [, domain = '', path = ''] = /^spiffe:\/\/([^/]*)\/(.*)$/.exec(uri) ?? [];
  if (!TRUST_DOMAIN.test(domain)) return undefined;
  if (trustDomain !== undefined && domain !== trustDomain) return undefined;
  if (path === 'nva') return { kind: 'nva' };
  const [kind, name = '', ...more] = path.split('/');
  if (more.length > 0) return undefined;
  if (kind === 'nve' && isId(name)) return { kind, id: name };
  return kind === 'user' && isUserName(name) ? { kind, name } : undefined;
}

/**
 * The URIs of a subjectAltName as node:tls shows it, `DNS:a, URI:spiffe://b/c`. A value with a comma or
 * a quote stands in quotes, as a JSON string (Node, CVE-2021-44532): none of ours has one.
 */
export function urisOf(subjectAltName: string): string[] {
  if (subjectAltName.includes('"')) return [];
  return subjectAltName
    .split(', ')
    .flatMap((name) => (name.startsWith('URI:') ? [name.slice('URI:'.length)] : []));
}
