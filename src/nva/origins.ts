/** Which call a revision comes from, and when it was committed. */
import type { Clock } from '../model/clock.js';
import type { Origin } from '../model/origin.js';
import type { Tracer } from '../model/tracing.js';
import { observedStore, type StoreObserver } from '../store/observed.js';
import type { Compare, Store, StoreEvent, Txn, WriteOp } from '../store/store.js';

/** A transaction that a call of the API makes; the store takes no notice of the call. */
export class CallTxn implements Txn {
  constructor(
    readonly compare: readonly Compare[],
    readonly ops: readonly WriteOp[],
    readonly origin: Origin | undefined,
  ) {}
}

export interface Committed {
  /** Undefined: no call of the API made it, or nobody knows which. */
  readonly origin: Origin | undefined;
  /** Monotonic milliseconds. */
  readonly at: number;
}

const FAILED = { code: 'STORE_FAILED', message: 'the store could not do it' };

/** Revisions whose commit was seen, and that nobody has asked for yet. */
const MAX_KEPT = 1024;

export class Origins {
  /** Those that the store has not answered yet: a watch may be faster than the answer. */
  readonly #underWay = new Set<CallTxn>();
  readonly #committed = new Map<number, Committed>();

  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly tracer?: Tracer,
  ) {}

  /** The same store, whose commits are known. */
  observed(store: Store): Store {
    return observedStore(store, this.#observe);
  }

  readonly #observe: StoreObserver = (_operation, txn) => {
    if (!(txn instanceof CallTxn)) return () => undefined;
    this.#underWay.add(txn);
    const parent = txn.origin?.trace;
    const span = parent === undefined ? undefined : this.tracer?.start('commit', { parent });
    return ({ ok, result }) => {
      const revision = result?.revision ?? 0;
      span?.end(ok ? undefined : FAILED, { 'nfvd.revision': revision });
      // Whoever has asked for it meanwhile has taken it out.
      if (!this.#underWay.delete(txn) || result?.succeeded !== true) return;
      this.#committed.set(result.revision, { origin: txn.origin, at: this.clock.monotonic() });
      const [oldest] = this.#committed.keys();
      if (this.#committed.size > MAX_KEPT && oldest !== undefined) this.#committed.delete(oldest);
    };
  };

  /**
   * Of a revision that the watch tells of; to be asked once.
   * @returns undefined: no call of this process made it
   */
  take(revision: number, events: readonly StoreEvent[]): Committed | undefined {
    const known = this.#committed.get(revision);
    if (known !== undefined) {
      this.#committed.delete(revision);
      return known;
    }
    for (const txn of this.#underWay) {
      if (!txn.ops.some((op) => events.some((event) => isThat(op, event)))) continue;
      this.#underWay.delete(txn);
      return { origin: txn.origin, at: this.clock.monotonic() };
    }
    return undefined;
  }
}

/** With its value, in which the time is: somebody else may be changing the same key. */
function isThat(op: WriteOp, event: StoreEvent): boolean {
  if (op.kind === 'delete') return event.kind === 'delete' && event.key === op.key;
  return event.kind === 'put' && event.kv.key === op.key && event.kv.value === op.value;
}
