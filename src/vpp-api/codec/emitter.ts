/** Lines of code and the values that it refers to, for one function that node:vm compiles. */
export class Emitter {
  readonly #lines: string[] = [];
  readonly #values = new Map<unknown, string>();
  #locals = 0;

  line(text: string): void {
    this.#lines.push(text);
  }

  /** A new name for a local variable. */
  local(): string {
    return `x${this.#locals++}`;
  }

  /** The name by which the code reaches `value`. */
  value(value: unknown): string {
    const known = this.#values.get(value);
    if (known !== undefined) return known;
    const name = `k${this.#values.size}`;
    this.#values.set(value, name);
    return name;
  }

  get code(): string {
    return this.#lines.join('\n');
  }

  /** Names and values, in one order. */
  get parameters(): readonly string[] {
    return [...this.#values.values()];
  }

  get arguments(): readonly unknown[] {
    return [...this.#values.keys()];
  }
}

/** How the emitters reach the compiled code of a struct. */
export interface StructCode {
  /** Answers the size in bytes; throws if a field is not right. */
  readonly check: (
    value: unknown,
    path: (string | number)[],
    depth: number,
    member: number,
  ) => number;
  /** Answers the end, which may lie beyond the buffer's; -1 if a field is not right. */
  readonly put: (target: Buffer, offset: number, value: unknown, member: number) => number;
  /** Leaves the end in `cursor` if the struct's size varies. */
  readonly read: (
    source: Buffer,
    offset: number,
    cursor: Cursor,
    member: number,
  ) => Record<string, unknown>;
}

export interface Cursor {
  end: number;
}

/** A constant index into a buffer: `o` and so many bytes. */
export const at = (bytes: number): string => (bytes === 0 ? 'o' : `o + ${bytes}`);

/** A name as property access. */
export const property = (object: string, name: string): string => `${object}.${plain(name)}`;

/** A name of a definition as code. Parsing holds names to this form; nothing else becomes code. */
export function plain(name: string): string {
  if (!/^[A-Za-z_]\w*$/.test(name) || name === '__proto__') throw new TypeError(`name ${name}`);
  return name;
}
