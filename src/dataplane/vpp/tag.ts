/**
 * How ours are told from others': the tag of an interface (sw_interface_tag_add_del) and of a bridge
 * domain (`bd_tag`) is `nfvd:KEY`, of a helper object `nfvd:KEY@PART`. VPP keeps 63 bytes of it.
 */
import { createHash } from 'node:crypto';

const PREFIX = 'nfvd:';
const MAX_BYTES = 63;
/** 64 bits: enough to tell one host's objects apart. */
const HASH_DIGITS = 16;

export interface Tag {
  /** Of a key that is too long for a tag: its beginning and a hash of all of it. */
  readonly key: string;
  /** Empty: the object itself. */
  readonly part: string;
}

export function tagOf(key: string, part = ''): string {
  const end = part === '' ? '' : `@${part}`;
  const room = MAX_BYTES - PREFIX.length - end.length;
  return `${PREFIX}${key.length <= room ? key : shortened(key, room)}${end}`;
}

/** What a tag says; undefined: not one of ours. */
export function parseTag(text: string): Tag | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  const at = text.indexOf('@');
  const key = text.slice(PREFIX.length, at < 0 ? undefined : at);
  return key === '' ? undefined : { key, part: at < 0 ? '' : text.slice(at + 1) };
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
