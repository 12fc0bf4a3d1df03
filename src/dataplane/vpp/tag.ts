/**
 * How ours are told from others': the tag of an interface (sw_interface_tag_add_del) and of a bridge
 * domain (`bd_tag`) is `nfvd:KEY`, of a helper object `nfvd:KEY@PART`. That of a port, a provider port or an uplink may go on
 * with `=ATTESTED`: what it was made with, or found as, and VPP does not tell. VPP keeps 63 bytes of it.
 */
import { createHash } from 'node:crypto';

const PREFIX = 'nfvd:';
const MAX_BYTES = 63;
/** 64 bits: enough to tell one host's objects apart. */
const HASH_DIGITS = 16;
const PORT = 'port/';
const PROVIDER = 'provider/';
/** The tags of interfaces that are the host's and that we made: `nfvd:uplink/NAME`. */
export const UPLINK = 'uplink/';
/** Bytes that are kept free for what such a tag attests. */
export const MAX_ATTESTED = 12;

export interface Tag {
  /** Of a key that is too long for a tag: its beginning and a hash of all of it. */
  readonly key: string;
  /** Empty: the object itself. */
  readonly part: string;
  /** Empty: nothing. */
  readonly attested: string;
}

/** Without what it may attest. */
export function tagOf(key: string, part = ''): string {
  const end = part === '' ? '' : `@${part}`;
  const mayAttest = [PORT, UPLINK, PROVIDER].some((prefix) => key.startsWith(prefix));
  const reserved = mayAttest ? MAX_ATTESTED + 1 : 0;
  const room = MAX_BYTES - PREFIX.length - end.length - reserved;
  return `${PREFIX}${key.length <= room ? key : shortened(key, room)}${end}`;
}

/** @param attested at most `MAX_ATTESTED` bytes, and only of a port, a provider port or an uplink */
export function attesting(tag: string, attested: string): string {
  return attested === '' ? tag : `${tag}=${attested}`;
}

/** What a tag says; undefined: not one of ours. */
export function parseTag(text: string): Tag | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  const bare = text.slice(PREFIX.length);
  // The usual case, and what costs: there may be very many.
  if (!/[@=]/.test(bare)) return bare === '' ? undefined : { key: bare, part: '', attested: '' };
  const [, key, part = '', attested = ''] = /^([^@=]+)(?:@([^=]*))?(?:=(.*))?$/.exec(bare) ?? [];
  return key === undefined ? undefined : { key, part, attested };
}

/** A tag of ours without what it attests; undefined: not one of ours. */
export function bareTag(text: string): string | undefined {
  if (parseTag(text) === undefined) return undefined;
  const end = text.indexOf('=');
  return end < 0 ? text : text.slice(0, end);
}

/** A key out of a tag that may not be all of it. */
export function isShortened(key: string): boolean {
  return key.includes('~');
}

/** Keys are ASCII. */
function shortened(key: string, room: number): string {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, HASH_DIGITS);
  return `${key.slice(0, room - HASH_DIGITS - 1)}~${hash}`;
}
