/** Trouble that a test asks for. */

export type Trouble =
  /** The kernel refuses. */
  | { readonly errno: string }
  /** The call never returns; it is done all the same, or not. */
  | { readonly hang: 'before' | 'after' }
  /** What it makes is there only after so many milliseconds. */
  | { readonly lateMs: number }
  /** It says that all went well, and does nothing, or less. */
  | { readonly silent: true }
  | { readonly atMost: number };

export interface Fault {
  /** Matched against a call: `write sys/… = VALUE`, `ip link set dev eth0 up`. */
  readonly on: RegExp;
  /** How often; undefined: always. */
  readonly times?: number;
  readonly trouble: Trouble;
}

export class Faults {
  readonly #faults: { fault: Fault; left: number }[];

  constructor(faults: readonly Fault[]) {
    this.#faults = faults.map((fault) => ({ fault, left: fault.times ?? Infinity }));
  }

  take(call: string): Trouble | undefined {
    const found = this.#faults.find(({ fault, left }) => left > 0 && fault.on.test(call));
    if (found === undefined) return undefined;
    found.left--;
    return found.fault.trouble;
  }
}
