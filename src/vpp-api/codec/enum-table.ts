import type { EnumDef } from '../schema/api-schema.js';

/** Names and numbers of one enum, both ways. */
export class EnumTable {
  readonly #byName: ReadonlyMap<string, number>;
  readonly #byValue = new Map<number, string>();

  constructor({ values }: EnumDef) {
    this.#byName = values;
    for (const [name, value] of values) {
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

  /** The same for 64 bits: what is not defined stays a bigint. */
  wideName(value: bigint): string | bigint {
    const number = Number(value);
    return (BigInt(number) === value ? this.#byValue.get(number) : undefined) ?? value;
  }
}
