/** Which calls of the NVA's API a pass carries out. */
import type { TraceContext } from '../model/origin.js';
import { newest, spanned, type Tracer } from '../model/tracing.js';

export class ApplyTraces {
  /** Of deltas that no pass has taken up yet. */
  #waiting: readonly TraceContext[] = [];
  #current: readonly TraceContext[] = [];

  constructor(private readonly tracer: Tracer | undefined) {}

  /** Of the pass that runs. */
  get current(): readonly TraceContext[] {
    return this.#current;
  }

  /** A delta was stored, and is what the next pass takes up. */
  took(traces: readonly TraceContext[]): void {
    this.#waiting = newest([...this.#waiting, ...traces]);
  }

  /** Runs a pass; one at a time. */
  readonly around = async <T>(pass: () => Promise<T>): Promise<T> => {
    const { tracer } = this;
    this.#current = this.#waiting;
    this.#waiting = [];
    try {
      return await spanned(tracer, 'reconcile', this.#current, pass);
    } finally {
      this.#current = [];
    }
  };
}
