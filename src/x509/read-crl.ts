/** Reading certificate revocation lists (RFC 5280 §5), and what of a certificate they speak of. */
import { NfvError } from '../errors.js';
import { DerReader, type Element } from './der-read.js';
import { oid, TAG } from './der-write.js';
import { EXTENSION } from './parts.js';

export interface RevokedEntry {
  /** Hexadecimal, upper case, no leading zeros. */
  readonly serial: string;
  readonly date: Date;
  /** CRLReason; 0: not said. */
  readonly reason: number;
}

export interface CrlSummary {
  /** The issuer's name, DER. */
  readonly issuer: Buffer;
  readonly thisUpdate: Date;
  /** Undefined: never. */
  readonly nextUpdate: Date | undefined;
  /** Of the extension cRLNumber; 0: it has none. */
  readonly number: number;
  readonly entries: readonly RevokedEntry[];
}

const PEM_CRL = /-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/g;

/** The PEM blocks of a file: what a CA bundle needs a list for each of its CAs for. */
export function crlBlocks(text: string): string[] {
  return [...text.matchAll(PEM_CRL)].map(([block]) => `${block}\n`);
}

/** @param block a PEM block @throws NfvError FILE_UNREADABLE */
export function readCrl(block: string): CrlSummary {
  const base64 = block.replace(/-----[^-]*-----/g, '');
  const list = new DerReader(Buffer.from(base64, 'base64')).inside(TAG.sequence);
  const fields = list.inside(TAG.sequence);
  if (fields.nextTag === TAG.integer) fields.next();
  fields.next(TAG.sequence);
  const issuer = fields.next(TAG.sequence).whole;
  const thisUpdate = readTime(fields.next());
  const nextUpdate = isTime(fields.nextTag) ? readTime(fields.next()) : undefined;
  const entries = fields.nextTag === TAG.sequence ? readEntries(fields.inside(TAG.sequence)) : [];
  const extensions = fields.done ? undefined : fields.inside(0xa0).inside(TAG.sequence);
  const number = extensions === undefined ? undefined : valueOf(extensions, CRL_NUMBER);
  return {
    issuer,
    thisUpdate,
    nextUpdate,
    number: number === undefined ? 0 : smallInteger(new DerReader(number).next(TAG.integer)),
    entries,
  };
}

const CRL_NUMBER = oid(EXTENSION.crlNumber);
const REASON_CODE = oid(EXTENSION.reasonCode);

function readEntries(entries: DerReader): RevokedEntry[] {
  const found: RevokedEntry[] = [];
  while (!entries.done) {
    const entry = entries.inside(TAG.sequence);
    const serial = hexOf(entry.next(TAG.integer).content);
    const date = readTime(entry.next());
    const reason = entry.done ? undefined : valueOf(entry.inside(TAG.sequence), REASON_CODE);
    found.push({
      serial,
      date,
      reason: reason === undefined ? 0 : smallInteger(new DerReader(reason).next(TAG.enumerated)),
    });
  }
  return found;
}

/** What an extension holds; undefined: it is not there. */
function valueOf(extensions: DerReader, id: Buffer): Buffer | undefined {
  while (!extensions.done) {
    const extension = extensions.inside(TAG.sequence);
    const isIt = extension.next(TAG.oid).whole.equals(id);
    if (extension.nextTag === TAG.boolean) extension.next();
    const { content } = extension.next(TAG.octetString);
    if (isIt) return content;
  }
  return undefined;
}

function smallInteger({ content }: Element): number {
  return Number(`0x0${content.toString('hex')}`);
}

function isTime(tag: number | undefined): boolean {
  return tag === TAG.utcTime || tag === TAG.generalizedTime;
}

function readTime({ tag, content }: Element): Date {
  const text = content.toString('latin1');
  const century = tag === TAG.utcTime ? (Number(text.slice(0, 2)) < 50 ? '20' : '19') : '';
  const iso = (century + text).replace(
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/,
    '$1-$2-$3T$4:$5:$6Z',
  );
  const date = new Date(iso);
  if (!isTime(tag) || Number.isNaN(date.getTime())) {
    throw new NfvError('FILE_UNREADABLE', `not a time of RFC 5280: ${text.slice(0, 40)}`);
  }
  return date;
}

/** What a certificate is known by in a revocation list: its issuer's name, DER, and its serial number. */
export interface CertificateId {
  readonly issuer: Buffer;
  /** As in RevokedEntry. */
  readonly serial: string;
  /** Its own name, DER. */
  readonly subject: Buffer;
}

/** @param raw a certificate, DER @throws NfvError FILE_UNREADABLE */
export function certificateId(raw: Buffer): CertificateId {
  const fields = new DerReader(raw).inside(TAG.sequence).inside(TAG.sequence);
  if (fields.nextTag === 0xa0) fields.next();
  const serial = hexOf(fields.next(TAG.integer).content);
  fields.next(TAG.sequence);
  const issuer = fields.next(TAG.sequence).whole;
  fields.next(TAG.sequence);
  return { issuer, serial, subject: fields.next(TAG.sequence).whole };
}

/** As text that compares: upper case, no leading zeros. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .toUpperCase()
    .replace(/^0+(?=.)/, '');
}
