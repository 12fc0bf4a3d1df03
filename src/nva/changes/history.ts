/** What was changed, by whom and when: read from the records that each change leaves. */
import { NfvError } from '../../errors.js';
import type {
  Change,
  ListChangesRequest,
  ListChangesResult,
  ResourceChange,
  ResourceVerb,
  Wanted,
} from '../../model/changes.js';
import { COLLECTION_OF, KIND_OF } from '../../model/changes.js';
import type { FieldRecord } from '../../model/filter.js';
import { formatName } from '../../model/names.js';
import { CHANGE_FILTER_FIELDS, recordFilter } from '../../model/resource-filter.js';
import type { Store } from '../../store/store.js';
import { PENDING } from '../keys.js';
import { pageSize, PageTokens } from '../pages.js';
import { scan } from '../scan.js';
import type { ChangeIndex, IndexedChange } from './change-index.js';
import { ChangeReader } from './change-reader.js';
import { specifiedFrom } from './drafts.js';
import { PENDING_RECORD } from './pending-mark.js';
import type { ChangedSpec } from './record.js';
import type { Warden } from './warden.js';

export interface HistoryDeps {
  readonly store: Store;
  readonly index: ChangeIndex;
  /** Resolves with the revision that the index has everything of: the store's latest, or a later one. */
  caughtUp(signal: AbortSignal): Promise<number>;
}

/** A page is cut short where what it shows is longer than this. */
const MAX_PAGE_LENGTH = 2 * 1024 * 1024;

export class History {
  readonly #reader: ChangeReader;

  constructor(private readonly deps: HistoryDeps) {
    this.#reader = new ChangeReader(deps.store);
  }

  /** The newest first. @throws NfvError INVALID_FILTER, INVALID_PAGE_TOKEN */
  async list(
    request: ListChangesRequest,
    warden: Warden,
    signal: AbortSignal,
  ): Promise<ListChangesResult> {
    const size = pageSize(request.pageSize);
    const isWanted = recordFilter(request.filter, CHANGE_FILTER_FIELDS);
    const tokens = new PageTokens('changes', request.filter);
    const start = tokens.decode(request.pageToken);
    const latest = await this.deps.caughtUp(signal);
    const { index } = this.deps;
    const revision = start?.revision ?? latest;
    const oldestRevision = index.oldest(latest);
    const deadlines = await this.#deadlines(signal);
    const changes: Change[] = [];
    let shownSize = 0;
    for (const indexed of before(index.since(0), revision, start?.after)) {
      signal.throwIfAborted();
      const found = await this.#read(indexed, warden, deadlines);
      if (found === undefined || !isWanted(fieldsOf(found.change))) continue;
      shownSize += found.size;
      const isFull = changes.length === size || (changes.length > 0 && shownSize > MAX_PAGE_LENGTH);
      if (isFull) {
        const after = changes.at(-1)?.id ?? '';
        const nextPageToken = tokens.encode({ revision, after });
        return { changes, nextPageToken, revision, oldestRevision };
      }
      changes.push(found.change);
    }
    return { changes, nextPageToken: '', revision, oldestRevision };
  }

