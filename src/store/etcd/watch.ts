/** Watches: one stream each, begun again on another member where it breaks. */
import { setTimeout as wait } from 'node:timers/promises';
import { NfvError } from '../../errors.js';
import type { EtcdApi, EtcdEvent, EtcdWatchAnswer } from '../../rpc/etcd/types.js';
import { checkNotFuture, checkReadable, checkWatch } from '../check-request.js';
import type { StoreEvent, WatchBatch, WatchRequest } from '../store.js';
import { noteCompacted } from './compacted.js';
import type { Layout } from './layout.js';
import { keyValue } from './read.js';
import type { State } from './state.js';

/** Between two attempts to begin a watch that broke. */
const FIRST_WAIT_MS = 50;
const LAST_WAIT_MS = 1000;

export interface WatchDeps {
  readonly api: EtcdApi;
  readonly state: State;
  /** Aborts when the store closes, with STORE_CLOSED. */
  readonly closed: AbortSignal;
}

export function watchStore(deps: WatchDeps, request: WatchRequest): AsyncIterable<WatchBatch> {
  return { [Symbol.asyncIterator]: () => new Watch(deps, request) };
}

class Watch implements AsyncIterator<WatchBatch, undefined> {
  readonly #deps: WatchDeps;
  /** Ends whatever it waits for. */
  readonly #stop = new AbortController();
  readonly #batches: AsyncGenerator<WatchBatch, undefined>;

  constructor(deps: WatchDeps, request: WatchRequest) {
    this.#deps = deps;
    this.#batches = this.#run(request);
  }

  next(): Promise<IteratorResult<WatchBatch, undefined>> {
    return this.#batches.next();
  }

  /** Ends the watch at once, also while `next` waits. */
  return(): Promise<IteratorResult<WatchBatch, undefined>> {
    this.#stop.abort();
    return this.#batches.return(undefined);
  }

  async *#run(request: WatchRequest): AsyncGenerator<WatchBatch, undefined> {
    const { signal } = request;
    const { closed } = this.#deps;
    const stop = (): void => {
      this.#stop.abort();
    };
    checkWatch(request);
    closed.throwIfAborted();
    for (const one of [signal, closed]) one.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      yield* this.#follow(request);
    } finally {
      for (const one of [signal, closed]) one.removeEventListener('abort', stop);
    }
    if (!signal.aborted) closed.throwIfAborted();
    return undefined;
  }

  async *#follow({ prefix, after: first }: WatchRequest): AsyncGenerator<WatchBatch> {
    const { api, state } = this.#deps;
    let after = first;
    if (after > state.revision && !this.#ended()) {
      checkNotFuture(after, (await state.refresh()).revision);
    }
    // From `after` on, not the next: a watch that begins where etcd was compacted misses deletes.
    let start = Math.max(1, after);
    for (let failures = 0; !this.#ended();) {
      const groups = new Groups(state.layout);
      try {
        const range = state.layout.range(prefix);
        for await (const answer of api.watch({ ...range, start }, this.#stop.signal)) {
          failures = 0;
          if (answer.kind === 'compacted') {
            start = await this.#resume(after, answer.compactRevision);
            break;
          }
          for (const batch of groups.take(answer)) {
            if (this.#ended()) return;
            if (batch.revision <= after) continue;
            after = batch.revision;
            start = Math.max(start, after);
            state.reached(after);
            yield batch;
          }
        }
      } catch (thrown) {
        if (this.#ended()) return;
        if (NfvError.from(thrown).code !== 'STORE_UNREACHABLE') throw thrown;
        await this.#pause(failures++);
      }
    }
  }

  /**
   * Where to go on: etcd was compacted, but perhaps there was nothing of this store between.
   * @throws NfvError REVISION_COMPACTED
   */
  async #resume(after: number, compactRevision: number): Promise<number> {
    const { api, state } = this.#deps;
    await noteCompacted(api, state, compactRevision);
    const { own, cluster } = state.compacted;
    checkReadable(after, Math.max(after, state.revision), own);
    return cluster;
  }

  #ended(): boolean {
    return this.#stop.signal.aborted;
  }

  async #pause(failures: number): Promise<void> {
    const ms = Math.min(LAST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 10));
    try {
      await wait(ms * (0.5 + Math.random() / 2), undefined, { signal: this.#stop.signal });
    } catch {
      // The watch ends, and whoever called sees that.
    }
  }
}

/** Events by revision; an answer may end in the middle of one. */
class Groups {
  #open: { revision: number; events: StoreEvent[] } | undefined;

  constructor(private readonly layout: Layout) {}

  *take(answer: Extract<EtcdWatchAnswer, { kind: 'events' }>): Generator<WatchBatch> {
    for (const event of answer.events) {
      const revision = event.kind === 'put' ? event.kv.modRevision : event.modRevision;
      if (this.#open !== undefined && this.#open.revision !== revision) yield* this.#close();
      this.#open ??= { revision, events: [] };
      this.#open.events.push(this.#eventOf(event));
    }
    if (!answer.isPart) yield* this.#close();
  }

  *#close(): Generator<WatchBatch> {
    const batch = this.#open;
    this.#open = undefined;
    if (batch !== undefined) yield batch;
  }

  #eventOf(event: EtcdEvent): StoreEvent {
    if (event.kind === 'put') return { kind: 'put', kv: keyValue(this.layout, event.kv) };
    const key = this.layout.text(event.key);
    const { previous } = event;
    return { kind: 'delete', key, ...(previous && { previous: previous.toString() }) };
  }
}
