/** Carrying a plan out: all of it in one transaction of the store, or nothing. */
import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { invalidField, NfvError, type ErrorCode } from '../../errors.js';
import type { Call } from '../../model/api.js';
import { canonicalJson } from '../../model/canonical.js';
import {
  MAX_CONFIRM_MS,
  MIN_CONFIRM_MS,
  type Applied,
  type ApplyRequest,
} from '../../model/changes.js';
import { timestamp, type Clock } from '../../model/clock.js';
import { LIMITS, type Store, type WriteOp } from '../../store/store.js';
import {
  answeredOr,
  answerTo,
  notTheirs,
  remember,
  type Asked,
} from '../resources/answered-requests.js';
import { tombstoneKey } from '../keys.js';
import { UUID } from '../resources/resources.js';
import type { Guard } from '../resources/resource-rules.js';
import { write, type Attempt } from '../resources/write.js';
import { toChange } from './history.js';
import { PENDING_RECORD, pendingKey } from './pending-mark.js';
import type { Doable } from './planner.js';
import { authorOf, CHANGE_RECORD, recordOp, whoOf, type ChangeRecord } from './record.js';
import { undoBytes, undoCost } from './undo-cost.js';
import type { Warden } from './warden.js';

export interface ApplierDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly warden: Pick<Warden, 'reads'>;
  /** The plan of a request as of now. @param pending id of the change, if it is to be confirmed */
  make(request: ApplyRequest, pending: string | undefined, signal: AbortSignal): Promise<Doable>;
}

/** Of a request that was answered: what the answer was. */
const answer = z.object({ changes: z.string(), confirmBefore: z.string() });

/** What says nothing of the plan: it is told as it is. */
const NOT_OF_THE_PLAN: readonly ErrorCode[] = [
  'ACCESS_DENIED',
  'CANCELLED',
  'CONFIRMATION_PENDING',
  'INTERNAL',
  'PLAN_CHANGED',
  'REVISION_COMPACTED',
  'REVISION_IN_FUTURE',
  'SHUTTING_DOWN',
  'WRITE_CONFLICT',
];

/** @throws NfvError of each */
export async function apply(
  deps: ApplierDeps,
  request: ApplyRequest,
  call: Call,
): Promise<Applied> {
  check(request);
  const { store } = deps;
  const written = write(store, call, () =>
    answeredOr(
      () => replay(deps, request, call),
      () => new Applying(deps, request, call).attempt(),
    ),
  );
  return written.catch(tooLarge);
}

/** Of bytes the store has the last word: etcd counts all of the request. */
function tooLarge(thrown: unknown): never {
  const cause = NfvError.from(thrown);
  if (cause.code !== 'STORE_LIMIT') throw cause;
  throw new NfvError('PLAN_TOO_LARGE', cause.message, {
    cause,
    remedy: 'apply it in parts; see docs/operations.md#several-replicas for etcd',
  });
}

function check({ hash, requestId, confirmWithinMs: ms }: ApplyRequest): void {
  if (!/^[0-9a-f]{64}$/.test(hash)) {
    throw invalidField('plan_hash', hash, 'not the hash of a plan', 'give that of Plan');
  }
  if (requestId !== '' && !UUID.test(requestId)) {
    throw invalidField('request_id', requestId, 'not a UUID', 'give one, or leave it out');
  }
  if (ms === 0 || (ms >= MIN_CONFIRM_MS && ms <= MAX_CONFIRM_MS)) return;
  throw invalidField('confirm_within', `${ms} ms`, 'out of range', 'give 1 second to 24 hours');
}

/** As far as the caller may read it by now. */
async function replay(
  { store, warden }: ApplierDeps,
  request: ApplyRequest,
  call: Call,
): Promise<Attempt<Applied> | undefined> {
  const answered = await answerTo(store, askedOf(request), call);
  if (answered === undefined) return undefined;
  const { changes, confirmBefore } = answer.parse(JSON.parse(answered.value.record));
  const kv = await store.get(changes);
  const made = kv && CHANGE_RECORD.decode(kv.key, kv.value);
  if (made !== undefined && made.who !== whoOf(call)) throw notTheirs(request.requestId);
  const shown = made?.changes.filter(({ tenant }) => warden.reads(tenant)) ?? [];
  return {
    kind: 'done',
    result: { revision: answered.modRevision, changes: shown.map(toChange), confirmBefore },
  };
}

class Applying {
  readonly #pending: string | undefined;

  constructor(
    private readonly deps: ApplierDeps,
    private readonly request: ApplyRequest,
    private readonly call: Call,
  ) {
    this.#pending = request.confirmWithinMs === 0 ? undefined : randomUUID();
  }

