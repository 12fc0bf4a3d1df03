/** Optimistic writing: check, commit if nothing moved meanwhile, else again. */
import { setImmediate as turn } from 'node:timers/promises';
import { NfvError } from '../../errors.js';
import type { Call } from '../../model/api.js';
import type { Compare, Store, Txn, WriteOp } from '../../store/store.js';
import { CallTxn } from '../origins.js';
import type { Claim, Guard } from './resource-rules.js';

/** Attempts before WRITE_CONFLICT. */
const MAX_ATTEMPTS = 10;

/** What one attempt wants: an answer without writing, or a transaction. */
export type Attempt<T> =
  | { readonly kind: 'done'; readonly result: T }
  | {
      readonly kind: 'commit';
      readonly guards: readonly Guard[];
      readonly ops: readonly WriteOp[];
      /** Check the guards only. */
      readonly dryRun: boolean;
      /** `revision` is undefined in a dry run. */
      readonly finish: (revision: number | undefined) => Promise<T>;
    };

/** @throws NfvError that of a failed guard; WRITE_CONFLICT when others keep getting in first. */
export async function write<T>(
  store: Store,
  { signal, origin }: Call,
  plan: () => Promise<Attempt<T>>,
): Promise<T> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    signal.throwIfAborted();
    const next = await plan();
    if (next.kind === 'done') return next.result;
    const compare = next.guards.map((guard) => guard.compare);
    const outcome = next.dryRun
      ? await dryRun(store, compare)
      : await commit(store, new CallTxn(compare, next.ops, origin));
    if (outcome.kind === 'held') return next.finish(outcome.revision);
    const onFail = next.guards[outcome.index]?.onFail ?? 'retry';
    if (onFail !== 'retry') throw typeof onFail === 'function' ? await onFail() : onFail;
    await turn();
  }
  throw new NfvError('WRITE_CONFLICT', `others changed the same resources ${MAX_ATTEMPTS} times`);
}

type Outcome =
  | { readonly kind: 'held'; readonly revision: number | undefined }
  | { readonly kind: 'failed'; readonly index: number };

async function commit(store: Store, txn: Txn): Promise<Outcome> {
  const result = await store.txn(txn);
  return result.succeeded
    ? { kind: 'held', revision: result.revision }
    : { kind: 'failed', index: result.failed };
}

async function dryRun(store: Store, compare: readonly Compare[]): Promise<Outcome> {
  for (const [index, one] of compare.entries()) {
    const holds =
      one.kind === 'revision'
        ? ((await store.get(one.key))?.modRevision ?? 0) === one.revision
        : (await store.range({ prefix: one.prefix, limit: 1 })).kvs.length === 0;
    if (!holds) return { kind: 'failed', index };
  }
  return { kind: 'held', revision: undefined };
}

/** Guards and operations that take a resource from one set of claims to another. */
export function moveClaims(
  owner: string,
  before: readonly Claim[],
  after: readonly Claim[],
): { readonly guards: readonly Guard[]; readonly ops: readonly WriteOp[] } {
  const held = new Set(before.map(({ key }) => key));
  const wanted = new Set(after.map(({ key }) => key));
  const fresh = after.filter(({ key }) => !held.has(key));
  const gone = before.filter(({ key }) => !wanted.has(key));
  return {
    guards: fresh.flatMap(({ key, taken, excludes }) => [
      ...(taken === undefined ? [] : [absent(key, taken)]),
      // What the resource itself gives up now is in nobody's way.
      ...(excludes === undefined || held.has(excludes.key)
        ? []
        : [absent(excludes.key, excludes.found)]),
    ]),
    ops: [
      ...gone.map(({ key }) => ({ kind: 'delete', key }) as const),
      ...fresh.map(({ key }) => ({ kind: 'put', key, value: owner }) as const),
    ],
  };
}

function absent(key: string, found: () => NfvError): Guard {
  const compare = { kind: 'revision', key, revision: 0 } as const;
  return { compare, onFail: () => Promise.resolve(found()) };
}
