/** u8 arrays: a Buffer, any Uint8Array, or hexadecimal digits. */

/** Bytes in `value`; -1 if it is none of these. */
export function sizeOfOctets(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== 'string' || !/^(?:[0-9a-fA-F]{2})*$/.test(value)) return -1;
  return value.length / 2;
}

/** Writes what `sizeOfOctets` has passed; what does not fit whole is left out. */
export function putOctets(target: Buffer, offset: number, value: Uint8Array | string): void {
  if (offset + sizeOfOctets(value) > target.length) return;
  if (typeof value === 'string') target.write(value, offset, 'hex');
  else target.set(value, offset);
}

export function zero(target: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i++) target[i] = 0;
}

/** A copy: what is decoded does not keep the buffer it came in. */
export function getOctets(source: Buffer, offset: number, size: number): Buffer {
  const copy = Buffer.allocUnsafe(size);
  source.copy(copy, 0, offset, offset + size);
  return copy;
}

/** The number of the one member that `value` has, -1 if it has not just one that is known. */
export function memberOf(value: unknown, members: readonly string[]): number {
  if (typeof value !== 'object' || value === null) return -1;
  const keys = Object.keys(value);
  return keys.length === 1 && keys[0] !== undefined ? members.indexOf(keys[0]) : -1;
}

export function isUnsigned64(value: unknown): boolean {
  return typeof value === 'bigint' ? BigInt.asUintN(64, value) === value : isSafe(value, 0);
}

export function isSigned64(value: unknown): boolean {
  return typeof value === 'bigint'
    ? BigInt.asIntN(64, value) === value
    : isSafe(value, Number.MIN_SAFE_INTEGER);
}

function isSafe(value: unknown, least: number): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least;
}

/** So many bytes are all zero. */
export function isZero(from: Buffer, offset: number, bytes: number): boolean {
  for (let at = offset; at < offset + bytes; at++) {
    if (from[at] !== 0) return false;
  }
  return true;
}
