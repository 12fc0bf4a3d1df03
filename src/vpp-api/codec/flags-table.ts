import type { EnumDef } from '../schema/api-schema.js';
import { bytesOf } from './integer-types.js';

/** Decoded values share their lists: so many of one table are kept. */
const MAX_KEPT = 256;

/** A bit mask of up to 32 bits: its value is a list of names. */
export class FlagsTable {
  readonly #byName = new Map<string, number>();
  readonly #order: readonly (readonly [name: string, bits: number])[];
  readonly #all: number;
  readonly #kept = new Map<number, readonly (string | number)[]>();

  constructor(def: EnumDef) {
    for (const [name, bits] of bitsByName(def)) this.#byName.set(name, Number(bits));
    this.#order = inOrder(def).map(([name, bits]) => [name, Number(bits)]);
    this.#all = this.#order.reduce((all, [, bits]) => (all | bits) >>> 0, 0);
  }

  get names(): Iterable<string> {
    return this.#byName.keys();
  }

  /** The mask of a list of names, or of a number whose bits are all defined; undefined for all else. */
  code(value: unknown): number | undefined {
    if (typeof value === 'number') {
      return value >>> 0 === value && (value & ~this.#all) === 0 ? value : undefined;
    }
    if (!Array.isArray(value)) return undefined;
    let mask = 0;
    for (const name of value) {
      const bits = typeof name === 'string' ? this.#byName.get(name) : undefined;
      if (bits === undefined) return undefined;
      mask |= bits;
    }
    return mask >>> 0;
  }

  /** The names of a mask, and what is not defined as one number at the end. Frozen, and shared. */
  list(mask: number): readonly (string | number)[] {
    return this.#kept.get(mask) ?? this.#make(mask);
  }

  #make(mask: number): readonly (string | number)[] {
    const list: (string | number)[] = [];
    let left = mask;
    for (const [name, bits] of this.#order) {
      if ((left & bits) >>> 0 !== bits) continue;
      list.push(name);
      left = (left & ~bits) >>> 0;
    }
    if (left !== 0) list.push(left);
    Object.freeze(list);
    if (this.#kept.size < MAX_KEPT) this.#kept.set(mask, list);
    return list;
  }
}

/** The same with 64 bits, as bigint: no release has one so far. */
export class WideFlagsTable {
  readonly #byName: ReadonlyMap<string, bigint>;
  readonly #order: readonly (readonly [name: string, bits: bigint])[];
  readonly #all: bigint;

  constructor(def: EnumDef) {
    this.#byName = new Map(bitsByName(def));
    this.#order = inOrder(def);
    this.#all = this.#order.reduce((all, [, bits]) => all | bits, 0n);
  }

  get names(): Iterable<string> {
    return this.#byName.keys();
  }

  code(value: unknown): bigint | undefined {
    if (typeof value === 'bigint')
      return value >= 0n && (value & ~this.#all) === 0n ? value : undefined;
    if (!Array.isArray(value)) return undefined;
    let mask = 0n;
    for (const name of value) {
      const bits = typeof name === 'string' ? this.#byName.get(name) : undefined;
      if (bits === undefined) return undefined;
      mask |= bits;
    }
    return mask;
  }

  list(mask: bigint): readonly (string | bigint)[] {
    const list: (string | bigint)[] = [];
    let left = mask;
    for (const [name, bits] of this.#order) {
      if ((left & bits) !== bits) continue;
      list.push(name);
      left &= ~bits;
    }
    if (left !== 0n) list.push(left);
    return Object.freeze(list);
  }
}

function bitsByName({ values, repr }: EnumDef): [string, bigint][] {
  const width = 8 * bytesOf(repr);
  return [...values].map(([name, value]) => [name, BigInt.asUintN(width, BigInt(value))]);
}

/** First the single bits as they are defined, then what covers several, the most first. */
function inOrder(def: EnumDef): [string, bigint][] {
  const byBits = new Map<bigint, string>();
  for (const [name, bits] of bitsByName(def)) {
    if (bits !== 0n && !byBits.has(bits)) byBits.set(bits, name);
  }
  const all = [...byBits].map(([bits, name]): [string, bigint] => [name, bits]);
  const isSingle = (bits: bigint): boolean => (bits & (bits - 1n)) === 0n;
  const wide = all.filter(([, bits]) => !isSingle(bits));
  return [
    ...all.filter(([, bits]) => isSingle(bits)),
    ...wide.sort(([, a], [, b]) => (a < b ? 1 : -1)),
  ];
}
