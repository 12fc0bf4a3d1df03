/** What an NVE's sessions end with is told, but not each time where they end so again and again. */
import type { Clock } from '../../model/clock.js';

interface Told {
  readonly text: string;
  /** Of the monotonic clock, in milliseconds. */
  readonly at: number;
}

/** An agent that is refused comes every second, and later every ten. */
const SILENCE_MS = 60_000;
/** NVEs that are remembered: whoever may speak to us can name any number of them. */
const MAX_NVES = 10_000;

export class News {
  /** The one that was told longest ago is the first. */
  readonly #told = new Map<string, Told>();

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  /**
   * Whether to tell that a session of the NVE ends so: it is news, or was told a minute ago or longer. It counts as told
   * then.
   * @param text the error's: that of another caller who may not speak for the NVE is another
   */
  takes(nve: string, text: string): boolean {
    const now = this.clock.monotonic();
    const last = this.#told.get(nve);
    if (last?.text === text && now - last.at < SILENCE_MS) return false;
    this.#told.delete(nve);
    this.#told.set(nve, { text, at: now });
    const [oldest] = this.#told.keys();
    if (this.#told.size > MAX_NVES && oldest !== undefined) this.#told.delete(oldest);
    return true;
  }

  /** Its session has begun: whatever ends that is news. */
  connected(nve: string): void {
    this.#told.delete(nve);
  }
}
