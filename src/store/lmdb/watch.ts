/** Watches: fed from the log on disk, some revisions at a time, and woken by commits. */
import { setImmediate as turn } from 'node:timers/promises';
import { checkReadable, checkWatch } from '../check-request.js';
import { utf8 } from './layout.js';
import { keyValue, type Read } from './range.js';
import type { Records } from './records.js';
import type { StoreEvent, WatchBatch, WatchRequest } from '../store.js';

/** Bounds of what one read brings; a single transaction may be larger. */
const STEP_REVISIONS = 128;
const STEP_BYTES = 64 * 1024;

export interface WatchSource {
  readonly read: Read;
  /** Calls back once: when the revision is above `revision`, or the store closes. */
  onChange(revision: number, callback: () => void): () => void;
}

export function watchStore(source: WatchSource, request: WatchRequest): AsyncIterable<WatchBatch> {
  return { [Symbol.asyncIterator]: () => new Watch(source, request) };
}

class Watch implements AsyncIterator<WatchBatch, undefined> {
  readonly #source: WatchSource;
  readonly #signal: AbortSignal;
  readonly #batches: AsyncGenerator<WatchBatch, undefined>;
  #returned = false;
  /** Ends the wait for a change, where there is one. */
  #wake: (() => void) | undefined;

  constructor(source: WatchSource, request: WatchRequest) {
    this.#source = source;
    this.#signal = request.signal;
    this.#batches = this.#run(request);
  }

  next(): Promise<IteratorResult<WatchBatch, undefined>> {
    return this.#batches.next();
  }

  /** Ends the watch at once, also while `next` waits. */
  return(): Promise<IteratorResult<WatchBatch, undefined>> {
    this.#returned = true;
    this.#wake?.();
    return this.#batches.return(undefined);
  }

  #ended(): boolean {
    return this.#returned || this.#signal.aborted;
  }

  async *#run(request: WatchRequest): AsyncGenerator<WatchBatch, undefined> {
    checkWatch(request);
    const prefix = utf8(request.prefix);
    for (let { after } = request; !this.#ended();) {
      const step = await this.#source.read((records) => readLog(records, prefix, after));
      for (const batch of step.batches) {
        if (this.#ended()) return undefined;
        yield batch;
      }
      after = step.after;
      if (step.more) await turn();
      else await this.#change(after);
    }
    return undefined;
  }

  #change(after: number): Promise<void> {
    if (this.#ended()) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#wake = undefined;
        this.#signal.removeEventListener('abort', wake);
        cancel();
        resolve();
      };
      const cancel = this.#source.onChange(after, wake);
      this.#wake = wake;
      this.#signal.addEventListener('abort', wake, { once: true });
    });
  }
}

interface Step {
  readonly batches: readonly WatchBatch[];
  /** The last revision looked at. */
  readonly after: number;
  readonly more: boolean;
}

function readLog(records: Records, prefix: Buffer, after: number): Step {
  const { revision: latest, compactRevision } = records.state();
  checkReadable(after, latest, compactRevision);
  const batches: WatchBatch[] = [];
  let bytes = 0;
  let revision = after;
  const most = Math.min(latest, after + STEP_REVISIONS);
  while (revision < most && bytes < STEP_BYTES) {
    revision++;
    const events = eventsOf(records, prefix, revision);
    if (events.length === 0) continue;
    batches.push({ revision, events });
    bytes += events.reduce((sum, event) => sum + sizeOf(event), 0);
  }
  return { batches, after: revision, more: revision < latest };
}

function eventsOf(records: Records, prefix: Buffer, revision: number): StoreEvent[] {
  return records
    .log(revision)
    .filter(({ key }) => key.subarray(0, prefix.length).equals(prefix))
    .map(({ kind, key }): StoreEvent => {
      if (kind === 'put') return { kind, kv: keyValue(key, records.put(key, revision)) };
      const previous = records.ended(key, revision)?.value.toString('utf8');
      const text = key.toString('utf8');
      return previous === undefined ? { kind, key: text } : { kind, key: text, previous };
    });
}

const sizeOf = (event: StoreEvent): number =>
  event.kind === 'put'
    ? event.kv.key.length + event.kv.value.length
    : event.key.length + (event.previous?.length ?? 0);