  /** @throws NfvError NOT_FOUND, REVISION_COMPACTED */
  async get(id: string, warden: Warden, signal: AbortSignal): Promise<Change> {
    const latest = await this.deps.caughtUp(signal);
    const { index } = this.deps;
    const indexed = index.find(id);
    const found = indexed && (await this.#read(indexed, warden, await this.#deadlines(signal)));
    if (found !== undefined) return found.change;
    const revision = Number(/^\d+/.exec(id)?.[0] ?? latest);
    this.requireKnown(revision, latest);
    throw new NfvError('NOT_FOUND', `no change that you may see was made at revision ${id}`, {
      remedy: 'see "nfvctl history"',
    });
  }

  /** @throws NfvError REVISION_COMPACTED, REVISION_IN_FUTURE */
  requireKnown(revision: number, latest: number): void {
    if (revision > latest) {
      throw new NfvError('REVISION_IN_FUTURE', `the store is at ${latest}, not ${revision}`);
    }
    const oldest = this.deps.index.oldest(latest);
    if (revision >= oldest) return;
    const text = `what was changed up to revision ${oldest} is forgotten, and so what was at ${revision}`;
    throw new NfvError('REVISION_COMPACTED', text, {
      remedy: 'see "nfvctl history" for what is known',
      metadata: { oldestRevision: String(oldest) },
    });
  }

  /**
   * What it takes for everything that the caller may write to be as it was at `revision`.
   * @returns also the revision up to which changes were looked at
   * @throws NfvError REVISION_COMPACTED, REVISION_IN_FUTURE
   */
  async wantedAt(
    revision: number,
    warden: Warden,
    signal: AbortSignal,
  ): Promise<{ readonly wanted: readonly Wanted[]; readonly latest: number }> {
    const latest = await this.deps.caughtUp(signal);
    this.requireKnown(revision, latest);
    const first = new Map<string, ChangedSpec>();
    // The oldest comes last, and what was before it counts.
    for (const indexed of this.deps.index.since(revision)) {
      signal.throwIfAborted();
      const record = await this.#reader.read(indexed);
      for (const changed of record?.changes ?? []) {
        if (changed.before === undefined && changed.after === undefined) continue;
        if (warden.writes(changed.tenant)) first.set(nameOf(changed), changed);
      }
    }
    return { wanted: [...first.values()].map(wantedBefore), latest };
  }

  async #read(
    indexed: IndexedChange,
    warden: Warden,
    deadlines: ReadonlyMap<string, string>,
  ): Promise<{ readonly change: Change; readonly size: number } | undefined> {
    const record = await this.#reader.read(indexed);
    if (record === undefined) return undefined;
    const { time, who, verb, target, changes } = record;
    const shown = changes.filter(({ tenant }) => warden.reads(tenant));
    if (shown.length === 0) return undefined;
    const { id, revision, key } = indexed;
    const change: Change = {
      ...{ time, who, verb, target },
      ...{ id, revision, changes: shown.map(toChange) },
      confirmBefore: deadlines.get(key) ?? '',
    };
    return { change, size: sizeOf(shown) };
  }

  /** Of the changes that wait for their confirmation, by the key of their record. */
  async #deadlines(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const deadlines = new Map<string, string>();
    for await (const kv of scan(this.deps.store, PENDING, { signal })) {
      const { change, deadline } = PENDING_RECORD.decode(kv.key, kv.value);
      deadlines.set(change, deadline);
    }
    return deadlines;
  }
}

function* before(
  newestFirst: readonly IndexedChange[],
  revision: number,
  after: string | undefined,
): Generator<IndexedChange> {
  const last = after === undefined ? undefined : placeOf(after);
  for (const each of newestFirst) {
    if (each.revision > revision) continue;
    // By its place alone: the one that the page before ended with may be forgotten by now, or never have been there.
    if (last === undefined || isBefore(placeOf(each.id), last)) yield each;
  }
}

interface Place {
  readonly revision: number;
  /** Among those of that revision. */
  readonly number: number;
}

/** @param id that of IndexedChange, or what a token has instead: then nothing is before it */
function placeOf(id: string): Place {
  const [, revision, number = '0'] = /^(\d+)(?:-(\d+))?$/.exec(id) ?? [];
  return { revision: Number(revision), number: Number(number) };
}

function isBefore(a: Place, b: Place): boolean {
  return a.revision < b.revision || (a.revision === b.revision && a.number < b.number);
}

/** As text: what the caller may not read counts for nothing. */
function sizeOf(shown: readonly ChangedSpec[]): number {
  return JSON.stringify(shown).length;
}

function nameOf({ collection, id }: ChangedSpec): string {
  return formatName(collection, id);
}

function wantedBefore(changed: ChangedSpec): Wanted {
  if (changed.before !== undefined)
    return { put: specifiedFrom(changed, changed.before), etag: '' };
  const { kind, id } = toChange(changed);
  return { delete: { kind, id }, etag: '' };
}

export function toChange(changed: ChangedSpec): ResourceChange {
  const { collection, id } = changed;
  const before = changed.before === undefined ? undefined : specifiedFrom(changed, changed.before);
  const after = changed.after === undefined ? undefined : specifiedFrom(changed, changed.after);
  const kind = KIND_OF[collection];
  const sides = { ...(before && { before }), ...(after && { after }) };
  return { verb: verbOf(changed), kind, id, ...sides };
}

function verbOf({ before, after }: ChangedSpec): ResourceVerb {
  if (before === undefined) return after === undefined ? 'UPDATE' : 'CREATE';
  return after === undefined ? 'DELETE' : 'UPDATE';
}

function fieldsOf(change: Change): FieldRecord {
  return {
    name: `changes/${change.id}`,
    revision: change.revision,
    time: change.time,
    who: change.who,
    verb: `VERB_${change.verb}`,
    target_revision: change.target,
    resources: change.changes.map(({ kind, id }) => formatName(COLLECTION_OF[kind], id)),
    pending: change.confirmBefore !== '',
  };
}
