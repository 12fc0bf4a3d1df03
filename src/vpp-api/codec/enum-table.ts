import type { EnumDef } from '../schema/api-schema.js';

/** Names and numbers of one enum, both ways. */
export class EnumTable {
  readonly #byName: ReadonlyMap<string, number>;
  readonly #byValue = new Map<number, string>();

  constructor(def: EnumDef) {
    this.#byName = def.values;
    for (const [name, value] of def.values) {
      if (!this.#byValue.has(value)) this.#byValue.set(value, name);
    }
  }

  get names(): Iterable<string> {
    return this.#byName.keys();
  }

  /** The number of a name or of a number that is defined; undefined for all else. */
  code(value: unknown): number | undefined {
    if (typeof value === 'string') return this.#byName.get(value);
    return typeof value === 'number' && this.#byValue.has(value) ? value : undefined;
  }

  /** The name of a value; a value that is not defined stays a number. */
  name(value: number): string | number {
    return this.#byValue.get(value) ?? value;
  }
}

/** Decoded values share their lists: this many of one table are kept. */
const MAX_KEPT = 256;

/** A bit mask: its value is a list of names. */
export class FlagsTable {
  readonly #byName: ReadonlyMap<string, number>;
  /** First the single bits, then what covers several, the widest first. */
  readonly #bits: readonly (readonly [name: string, bits: number])[];
  readonly #all: number;
  readonly #kept = new Map<number, readonly (string | number)[]>();

  constructor(def: EnumDef) {
    this.#byName = def.values;
    this.#bits = inOrder(def.values);
    this.#all = this.#bits.reduce((all, [, bits]) => (all | bits) >>> 0, 0);
  }

  get names(): Iterable<string> {
    return this.#byName.keys();
  }

  bitsOf(name: string): number | undefined {
    return this.#byName.get(name);
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
    let left = mask >>> 0;
    for (const [name, bits] of this.#bits) {
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

function inOrder(values: ReadonlyMap<string, number>): [string, number][] {
  const byBits = new Map<number, string>();
  for (const [name, value] of values) {
    const bits = value >>> 0;
    if (bits !== 0 && !byBits.has(bits)) byBits.set(bits, name);
  }
  const isSingle = (bits: number): boolean => (bits & (bits - 1)) === 0;
  const all = [...byBits].map(([bits, name]): [string, number] => [name, bits]);
  const single = all.filter(([, bits]) => isSingle(bits));
  const wide = all.filter(([, bits]) => !isSingle(bits));
  return [...single, ...wide.sort(([, a], [, b]) => b - a)];
}