  async attempt(): Promise<Attempt<Applied>> {
    const { store, clock } = this.deps;
    const made = await this.#make();
    const { changes } = made;
    if (changes.length === 0) {
      return { kind: 'done', result: { revision: made.revision, changes, confirmBefore: '' } };
    }
    const { compare, ops, retained } = await made.overlay.gather(this.#pending !== undefined);
    const record = recordOp(clock, this.#record(made));
    const ms = this.request.confirmWithinMs;
    const confirmBefore = ms === 0 ? '' : timestamp(clock.now() + ms);
    const tombstones = tombstonesOf(made);
    const waiting = this.#waiting(record.key, retained, tombstones, confirmBefore);
    const answered = this.#answered(record.key, confirmBefore);
    const guards = [
      ...answered.guards,
      ...compare.map((each): Guard => ({ compare: each, onFail: 'retry' })),
    ];
    const all = [...ops, record, ...waiting, ...answered.ops];
    // What undoes it must be possible too.
    const undo = ms === 0 ? 0 : undoCost(made.undoKeys(), retained, tombstones);
    requireRoom(Math.max(guards.length + all.length, undo), changes.length, store);
    if (ms !== 0) requireUndoBytes(undoBytes(made.records(), record.value), changes.length);
    return {
      kind: 'commit',
      ...{ guards, ops: all, dryRun: false },
      finish: (revision) => Promise.resolve({ revision: revision ?? 0, changes, confirmBefore }),
    };
  }

  async #make(): Promise<Doable> {
    let made: Doable;
    try {
      made = await this.deps.make(this.request, this.#pending, this.call.signal);
    } catch (thrown) {
      const cause = NfvError.from(thrown);
      if (NOT_OF_THE_PLAN.includes(cause.code) || cause.code.startsWith('STORE_')) throw cause;
      const { violations } = cause;
      const text = `what was planned cannot be done any more: ${cause.message}`;
      throw new NfvError('PLAN_CHANGED', text, { cause, violations });
    }
    if (made.hash === this.request.hash) return made;
    throw new NfvError('PLAN_CHANGED', 'what it would do now is not what was planned', {
      metadata: { hash: made.hash },
    });
  }

  #record(made: Doable): Omit<ChangeRecord, 'time'> {
    const changes = made.records();
    const { plan } = this.request;
    const author = authorOf(this.call);
    if ('rollbackTo' in plan) {
      return { ...author, verb: 'ROLLBACK', target: plan.rollbackTo, changes };
    }
    return { ...author, verb: 'APPLY', target: 0, changes };
  }

  #waiting(
    change: string,
    retained: readonly string[],
    tombstones: readonly string[],
    deadline: string,
  ): WriteOp[] {
    const id = this.#pending;
    if (id === undefined) return [];
    const who = whoOf(this.call);
    const value = PENDING_RECORD.encode({ who, deadline, change, retained, tombstones });
    return [
      { kind: 'put', key: pendingKey(id), value },
      ...tombstones.map((key): WriteOp => ({ kind: 'put', key, value: id })),
    ];
  }

  #answered(changes: string, confirmBefore: string): { guards: Guard[]; ops: WriteOp[] } {
    const record = JSON.stringify({ changes, confirmBefore });
    const time = timestamp(this.deps.clock.now());
    const what = { time, collection: 'changes', id: this.request.hash, record };
    return remember(askedOf(this.request), what, whoOf(this.call));
  }
}

function tombstonesOf(made: Doable): string[] {
  const gone = made.records().filter(({ after }) => after === undefined);
  return gone.map((each) => tombstoneKey(each.collection, each.id));
}

function requireRoom(needed: number, resources: number, { txnOps }: Store): void {
  if (needed <= txnOps) return;
  const text = `${resources} resources take ${needed} compares and operations in one transaction, of which the store has ${txnOps}`;
  throw new NfvError('PLAN_TOO_LARGE', text, {
    metadata: { needed: String(needed), limit: String(txnOps) },
  });
}

function requireUndoBytes(needed: number, resources: number): void {
  const limit = LIMITS.txnBytes;
  if (needed <= limit) return;
  const text = `what undoes ${resources} resources takes ${needed} bytes of values in one transaction, of which the store has ${limit}`;
  throw new NfvError('PLAN_TOO_LARGE', text, {
    metadata: { needed: String(needed), limit: String(limit) },
    remedy: 'apply it in parts',
  });
}

function askedOf({ requestId, plan, hash, confirmWithinMs }: ApplyRequest): Asked {
  const body = canonicalJson({ plan, hash, confirmWithinMs });
  return { requestId, hash: createHash('sha256').update(`apply\0${body}`).digest('hex') };
}
