/** The northbound watch: the store's history as changes of resources. */
import { NfvError } from '../errors.js';
import type { Call, Resource, WatchEvent, WatchRequest } from '../model/api.js';
import type { Clock } from '../model/clock.js';
import { formatName, type Collection } from '../model/names.js';
import { resourceFilter } from '../model/resource-filter.js';
import type { Store, StoreEvent, WatchBatch } from '../store/store.js';
import type { EventBatch } from './access/guardable.js';
import { parseResourceKey, ROOT, specKey, specsOf } from './keys.js';
import { latestRevision } from './latest.js';
import { decodeKv } from './records.js';
import type { ResourceRules } from './resources/resource-rules.js';
import { scanIds } from './scan.js';

/**
 * After so long a watcher gets a newer revision to resume from, whatever else it was told: it may not see all of that,
 * and is not to learn from when it gets one that there was something.
 */
const BOOKMARK_MS = 10_000;

const NOTHING: ReadonlySet<string> = new Set();

/** What the watch needs of one collection. */
export interface Watched {
  readonly kind: Resource['kind'];
  readonly collection: Collection;
  /** The resource as of a revision; undefined: it does not exist then. */
  read(id: string, revision: number): Promise<Resource | undefined>;
}

export function watched<Spec extends object, R extends Resource>(
  store: Store,
  rules: ResourceRules<Spec, R>,
): Watched {
  return {
    kind: rules.kind,
    collection: rules.collection,
    async read(id, revision) {
      const kv = await store.get(specKey(rules.collection, id), revision);
      return kv && rules.assemble(id, decodeKv(rules.records, kv), revision);
    },
  };
}

export async function* eventsOf(
  batches: AsyncIterable<EventBatch>,
): AsyncGenerator<WatchEvent, void> {
  for await (const { events } of batches) yield* events;
}

export async function* watchResources(
  store: Store,
  clock: Clock,
  all: readonly Watched[],
  request: WatchRequest,
  { signal }: Call,
): AsyncGenerator<EventBatch> {
  const wanted = all.filter(
    ({ kind }) => request.kinds.length === 0 || request.kinds.includes(kind),
  );
  const view = new View(wanted, request.filter);
  let revision = request.startRevision;
  const latest = await latestRevision(store);
  if (revision > latest) {
    throw new NfvError('REVISION_IN_FUTURE', `the store is at revision ${latest}, not ${revision}`);
  }
  if (revision === 0) {
    revision = latest;
    for (const watched of wanted) {
      for await (const event of snapshot(store, watched, view, revision, signal)) yield only(event);
    }
    if (signal.aborted) return;
    yield only({ type: 'SYNCED', revision });
  } else {
    await view.remember(store, revision, signal);
  }
  let told = clock.monotonic();
  for await (const batch of store.watch({ prefix: ROOT, after: revision, signal })) {
    yield { events: await view.eventsOf(batch), respecified: respecifiedBy(batch) };
    if (clock.monotonic() - told < BOOKMARK_MS) continue;
    yield only({ type: 'SYNCED', revision: batch.revision });
    told = clock.monotonic();
  }
}

async function* snapshot(
  store: Store,
  watched: Watched,
  view: View,
  revision: number,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
  for await (const id of scanIds(store, specsOf(watched.collection), { revision, signal })) {
    const resource = await watched.read(id, revision);
    if (resource !== undefined && view.enters(watched, resource)) {
      yield { type: 'PUT', revision, resource };
    }
  }
}

/** What the watcher sees: with a filter, it is told when a resource ceases to match. */
class View {
  readonly #isWanted: (resource: Resource) => boolean;
  /** Names of the resources that match; kept with a filter only. */
  readonly #matching: Set<string> | undefined;

  constructor(
    private readonly wanted: readonly Watched[],
    filter: string,
  ) {
    const kinds = wanted.map(({ kind }) => kind);
    this.#isWanted = resourceFilter(filter, kinds);
    this.#matching = filter === '' ? undefined : new Set();
  }

  /** Finds out what a watcher that resumes has been told of before. */
  async remember(store: Store, revision: number, signal: AbortSignal): Promise<void> {
    if (this.#matching === undefined) return;
    for (const watched of this.wanted) {
      for await (const id of scanIds(store, specsOf(watched.collection), { revision, signal })) {
        const resource = await watched.read(id, revision);
        if (resource !== undefined) this.enters(watched, resource);
      }
    }
  }

  enters(watched: Watched, resource: Resource): boolean {
    const does = this.#isWanted(resource);
    if (does) this.#matching?.add(formatName(watched.collection, resource.id));
    return does;
  }

  /** One event for each resource that the transaction changed. */
  async eventsOf({ revision, events }: WatchBatch): Promise<WatchEvent[]> {
    const changed = new Map<string, { watched: Watched; id: string }>();
    for (const event of events) {
      const about = parseResourceKey(keyOf(event));
      const watched = this.wanted.find(({ collection }) => collection === about?.collection);
      if (about === undefined || watched === undefined) continue;
      changed.set(formatName(watched.collection, about.id), { watched, id: about.id });
    }
    const result: WatchEvent[] = [];
    for (const [name, { watched, id }] of changed) {
      const event = await this.#eventOf(name, watched, id, revision);
      if (event !== undefined) result.push(event);
    }
    return result;
  }

  async #eventOf(
    name: string,
    watched: Watched,
    id: string,
    revision: number,
  ): Promise<WatchEvent | undefined> {
    const before = this.#matching?.has(name) ?? true;
    const resource = await watched.read(id, revision);
    if (resource !== undefined && this.enters(watched, resource)) {
      return { type: 'PUT', revision, resource };
    }
    this.#matching?.delete(name);
    if (!before) return undefined;
    const last = await watched.read(id, revision - 1);
    return last === undefined ? undefined : { type: 'DELETED', revision, resource: last };
  }
}

function only(event: WatchEvent): EventBatch {
  return { events: [event], respecified: NOTHING };
}

function respecifiedBy({ events }: WatchBatch): Set<string> {
  const names = new Set<string>();
  for (const event of events) {
    const about = parseResourceKey(keyOf(event));
    if (about?.part === 'spec') names.add(formatName(about.collection, about.id));
  }
  return names;
}

function keyOf(event: StoreEvent): string {
  return event.kind === 'put' ? event.kv.key : event.key;
}
