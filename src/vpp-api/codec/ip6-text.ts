import { parseIp4 } from './ip4-text.js';
import { zero } from './octets.js';

const COLON = 58;

/** What was read so far: so many groups, `gap` of them before "::" (-1: none seen), up to `at`. */
interface Progress {
  groups: number;
  gap: number;
  at: number;
}

/**
 * 16 octets from the first `end` characters of `text`, written to `into` if it is given. False for
 * what RFC 4291 2.2 does not know; a zone is not part of an address.
 */
export function parseIp6(text: string, end: number, into?: Uint8Array, offset = 0): boolean {
  const progress: Progress = { groups: 0, gap: -1, at: 0 };
  if (text.charCodeAt(0) === COLON) {
    if (end < 2 || text.charCodeAt(1) !== COLON) return false;
    progress.gap = 0;
    progress.at = 2;
  }
  while (progress.at < end) {
    if (!parsePart(text, end, progress, into, offset)) return false;
  }
  const { groups, gap } = progress;
  if (gap < 0) return groups === 8;
  if (groups > 7) return false;
  if (into !== undefined) spread(into, offset, gap, groups);
  return true;
}

/** One group and the colons after it, or an IPv4 address at the end. */
function parsePart(
  text: string,
  end: number,
  progress: Progress,
  into: Uint8Array | undefined,
  offset: number,
): boolean {
  const { groups, at } = progress;
  const octets = offset + 2 * groups;
  const stop = endOfGroup(text, at, end);
  if (stop < end && text.charCodeAt(stop) !== COLON) {
    progress.groups = groups + 2;
    progress.at = end;
    return groups < 7 && parseIp4(text, at, end, into, octets);
  }
  if (stop === at || groups > 7 || !putGroup(text, at, stop, into, octets)) return false;
  progress.groups = groups + 1;
  progress.at = stop;
  return stop === end || skipColons(text, end, progress);
}

/** Past ":" or "::"; a group must follow the first, and the second is there once. */
function skipColons(text: string, end: number, progress: Progress): boolean {
  progress.at++;
  if (progress.at === end) return false;
  if (text.charCodeAt(progress.at) !== COLON) return true;
  if (progress.gap >= 0) return false;
  progress.gap = progress.groups;
  progress.at++;
  return true;
}

/** Where the hexadecimal digits that start at `at` end. */
function endOfGroup(text: string, at: number, end: number): number {
  let stop = at;
  while (stop < end && hexDigit(text.charCodeAt(stop)) >= 0) stop++;
  return stop;
}

function putGroup(
  text: string,
  start: number,
  end: number,
  into: Uint8Array | undefined,
  offset: number,
): boolean {
  if (end - start > 4) return false;
  let value = 0;
  for (let i = start; i < end; i++) value = value * 16 + hexDigit(text.charCodeAt(i));
  if (into !== undefined) {
    into[offset] = value >>> 8;
    into[offset + 1] = value & 0xff;
  }
  return true;
}

/** Moves the groups after the gap to the end, and fills the gap with zeros. */
function spread(into: Uint8Array, offset: number, gap: number, groups: number): void {
  const from = offset + 2 * gap;
  const tail = 2 * (groups - gap);
  into.copyWithin(offset + 16 - tail, from, from + tail);
  zero(into, from, offset + 16 - tail);
}

export function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** As RFC 5952 4 says: lower case, the longest run of zeros, the first of several, as "::". */
export function formatIp6(from: Uint8Array, offset: number): string {
  const [start, end] = longestZeros(from, offset);
  let text = '';
  for (let i = 0; i < 8; i++) {
    if (i === start) {
      text += '::';
      i = end - 1;
    } else {
      text +=
        i > 0 && i !== end
          ? `:${group(from, offset, i).toString(16)}`
          : group(from, offset, i).toString(16);
    }
  }
  return text;
}

const group = (from: Uint8Array, offset: number, i: number): number =>
  ((from[offset + 2 * i] ?? 0) << 8) | (from[offset + 2 * i + 1] ?? 0);

/** First group of the run and the first after it; none: [-1, -1]. */
function longestZeros(from: Uint8Array, offset: number): readonly [number, number] {
  let best = -1;
  let bestEnd = -1;
  for (let i = 0; i < 8; i++) {
    if (group(from, offset, i) !== 0) continue;
    let end = i + 1;
    while (end < 8 && group(from, offset, end) === 0) end++;
    if (end - i > 1 && end - i > bestEnd - best) {
      best = i;
      bestEnd = end;
    }
    i = end;
  }
  return [best, bestEnd];
}
