/** Strings as VPP has them: UTF-8, a NUL at the end of fixed ones, a u32 length before the others. */
import { zero } from './octets.js';

/** Bytes of `value` in UTF-8; -1 if it is no string or no well-formed one. */
export function sizeOfText(value: unknown): number {
  if (typeof value !== 'string') return -1;
  for (let i = 0; i < value.length; i++) {
    if (value.charCodeAt(i) > 0x7f) {
      return /\p{Surrogate}/u.test(value) ? -1 : Buffer.byteLength(value);
    }
  }
  return value.length;
}

/** The same, for a string that ends at its first NUL and so may not have one. */
export function sizeOfFixedText(value: unknown): number {
  return typeof value === 'string' && value.includes('\0') ? -1 : sizeOfText(value);
}

/** Shorter strings are copied here; for longer ones the call into Node costs less. */
const SHORT = 24;

/** Writes without a length; answers the end. What does not fit is left out. */
export function putText(target: Buffer, offset: number, text: string): number {
  if (text.length > SHORT) return putLong(target, offset, text);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return putLong(target, offset, text);
    target[offset + i] = code;
  }
  return offset + text.length;
}

/** Node refuses an offset beyond the end. */
function putLong(target: Buffer, offset: number, text: string): number {
  return offset < target.length ? offset + target.write(text, offset) : offset;
}

/** Fills `size` bytes, those after the text with NUL. */
export function putFixedText(target: Buffer, offset: number, size: number, text: string): void {
  zero(target, putText(target, offset, text), offset + size);
}

/** The text up to the first NUL in `size` bytes. */
export function getFixedText(source: Buffer, offset: number, size: number): string {
  let end = offset;
  while (end < offset + size && source[end] !== 0) end++;
  return source.toString('utf8', offset, end);
}
