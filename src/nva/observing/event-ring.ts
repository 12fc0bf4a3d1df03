/** What happened of late, for who wants to know now and for who goes on listening. */
import { MISSED, type EventsRequest, type NvaEvent } from '../../model/observation.js';
import type { OwnEvent } from '../../model/replica.js';

/** Events that are remembered; of more, the newest. */
export const MAX_EVENTS = 10_000;

/** An event in a ring; without one all that was remembered has been told. */
export type Placed = Omit<OwnEvent, 'run'>;

export class EventRing {
  readonly #events: NvaEvent[] = [];
  #next = 1;
  readonly #waiting = new Set<() => void>();

  /** The position of the next event: 1, 2, … */
  get next(): number {
    return this.#next;
  }

  add(event: NvaEvent): void {
    this.#events[this.#next++ % MAX_EVENTS] = event;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /**
   * A reader holds nothing: one that is slow is told how many it missed.
   * @param follow goes on with what happens; otherwise it ends with what is remembered
   * @param after the last position that it has heard of, 0: it heard that there was none; undefined: it has never read
   */
  async *read(follow: boolean, signal: AbortSignal, after?: number): AsyncGenerator<Placed> {
    const remembered = this.#next;
    let at = after === undefined ? this.#oldest : Math.min(after + 1, remembered);
    let isCurrent = false;
    while (!signal.aborted) {
      const oldest = this.#oldest;
      if (!isCurrent && at >= remembered) {
        isCurrent = true;
        yield { position: at - 1, event: undefined };
        if (!follow) return;
      } else if (at < oldest) {
        const event = missed(oldest - at, this.#events[oldest % MAX_EVENTS]);
        at = oldest;
        yield { position: oldest - 1, event };
      } else if (at < this.#next) {
        const event = this.#events[at % MAX_EVENTS];
        yield { position: at++, event };
      } else await this.#news(signal);
    }
  }

  get #oldest(): number {
    return Math.max(1, this.#next - MAX_EVENTS);
  }

  #news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

/** MISSED stands for events of all kinds. */
export function isWanted(event: NvaEvent, { kinds, tenant, resource }: EventsRequest): boolean {
  if (event.kind === 'MISSED') return true;
  return (
    (kinds.length === 0 || kinds.includes(event.kind)) &&
    (tenant === '' || event.tenant === tenant) &&
    (resource === '' || event.resource === resource)
  );
}

/** @param next the first that can still be told */
function missed(count: number, next: NvaEvent | undefined): NvaEvent {
  const { time = '', replica = '' } = next ?? {};
  const message = `${count} events came faster than they were read`;
  return { ...MISSED, time, replica, message };
}
