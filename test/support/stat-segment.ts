/** A statistics segment made byte by byte, as VPP lays it out; the base address is VPP's own. */

const BASE = 0x1_3000_0000n;
const HEADER = 40;
const ENTRY = 144;

type Content =
  | { readonly type: 1 | 9; readonly value: number }
  | { readonly type: 2 | 7; readonly rows: readonly (readonly number[])[] }
  | { readonly type: 3; readonly rows: readonly (readonly (readonly [number, number])[])[] }
  | { readonly type: 4; readonly names: readonly string[] }
  | { readonly type: 5 }
  | { readonly type: 6; readonly entry: number; readonly column: number };

export type SegmentEntry = Content & { readonly name: string };

export class StatSegment {
  readonly bytes = Buffer.from(new ArrayBuffer(64 * 1024));
  #free = HEADER;

  constructor(entries: readonly SegmentEntry[], epoch = 1) {
    this.bytes.writeBigUInt64LE(2n, 0);
    this.bytes.writeBigUInt64LE(BASE, 8);
    this.setEpoch(epoch);
    const directory = this.#vector(entries.length, ENTRY);
    this.bytes.writeBigUInt64LE(BASE + BigInt(directory), 32);
    for (const [i, entry] of entries.entries()) this.#write(directory + i * ENTRY, entry);
  }

  setEpoch(epoch: number): void {
    this.bytes.writeBigUInt64LE(BigInt(epoch), 16);
  }

  setInProgress(is: boolean): void {
    this.bytes.writeBigUInt64LE(is ? 1n : 0n, 24);
  }

  /** What VPP's memory is to a client. */
  get memory(): ArrayBuffer {
    const { buffer, byteOffset, length } = this.bytes;
    if (buffer instanceof ArrayBuffer && byteOffset === 0 && length === buffer.byteLength) {
      return buffer;
    }
    throw new Error('the segment is not a buffer of its own');
  }

  #write(at: number, entry: SegmentEntry): void {
    this.bytes.writeUInt32LE(entry.type, at);
    this.bytes.write(entry.name, at + 16, 'latin1');
    switch (entry.type) {
      case 1:
      case 9:
        this.bytes.writeBigUInt64LE(BigInt(entry.value), at + 8);
        break;
      case 2:
      case 7:
        this.#rows(at + 8, entry.rows, (cell) => [cell]);
        break;
      case 3:
        this.#rows(at + 8, entry.rows, (cell) => [...cell]);
        break;
      case 4:
        this.#names(at + 8, entry.names);
        break;
      case 5:
        break;
      case 6:
        this.bytes.writeUInt32LE(entry.entry, at + 8);
        this.bytes.writeUInt32LE(entry.column, at + 12);
        break;
    }
  }

  #rows<T>(pointer: number, rows: readonly (readonly T[])[], numbers: (cell: T) => number[]): void {
    const outer = this.#pointTo(pointer, rows.length, 8);
    for (const [i, row] of rows.entries()) {
      const flat = row.flatMap(numbers);
      const width = row.length === 0 ? 1 : flat.length / row.length;
      const inner = this.#pointTo(outer + i * 8, row.length, 8 * width);
      for (const [j, n] of flat.entries()) this.bytes.writeBigUInt64LE(BigInt(n), inner + j * 8);
    }
  }

  #names(pointer: number, names: readonly string[]): void {
    const outer = this.#pointTo(pointer, names.length, 8);
    for (const [i, name] of names.entries()) {
      if (name === '') continue;
      const inner = this.#pointTo(outer + i * 8, name.length + 1, 1);
      this.bytes.write(name, inner, 'latin1');
    }
  }

  #pointTo(pointer: number, length: number, elementBytes: number): number {
    const at = this.#vector(length, elementBytes);
    this.bytes.writeBigUInt64LE(BASE + BigInt(at), pointer);
    return at;
  }

  #vector(length: number, elementBytes: number): number {
    this.bytes.writeUInt32LE(length, this.#free);
    const at = this.#free + 8;
    this.#free = Math.ceil((at + length * elementBytes) / 8) * 8;
    return at;
  }
}
