/** How much of what happens at one NVE is told, so that it cannot crowd out what others have to tell. */
import type { Clock } from '../../model/clock.js';

const MINUTE_MS = 60_000;

/** Minutes that are kept before those that are over are forgotten. */
const MAX_KEPT = 10_000;

interface Minute {
  /** By the monotonic clock. */
  readonly since: number;
  count: number;
}

export class TellingShare {
  readonly #minutes = new Map<string, Minute>();

  /** @param perMinute events of one NVE */
  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    readonly perMinute: number,
  ) {}

  /** @returns whether one more is told: with `no longer`, once in the minute, that the rest of it is not */
  take(nve: string): 'yes' | 'no longer' | 'no' {
    const minute = this.#minuteOf(nve);
    minute.count++;
    if (minute.count <= this.perMinute) return 'yes';
    return minute.count === this.perMinute + 1 ? 'no longer' : 'no';
  }

  #minuteOf(nve: string): Minute {
    const now = this.clock.monotonic();
    const known = this.#minutes.get(nve);
    if (known !== undefined && now - known.since < MINUTE_MS) return known;
    if (this.#minutes.size >= MAX_KEPT) this.#forgetOver(now);
    const begun: Minute = { since: now, count: 0 };
    this.#minutes.set(nve, begun);
    return begun;
  }

  #forgetOver(now: number): void {
    for (const [nve, { since }] of this.#minutes) {
      if (now - since >= MINUTE_MS) this.#minutes.delete(nve);
    }
  }
}
