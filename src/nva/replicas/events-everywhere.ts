/** What happened, at all replicas: of this one everything, of each other what only that one knows. */
import { setMaxListeners } from 'node:events';
import type { Call } from '../../model/api.js';
import type { Clock } from '../../model/clock.js';
import type { EventsRequest, NvaEvent } from '../../model/observation.js';
import { EventMerge, type Teller } from './event-merge.js';
import { isWanted, type EventRing } from '../observing/event-ring.js';
import type { OtherReplicas } from './other-replicas.js';
import { ReplicaEvents, type Heard } from './replica-events.js';

export interface EventsEverywhereDeps {
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'after'>;
  /** Of this replica. */
  readonly all: Pick<EventRing, 'read'>;
  readonly others: OtherReplicas;
}

/** Replicas of which one reader remembers how far it has heard them. */
const MAX_HEARD = 1000;

export class EventsEverywhere {
  constructor(private readonly deps: EventsEverywhereDeps) {}

  /** Each reader listens to each replica by itself; when it goes, or its call ends, nothing of that is left. */
  async *read(request: EventsRequest, call: Call): AsyncGenerator<NvaEvent> {
    const ended = new AbortController();
    // All that is listened to waits on it.
    setMaxListeners(0, ended.signal);
    const end = (): void => {
      ended.abort();
    };
    if (call.signal.aborted) end();
    else call.signal.addEventListener('abort', end, { once: true });
    const merge = new EventMerge(ended.signal);
    const reading = new Reading(this.deps, request, { ...call, signal: ended.signal }, merge);
    const { others } = this.deps;
    const unwatch = request.follow
      ? others.onChange(() => {
          reading.join(false);
        })
      : undefined;
    try {
      merge.add(true, (teller) => reading.tellOwn(teller));
      reading.join(true);
      yield* merge.read();
    } finally {
      unwatch?.();
      call.signal.removeEventListener('abort', end);
      end();
      await merge.ended();
    }
  }
}

class Reading {
  readonly #listened = new Set<string>();
  /** By address; the one that was heard first comes first. */
  readonly #heard = new Map<string, Heard>();

  constructor(
    private readonly deps: EventsEverywhereDeps,
    private readonly request: EventsRequest,
    private readonly call: Call,
    private readonly merge: EventMerge,
  ) {}

  async tellOwn(teller: Teller): Promise<void> {
    const { follow } = this.request;
    for await (const { event } of this.deps.all.read(follow, this.call.signal)) {
      if (event === undefined) teller.remembered();
      else if (isWanted(event, this.request)) await teller.tell(event);
    }
  }

  /** Listens to the replicas that the store has and that are not listened to. */
  join(isPast: boolean): void {
    if (this.call.signal.aborted) return;
    // One that was started again is known twice for a while.
    for (const address of new Set(this.deps.others.known().values())) {
      if (!this.#listened.has(address)) this.#listen(address, isPast);
    }
  }

  #listen(address: string, isPast: boolean): void {
    const { clock, others } = this.deps;
    const { follow } = this.request;
    const replica = new ReplicaEvents({
      ...{ clock, others, address, follow, heard: this.#heardOf(address) },
      isWanted: (event) => isWanted(event, this.request),
    });
    this.#listened.add(address);
    this.merge.add(isPast, async (teller) => {
      await replica.tell(teller, this.call);
      this.#listened.delete(address);
      // The store may have it again by now.
      if (follow) this.join(false);
    });
  }

  #heardOf(address: string): Heard {
    const heard = this.#heard.get(address) ?? { run: '', position: 0, isSilent: false };
    this.#heard.set(address, heard);
    for (const each of this.#heard.keys()) {
      if (this.#heard.size <= MAX_HEARD) break;
      if (!this.#listened.has(each)) this.#heard.delete(each);
    }
    return heard;
  }
}
