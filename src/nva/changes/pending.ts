/**
 * Changes that are undone unless they are confirmed in time. Each is a record in the store, so that whichever
 * replica is alive undoes it: once, by compare-and-set. Nobody else can change what such a change has touched
 * (pending-mark.ts), and what it gave up is kept for it, so that it can always be undone.
 */
import { NfvError } from '../../errors.js';
import type { Call } from '../../model/api.js';
import type { ConfirmRequest, Wanted } from '../../model/changes.js';
import { delay, type Clock } from '../../model/clock.js';
import { errorFields, type Log } from '../../model/log.js';
import type { KeyValue, Store, StoreEvent, WriteOp } from '../../store/store.js';
import { withJoined } from '../joined-signal.js';
import { PENDING } from '../keys.js';
import { scan } from '../scan.js';
import type { ChangeIndex } from './change-index.js';
import { ChangeReader } from './change-reader.js';
import { specifiedFrom } from './drafts.js';
import { toChange } from './history.js';
import { PENDING_RECORD, type PendingRecord } from './pending-mark.js';
import type { Made, PlanOptions } from './planner.js';
import {
  authorOf,
  BY_ITSELF,
  CHANGE_RECORD,
  recordOp,
  type Author,
  type ChangedSpec,
  type ChangeRecord,
  whoOf,
} from './record.js';
import type { Warden } from './warden.js';

export interface PendingDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly index: Pick<ChangeIndex, 'since'>;
  /** Resolves when `index` has all that was committed so far. */
  caughtUp(signal: AbortSignal): Promise<void>;
  plan(wanted: readonly Wanted[], options: PlanOptions, signal: AbortSignal): Promise<Made>;
}

/** Deadlines are looked at as often at least, and what failed is tried again. */
const RECHECK_MS = 10_000;
const RETRY_MS = 1000;
const MAX_ATTEMPTS = 10;
/** The latest changes, among which that one was confirmed or undone is looked for: who asks again does so soon. */
const MAX_LOOKED_AT = 1000;

/** One that waits. */
interface Waiting {
  readonly kv: KeyValue;
  readonly pending: PendingRecord;
  readonly change: ChangeRecord;
}

/** All that wait, the oldest first, and what is wrong with the records that tell of others. */
interface AllWaiting {
  readonly waiting: readonly Waiting[];
  readonly damaged: readonly NfvError[];
}

export class Confirmations {
  #wake = new AbortController();
  /** What is wrong with records that cannot be read, as it was told. */
  #damaged: ReadonlySet<string> = new Set();

  constructor(private readonly deps: PendingDeps) {}

  /** A change of the store that this process has just heard of. */
  saw(event: StoreEvent): void {
    if (event.kind === 'put' && event.kv.key.startsWith(PENDING)) this.#wake.abort();
  }

