/**
 * VPP's statistics segment as it lies in memory, read with every pointer checked, for VPP changes it
 * meanwhile. Numbers are little-endian, as on every machine that VPP runs on.
 *
 *     header    = version:u64 base:ptr epoch:u64 in_progress:u64 directory:ptr->entry*
 *     entry     = type:u32 pad:u32 (value:u64 | data:ptr | index1:u32 index2:u32) name:char[128]
 *     vector    = length:u32 pad:u32 element*        a pointer is to the first element
 *
 * A pointer is an address in VPP, where the segment begins at `base`. Sources: VPP
 * src/vlib/stats/shared.h, src/vppinfra/vec_bootstrap.h, src/vlib/counter_types.h; the same from
 * 22.10 to 26.06.
 */

const VERSION = 0;
const BASE = 8;
const EPOCH = 16;
const IN_PROGRESS = 24;
const DIRECTORY = 32;
export const HEADER_BYTES = 40;
const WORD_BYTES = 8;

const ENTRY_BYTES = 144;
const ENTRY_VALUE = 8;
const ENTRY_NAME = 16;
const NAME_BYTES = 128;

const VECTOR_HEADER = 8;
const POINTER_BYTES = 8;

/** `stat_directory_type_t`. */
export const TYPE = {
  scalar: 1,
  simple: 2,
  combined: 3,
  names: 4,
  empty: 5,
  symlink: 6,
  histogram: 7,
  ring: 8,
  gauge: 9,
} as const;

export interface Entry {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  /** Of the union behind the type. */
  readonly valueOffset: number;
}

/** What was read makes no sense: VPP was changing it. */
export class TornRead extends Error {}

/** What lies in one vector. */
export interface Vector {
  /** Of the first element, from the start of the segment. */
  readonly offset: number;
  readonly length: number;
}

export const NO_VECTOR: Vector = { offset: 0, length: 0 };

export class SegmentView {
  readonly #view: DataView;
  /** The header, for what must be read neither earlier nor later than it stands in the code. */
  readonly #header: BigUint64Array;

  /** @param memory at least the header */
  constructor(memory: ArrayBuffer) {
    this.#view = new DataView(memory);
    this.#header = new BigUint64Array(memory, 0, HEADER_BYTES / WORD_BYTES);
  }

  /** Layout of the segment: 2 since 2020. */
  get version(): bigint {
    return this.#u64(VERSION);
  }

  /** Changes whenever entries come, go or move. */
  readEpoch(): bigint {
    return Atomics.load(this.#header, EPOCH / WORD_BYTES);
  }

  /** VPP is changing the directory or moving vectors now. */
  isBusy(): boolean {
    return Atomics.load(this.#header, IN_PROGRESS / WORD_BYTES) !== 0n;
  }

  /** All entries that are in use. @throws TornRead */
  *entries(): Generator<Entry> {
    const directory = this.#directory();
    for (let index = 0; index < directory.length; index++) {
      const entry = this.#entryAt(directory, index);
      if (entry.type !== TYPE.empty && entry.name !== '') yield entry;
    }
  }

  /** @throws TornRead when there is none */
  entry(index: number): Entry {
    const directory = this.#directory();
    if (index >= directory.length) throw new TornRead(`entry ${index} of ${directory.length}`);
    return this.#entryAt(directory, index);
  }

  /** The two halves of a symlink's value. */
  link({ valueOffset }: Entry): { readonly entry: number; readonly column: number } {
    return { entry: this.#u32(valueOffset), column: this.#u32(valueOffset + 4) };
  }

  /** A counter, gauge or time stamp: all of them are unsigned integers of 64 bits. */
  counter(offset: number): bigint {
    return this.#u64(offset);
  }

  /** The vector that a pointer at `offset` leads to; a null pointer leads to none. @throws TornRead */
  vector(offset: number, elementBytes: number): Vector {
    const start = this.#pointer(offset);
    if (start === 0) return NO_VECTOR;
    const length = this.#u32(start - VECTOR_HEADER);
    this.#check(start, length * elementBytes);
    return { offset: start, length };
  }

  /** The vectors that a vector of pointers leads to: a thread's counters each, names. */
  *vectors(offset: number, elementBytes: number): Generator<Vector> {
    const outer = this.vector(offset, POINTER_BYTES);
    for (let i = 0; i < outer.length; i++) {
      yield this.vector(outer.offset + i * POINTER_BYTES, elementBytes);
    }
  }

  /** A vector of characters, up to the first 0. */
  text({ offset, length }: Vector): string {
    const bytes = Buffer.from(this.#view.buffer, offset, length);
    const end = bytes.indexOf(0);
    return bytes.toString('utf8', 0, end < 0 ? length : end);
  }

  #directory(): Vector {
    return this.vector(DIRECTORY, ENTRY_BYTES);
  }

  #entryAt(directory: Vector, index: number): Entry {
    const offset = directory.offset + index * ENTRY_BYTES;
    const name = this.text({ offset: offset + ENTRY_NAME, length: NAME_BYTES });
    return { index, name, type: this.#u32(offset), valueOffset: offset + ENTRY_VALUE };
  }

  /** @returns 0 for a null pointer */
  #pointer(offset: number): number {
    const address = this.#u64(offset);
    if (address === 0n) return 0;
    const target = address - this.#u64(BASE);
    if (target < BigInt(HEADER_BYTES) || target >= BigInt(this.#view.byteLength)) {
      throw new TornRead('a pointer out of the segment');
    }
    return Number(target);
  }

  #u32(offset: number): number {
    this.#check(offset, 4);
    return this.#view.getUint32(offset, true);
  }

  #u64(offset: number): bigint {
    this.#check(offset, 8);
    return this.#view.getBigUint64(offset, true);
  }

  #check(offset: number, bytes: number): void {
    if (offset < 0 || offset + bytes > this.#view.byteLength) {
      throw new TornRead('beyond the end of the segment');
    }
  }
}
