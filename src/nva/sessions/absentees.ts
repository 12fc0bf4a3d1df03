/** What the NVEs without a session are known to miss. */
import { setImmediate as turn } from 'node:timers/promises';

export interface AbsenteesDeps {
  /** Nothing is kept of NVEs that were deleted. */
  exists(nve: string): boolean;
  /** Digest of all items that the NVE should have. */
  digestOf(nve: string): string;
  /** Ends the judging. */
  readonly signal: AbortSignal;
}

export class Absentees {
  /** The first revision each misses, as far as we know. */
  readonly #missed = new Map<string, number>();
  /** Digest of what each had, where nobody has looked yet whether that is what it should have. */
  readonly #unjudged = new Map<string, string>();
  #judging: Promise<void> | undefined;

  constructor(private readonly deps: AbsenteesDeps) {}

  /**
   * After a restart of ours: what an NVE had when an earlier process last knew it to be in step;
   * empty if it was not.
   */
  remember(nve: string, digest: string): void {
    if (digest === '') this.miss(nve, 0);
    else this.#unjudged.set(nve, digest);
  }

  /** The NVE lacks something of this revision or before. */
  miss(nve: string, revision: number): void {
    if (!this.deps.exists(nve)) return;
    // What it lacked before this change can no longer be told: as if it lacked all.
    const first = this.#unjudged.delete(nve) ? 0 : revision;
    this.#missed.set(nve, Math.min(first, this.#missed.get(nve) ?? first));
  }

  /** The NVE has a session, or is no more. */
  forget(nve: string): void {
    this.#missed.delete(nve);
    this.#unjudged.delete(nve);
  }

  /** undefined: nothing, once all are judged. */
  missed(nve: string): number | undefined {
    return this.#missed.get(nve);
  }

  /** The NVEs that miss something. */
  behind(): Iterable<string> {
    return this.#missed.keys();
  }

  /** Resolves when it is known of each NVE whether it is behind. */
  judged(): Promise<void> {
    this.#judging ??= this.#judge();
    return this.#judging;
  }

  /** Each takes a compile of one NVE; others get their turn in between. */
  async #judge(): Promise<void> {
    for (const [nve, digest] of this.#unjudged) {
      if (this.deps.signal.aborted) return;
      this.#unjudged.delete(nve);
      if (this.deps.digestOf(nve) !== digest) this.#missed.set(nve, 0);
      await turn();
    }
  }
}
