import type { IntegerType } from '../schema/api-schema.js';

const BYTES: Readonly<Record<IntegerType, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
};

export const bytesOf = (type: IntegerType): number => BYTES[type];

/** Code that cuts a number to the type: it stays as it is if it fits. */
export const CUT = {
  u8: '& 255',
  u16: '& 65535',
  u32: '>>> 0',
  i8: '<< 24 >> 24',
  i16: '<< 16 >> 16',
  i32: '| 0',
} as const;

/** Smallest and largest value. */
export function rangeOf(type: IntegerType): readonly [bigint, bigint] {
  const bits = BigInt(8 * BYTES[type]);
  return type.startsWith('u')
    ? [0n, (1n << bits) - 1n]
    : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
}