  /** Undoes what is not confirmed in time, until the signal. */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.deps;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const pause = await this.#undoDue(signal).catch((thrown: unknown) => {
        if (signal.aborted) return 0;
        const fields = errorFields(NfvError.from(thrown));
        log.warn(fields, 'cannot look for changes to undo; it is tried again');
        return RETRY_MS;
      });
      // A new one, or the end: both are looked at next.
      await withJoined([signal, this.#wake.signal], (either) => delay(clock, pause, either)).catch(
        () => undefined,
      );
    }
  }

  /** @returns milliseconds until the next is due */
  async #undoDue(signal: AbortSignal): Promise<number> {
    const { clock, log } = this.deps;
    let next = RECHECK_MS;
    const all = await this.#all(signal);
    this.#tellDamaged(all.damaged);
    for (const waiting of all.waiting) {
      const left = Date.parse(waiting.pending.deadline) - clock.now();
      if (left > 0) {
        next = Math.min(next, left);
        continue;
      }
      const { modRevision: change } = waiting.kv;
      try {
        const revision = await this.#undo(waiting, { who: BY_ITSELF }, signal);
        if (revision !== undefined) log.warn({ change, revision }, 'undone: nobody confirmed it');
      } catch (thrown) {
        if (signal.aborted) return 0;
        const fields = { change, ...errorFields(NfvError.from(thrown)) };
        log.error(fields, 'a change is not undone; it is tried again');
        next = Math.min(next, RETRY_MS);
      }
    }
    return next;
  }

  /** Each once, for as long as it is so. */
  #tellDamaged(damaged: readonly NfvError[]): void {
    const told = this.#damaged;
    this.#damaged = new Set(damaged.map(({ message }) => message));
    for (const error of damaged) {
      if (told.has(error.message)) continue;
      this.deps.log.error(
        errorFields(error),
        'a change that waits for its confirmation cannot be read',
      );
    }
  }

  /**
   * @returns the revision, also where the same caller has done so already: the answer may have been lost
   * @throws NfvError NOT_FOUND, ACCESS_DENIED, STORE_DAMAGED
   */
  async confirm(request: ConfirmRequest, call: Call, warden: Warden): Promise<number> {
    try {
      return await this.#end(request, call, warden);
    } catch (thrown) {
      const error = NfvError.from(thrown);
      const done = error.code === 'NOT_FOUND' ? await this.#ended(request, call) : undefined;
      if (done !== undefined) return done;
      throw error;
    }
  }

  /** When the caller confirmed, or undid, just that change; undefined: never, or that is long ago. */
  async #ended({ revision, undo }: ConfirmRequest, call: Call): Promise<number | undefined> {
    // What one means that names none is not known any more.
    if (revision === 0) return undefined;
    const { store, index } = this.deps;
    const reader = new ChangeReader(store);
    await this.deps.caughtUp(call.signal);
    const [verb, by] = [undo ? 'UNDO' : 'CONFIRM', whoOf(call)];
    for (const indexed of index.since(revision).slice(-MAX_LOOKED_AT).reverse()) {
      call.signal.throwIfAborted();
      const record = await readable(() => reader.read(indexed));
      const isIt = record?.verb === verb && record.target === revision;
      if (isIt && record.who === by) return indexed.revision;
    }
    return undefined;
  }

  async #end(request: ConfirmRequest, call: Call, warden: Warden): Promise<number> {
    const waiting = await this.#find(request.revision, call.signal, warden);
    const { clock, store } = this.deps;
    if (request.undo) {
      const undone = await this.#undo(waiting, authorOf(call), call.signal);
      if (undone !== undefined) return undone;
      throw this.#over(waiting);
    }
    if (Date.parse(waiting.pending.deadline) <= clock.now()) throw this.#over(waiting);
    const { kv, pending, change } = waiting;
    const given: WriteOp[] = [kv.key, ...pending.retained, ...pending.tombstones].map((key) => ({
      kind: 'delete',
      key,
    }));
    const what = { verb: 'CONFIRM', target: kv.modRevision, changes: namesOf(change) } as const;
    const result = await store.txn({
      compare: [{ kind: 'revision', key: kv.key, revision: kv.modRevision }],
      ops: [...given, recordOp(clock, { ...authorOf(call), ...what })],
    });
    if (!result.succeeded) throw this.#over(waiting);
    return result.revision;
  }

  #over({ kv, pending }: Waiting): NfvError {
    const text = `change ${kv.modRevision} does not wait for its confirmation any more: it was to come before ${pending.deadline}`;
    return new NfvError('NOT_FOUND', text, {
      remedy: 'see "nfvctl history" for what became of it',
    });
  }

  async #find(revision: number, signal: AbortSignal, warden: Warden): Promise<Waiting> {
    const { waiting, damaged } = await this.#all(signal);
    const own = waiting.filter(({ change }) =>
      change.changes.some(({ tenant }) => warden.reads(tenant)),
    );
    const fitting = revision === 0 ? own : own.filter(({ kv }) => kv.modRevision === revision);
    const [found, another] = fitting;
    if (found === undefined) {
      // It may be the one that was meant.
      if (damaged[0] !== undefined) throw damaged[0];
      const which = revision === 0 ? 'no change waits' : `no change of revision ${revision} waits`;
      throw new NfvError('NOT_FOUND', `${which} for a confirmation`, {
        remedy: 'see "nfvctl history" for what became of it',
      });
    }
    if (another !== undefined) {
      const revisions = fitting.map(({ kv }) => kv.modRevision).join(', ');
      throw new NfvError('INVALID_FIELD', `several changes wait: those of revisions ${revisions}`, {
        remedy: 'name one of them',
      });
    }
    if (found.change.changes.every(({ tenant }) => warden.writes(tenant))) return found;
    throw new NfvError('ACCESS_DENIED', `you may not confirm change ${found.kv.modRevision}`);
  }

  async #all(signal: AbortSignal): Promise<AllWaiting> {
    const waiting: Waiting[] = [];
    const damaged: NfvError[] = [];
    for await (const kv of scan(this.deps.store, PENDING, { signal })) {
      try {
        const found = await this.#read(kv);
        if (found !== undefined) waiting.push(found);
      } catch (thrown) {
        const error = NfvError.from(thrown);
        if (error.code !== 'STORE_DAMAGED') throw error;
        damaged.push(error);
      }
    }
    return { waiting: waiting.sort((a, b) => a.kv.modRevision - b.kv.modRevision), damaged };
  }

  /**
   * @returns undefined: it was confirmed or undone, and forgotten, since the scan
   * @throws NfvError STORE_DAMAGED
   */
  async #read(kv: KeyValue): Promise<Waiting | undefined> {
    const { store } = this.deps;
    const pending = PENDING_RECORD.decode(kv.key, kv.value);
    const record = await store.get(pending.change);
    if (record !== undefined) {
      return { kv, pending, change: CHANGE_RECORD.decode(record.key, record.value) };
    }
    if ((await store.get(kv.key)) === undefined) return undefined;
    throw new NfvError('STORE_DAMAGED', `${kv.key} waits for a change that is not there`);
  }

  /** @returns undefined: somebody else was faster */
  async #undo(waiting: Waiting, author: Author, signal: AbortSignal): Promise<number | undefined> {
    const { store, clock } = this.deps;
    const { kv, pending, change } = waiting;
    const wanted = change.changes.map(wantedBefore);
    const { retained } = pending;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if ((await store.get(kv.key))?.modRevision !== kv.modRevision) return undefined;
      const options = { mayReplace: true, trusted: true, retained } as const;
      const made = await this.deps.plan(wanted, options, signal);
      const { compare, ops } = await made.overlay.gather(false);
      const over: WriteOp[] = [kv.key, ...pending.tombstones].map((key) => ({
        kind: 'delete',
        key,
      }));
      const what = { verb: 'UNDO', target: kv.modRevision, changes: made.records() } as const;
      const result = await store.txn({
        compare: [{ kind: 'revision', key: kv.key, revision: kv.modRevision }, ...compare],
        ops: [...ops, ...over, recordOp(clock, { ...author, ...what })],
      });
      if (result.succeeded) return result.revision;
    }
    throw new NfvError('WRITE_CONFLICT', `change ${kv.modRevision} could not be undone yet`);
  }
}

/** Undefined: it is not there, or damaged, which is told where it is needed itself. */
async function readable(
  read: () => Promise<ChangeRecord | undefined>,
): Promise<ChangeRecord | undefined> {
  try {
    return await read();
  } catch (thrown) {
    if (NfvError.from(thrown).code !== 'STORE_DAMAGED') throw thrown;
    return undefined;
  }
}

function wantedBefore(changed: ChangedSpec): Wanted {
  if (changed.before !== undefined)
    return { put: specifiedFrom(changed, changed.before), etag: '' };
  const { kind, id } = toChange(changed);
  return { delete: { kind, id }, etag: '' };
}

function namesOf({ changes }: ChangeRecord): ChangedSpec[] {
  return changes.map(({ collection, id, tenant }) => ({ collection, id, tenant }));
}
