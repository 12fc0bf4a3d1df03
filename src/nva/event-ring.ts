/** What happened of late, for who wants to know now and for who goes on listening. */
import type { EventsRequest, NvaEvent } from '../model/observation.js';

/** Events that are remembered; of more, the newest. */
export const MAX_EVENTS = 10_000;

export type NewEvent = Omit<NvaEvent, 'sequence' | 'time'>;

export class EventRing {
  readonly #events: NvaEvent[] = [];
  #next = 1;
  readonly #waiting = new Set<() => void>();

  add(event: NewEvent, time: string): void {
    const sequence = this.#next++;
    this.#events[sequence % MAX_EVENTS] = { ...event, sequence, time };
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** A reader holds nothing: one that is slow is told how many it missed. */
  async *read(request: EventsRequest, signal: AbortSignal): AsyncGenerator<NvaEvent> {
    let at = Math.max(1, this.#next - MAX_EVENTS);
    while (!signal.aborted) {
      const oldest = Math.max(1, this.#next - MAX_EVENTS);
      if (at < oldest) {
        yield missed(at, oldest - at, this.#events[oldest % MAX_EVENTS]?.time ?? '');
        at = oldest;
        continue;
      }
      const event = at < this.#next ? this.#events[at % MAX_EVENTS] : undefined;
      if (event !== undefined) {
        at++;
        if (matches(event, request)) yield event;
      } else if (request.follow) await this.#news(signal);
      else return;
    }
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

function matches(event: NvaEvent, { kinds, tenant, resource }: EventsRequest): boolean {
  return (
    (kinds.length === 0 || kinds.includes(event.kind)) &&
    (tenant === '' || event.tenant === tenant) &&
    (resource === '' || event.resource === resource)
  );
}

function missed(sequence: number, count: number, time: string): NvaEvent {
  const nothing = {
    resource: '',
    tenant: '',
    who: '',
    nve: '',
    revision: 0,
    code: '',
    traceId: '',
  };
  const message = `${count} events came faster than they were read`;
  return { ...nothing, sequence, time, kind: 'MISSED', message };
}
