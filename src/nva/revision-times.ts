/** When revisions came, so that how far an NVE is behind can be told in seconds. */

/** Of revisions that come faster only the first is kept; milliseconds. */
const SPACING_MS = 250;
/** Over an hour, where there is a change all the time. */
const MAX_KEPT = 16_384;
/** Forgotten at a time. */
const BATCH = 1024;

export class RevisionTimes {
  /** In order of both. */
  readonly #revisions: { readonly revision: number; readonly at: number }[];

  /** @param at monotonic milliseconds: when we began, before which nothing is known */
  constructor(at: number) {
    this.#revisions = [{ revision: 0, at }];
  }

  note(revision: number, at: number): void {
    const last = this.#revisions.at(-1);
    if (last !== undefined && last.revision > 0 && at - last.at < SPACING_MS) return;
    this.#revisions.push({ revision, at });
    if (this.#revisions.length > MAX_KEPT) this.#revisions.splice(0, BATCH);
  }

  /** When `revision` came, at most 250 ms too early; of an old one when the oldest came that is known. */
  at(revision: number): number {
    let low = 0;
    let high = this.#revisions.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#revisions[middle]?.revision ?? Infinity) <= revision) low = middle;
      else high = middle;
    }
    return this.#revisions[low]?.at ?? 0;
  }
}
