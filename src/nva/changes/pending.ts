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
} from './record.js';
import type { Warden } from './warden.js';

export interface PendingDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  plan(wanted: readonly Wanted[], options: PlanOptions, signal: AbortSignal): Promise<Made>;
}

/** Deadlines are looked at as often at least, and what failed is tried again. */
const RECHECK_MS = 10_000;
const RETRY_MS = 1000;
const MAX_ATTEMPTS = 10;

/** One that waits. */
interface Waiting {
  readonly kv: KeyValue;
  readonly pending: PendingRecord;
  readonly change: ChangeRecord;
}

export class Confirmations {
  #wake = new AbortController();

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
    for (const waiting of await this.#all(signal)) {
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

  /** @throws NfvError NOT_FOUND, ACCESS_DENIED */
  async confirm(request: ConfirmRequest, call: Call, warden: Warden): Promise<number> {
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
    const all = await this.#all(signal);
    const own = all.filter(({ change }) =>
      change.changes.some(({ tenant }) => warden.reads(tenant)),
    );
    const fitting = revision === 0 ? own : own.filter(({ kv }) => kv.modRevision === revision);
    const [found, another] = fitting;
    if (found === undefined) {
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

  async #all(signal: AbortSignal): Promise<Waiting[]> {
    const { store } = this.deps;
    const all: Waiting[] = [];
    for await (const kv of scan(store, PENDING, { signal })) {
      const pending = PENDING_RECORD.decode(kv.key, kv.value);
      const record = await store.get(pending.change);
      if (record === undefined) {
        // It was confirmed or undone, and forgotten, since the scan.
        if ((await store.get(kv.key)) === undefined) continue;
        throw new NfvError('STORE_DAMAGED', `${kv.key} waits for a change that is not there`);
      }
      all.push({ kv, pending, change: CHANGE_RECORD.decode(record.key, record.value) });
    }
    return all.sort((a, b) => a.kv.modRevision - b.kv.modRevision);
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

function wantedBefore(changed: ChangedSpec): Wanted {
  if (changed.before !== undefined)
    return { put: specifiedFrom(changed, changed.before), etag: '' };
  const { kind, id } = toChange(changed);
  return { delete: { kind, id }, etag: '' };
}

function namesOf({ changes }: ChangeRecord): ChangedSpec[] {
  return changes.map(({ collection, id, tenant }) => ({ collection, id, tenant }));
}
