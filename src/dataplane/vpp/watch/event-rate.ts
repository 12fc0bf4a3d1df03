/** How many events of guests VPP tells in a second, and of which interface the most. */
import type { Clock } from '../../../model/clock.js';

export interface Flood {
  readonly events: number;
  /** `sw_if_index` of the interface that most of those came from that were read; undefined: none was. */
  readonly index: number | undefined;
}

/** More than the guests of a host say in peace, and answer when all are asked. */
export const MAX_EVENTS = 3000;
const WINDOW_MS = 1000;

export class EventRate {
  /** Monotonic ms. */
  #begun: number;
  #events = 0;
  readonly #byIndex = new Map<number, number>();

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {
    this.#begun = clock.monotonic();
  }

  /** One was read. @returns if they are too many for a second */
  from(index: number): Flood | undefined {
    this.#turn();
    this.#byIndex.set(index, (this.#byIndex.get(index) ?? 0) + 1);
    return this.#add(1);
  }

  /** So many were not. */
  dropped(events: number): Flood | undefined {
    this.#turn();
    return this.#add(events);
  }

  #turn(): void {
    const now = this.clock.monotonic();
    if (now - this.#begun < WINDOW_MS) return;
    this.#begun = now;
    this.#events = 0;
    this.#byIndex.clear();
  }

  #add(events: number): Flood | undefined {
    this.#events += events;
    if (this.#events <= MAX_EVENTS) return undefined;
    const [most] = [...this.#byIndex].sort(([, a], [, b]) => b - a);
    return { events: this.#events, index: most?.[0] };
  }
}
