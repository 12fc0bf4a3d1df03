/** What the PEM files of one end of mutual TLS hold, looked at as a whole before any of it is used. */
import { createHash, createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { NfvError } from '../errors.js';
import { certificateId, crlBlocks, readCrl, type CrlSummary } from '../x509/read-crl.js';

/** Paths of PEM files for mutual TLS: both ends show a certificate that the CA signed. */
export interface TlsFiles {
  /** The CAs that sign the peers' certificates. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Their revocation lists, one for each CA; absent or empty: nothing is ever revoked. */
  readonly crl?: string | undefined;
}

/** The files' bytes. */
export interface TlsBytes {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly crl?: Buffer;
}

export interface TlsMaterial {
  /** For node:tls. */
  readonly context: Pick<SecureContextOptions, 'ca' | 'cert' | 'key' | 'crl'>;
  /** Of our own certificate. */
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Of the revocation list that ends first; undefined: none ends, or there are none. */
  readonly crlSince: Date | undefined;
  readonly crlUntil: Date | undefined;
  /** CAs of our own certificate's chain that the revocation lists have none of: whom they have signed OpenSSL does not take. */
  readonly unlisted: readonly string[];
  /** Changes with each byte of them. */
  readonly fingerprint: string;
  /** The same for people: `it is good from … to …`. */
  readonly term: string;
  /** @param now Unix time in milliseconds */
  isGoodAt(now: number): boolean;
  /** @param certificate a peer's, DER */
  isRevoked(certificate: Buffer): boolean;
}

/** @throws NfvError FILE_UNREADABLE when the files cannot be used, or not together */
export function tlsMaterial(files: TlsFiles, bytes: TlsBytes): TlsMaterial {
  const cas = certificates(files.ca, bytes.ca);
  const [own, ...above] = certificates(files.cert, bytes.cert);
  const lists = crlsOf(files, bytes, cas);
  const { ca, cert, key } = bytes;
  const ours = privateKey(files.key, key);
  const context = { ca, cert, key, ...(lists.length > 0 && { crl: lists.map((l) => l.block) }) };
  try {
    createSecureContext(context);
  } catch (cause) {
    throw unusable([files.ca, files.cert, files.key, files.crl ?? ''], cause);
  }
  // OpenSSL has a place for each kind of key, and so lets one of RSA pass beside a certificate of ECDSA.
  if (own?.checkPrivateKey(ours) !== true) {
    throw unusable([files.cert, files.key], new Error('the certificate is of another key'));
  }
  const hash = createHash('sha256');
  for (const part of [ca, cert, key, bytes.crl ?? Buffer.of()]) hash.update(part).update('\0');
  const revoked = new Set(
    lists.flatMap(({ list }) => list.entries.map(({ serial }) => keyOf(list.issuer, serial))),
  );
  const [first] = lists
    .map(({ list }) => list)
    .filter(({ nextUpdate }) => nextUpdate !== undefined)
    .sort((a, b) => Number(a.nextUpdate) - Number(b.nextUpdate));
  const notBefore = new Date(own.validFrom);
  const notAfter = new Date(own.validTo);
  return {
    context,
    notBefore,
    notAfter,
    crlSince: first?.thisUpdate,
    crlUntil: first?.nextUpdate,
    unlisted: lists.length === 0 ? [] : unlistedOf(above, cas, lists),
    fingerprint: hash.digest('hex'),
    term: `it is good from ${notBefore.toISOString()} to ${notAfter.toISOString()}`,
    isGoodAt: (now) => notBefore.getTime() <= now && now < notAfter.getTime(),
    isRevoked(certificate) {
      if (revoked.size === 0) return false;
      const { issuer, serial } = certificateId(certificate);
      return revoked.has(keyOf(issuer, serial));
    },
  };
}

const keyOf = (issuer: Buffer, serial: string): string => `${issuer.toString('base64')} ${serial}`;

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** All of a file: OpenSSL takes a bundle whose last one is half for one that ends before. */
function certificates(path: string, bytes: Buffer): X509Certificate[] {
  const text = bytes.toString('latin1');
  const blocks = text.match(PEM_CERTIFICATE) ?? [];
  if (blocks.length === 0) throw faulty(path, 'there is no certificate in it');
  if (text.split('-----BEGIN').length - 1 !== text.split('-----END').length - 1) {
    throw faulty(path, 'it is cut short');
  }
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw unusable([path], cause);
  }
}

const KEY_REMEDY = 'give the key as a PEM file without a passphrase, mode 0600';

function privateKey(path: string, bytes: Buffer): KeyObject {
  // Of PKCS #8 and of the traditional form: OpenSSL says of both that something was interrupted.
  if (/^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(bytes.toString('latin1'))) {
    throw unusable([path], new Error('the key is encrypted'), KEY_REMEDY);
  }
  try {
    return createPrivateKey(bytes);
  } catch (cause) {
    throw unusable([path], cause, KEY_REMEDY);
  }
}

interface List {
  readonly block: string;
  readonly list: CrlSummary;
}

function crlsOf(files: TlsFiles, bytes: TlsBytes, cas: readonly X509Certificate[]): List[] {
  const path = files.crl ?? '';
  if (bytes.crl === undefined) return [];
  const text = bytes.crl.toString('latin1');
  const lists = crlBlocks(text).map((block) => ({ block, list: readList(path, block) }));
  if (text.split('-----BEGIN').length - 1 !== lists.length) throw faulty(path, 'it is cut short');
  for (const ca of cas) {
    // Without it OpenSSL takes no certificate of that CA for good, nor of those below it.
    if (!isListed(ca, lists))
      throw faulty(path, `it has no revocation list of the CA ${nameOf(ca)}`);
  }
  return lists;
}

function readList(path: string, block: string): CrlSummary {
  try {
    return readCrl(block);
  } catch (cause) {
    throw unusable([path], cause);
  }
}

function isListed(ca: X509Certificate, lists: readonly List[]): boolean {
  const { subject } = certificateId(ca.raw);
  return lists.some(({ list }) => list.issuer.equals(subject));
}

/** Of CAs above ours, those that `cas` answer for and `lists` say nothing of. */
function unlistedOf(
  above: readonly X509Certificate[],
  cas: readonly X509Certificate[],
  lists: readonly List[],
): string[] {
  const trusted = [...cas];
  // A chain begins with who has signed ours.
  for (const ca of above.toReversed()) {
    if (trusted.some((other) => isSignedBy(ca, other))) trusted.push(ca);
  }
  return trusted.filter((ca) => !isListed(ca, lists)).map(nameOf);
}

function isSignedBy(ca: X509Certificate, other: X509Certificate): boolean {
  return ca.checkIssued(other) && ca.verify(other.publicKey);
}

/** For people. */
function nameOf({ subject }: X509Certificate): string {
  return `"${subject.replaceAll('\n', ', ')}"`;
}

function unusable(
  paths: readonly string[],
  cause: unknown,
  remedy = 'see that they are PEM files, and that certificate and key belong together',
): NfvError {
  const where = paths.filter((path) => path !== '').join(', ');
  return new NfvError('FILE_UNREADABLE', `${where}: ${NfvError.from(cause).message}`, {
    cause,
    remedy,
  });
}

function faulty(path: string, what: string): NfvError {
  return unusable([path], new Error(what));
}
