/** Numbers of eight bytes. What does not fit into the buffer is left out. */

/** Big-endian; of a negative one its two's complement. */
export function putU64(target: Buffer, offset: number, value: number | bigint): void {
  if (offset + 8 > target.length) return;
  target.writeBigUInt64BE(BigInt.asUintN(64, BigInt(value)), offset);
}

/** Little-endian: codec.ts says why. */
export function putF64(target: Buffer, offset: number, value: number): void {
  if (offset + 8 <= target.length) target.writeDoubleLE(value, offset);
}
