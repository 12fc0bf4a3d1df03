/** Callers that increment one counter, and what they were told, to be compared with the history. */
import assert from 'node:assert/strict';
import { NfvError } from '../../src/errors.js';
import type { Store } from '../../src/store/store.js';
import { op } from './store-helpers.js';

/** How one attempt ended. */
export type Outcome =
  | { readonly kind: 'done'; readonly id: string; readonly revision: number }
  /** A compare failed, or it was refused: it did not happen. */
  | { readonly kind: 'not'; readonly id: string }
  | { readonly kind: 'unknown'; readonly id: string };

/**
 * Increments until told to stop. Every transaction writes the counter, under the condition that
 * nobody else has, and an id of its own.
 */
export async function increment(
  store: Store,
  caller: string,
  goOn: () => boolean,
  outcomes: Outcome[],
): Promise<void> {
  for (let i = 0; goOn(); i++) {
    const id = `${caller}.${i}`;
    try {
      const kv = await store.get('n');
      const compare = { kind: 'revision', key: 'n', revision: kv?.modRevision ?? 0 } as const;
      const ops = [op('n', String(Number(kv?.value ?? 0) + 1)), op(`by/${caller}`, id)];
      const result = await store.txn({ compare: [compare], ops });
      const { revision } = result;
      outcomes.push(result.succeeded ? { kind: 'done', id, revision } : { kind: 'not', id });
    } catch (error) {
      assert.ok(error instanceof NfvError, String(error));
      assert.ok(['STORE_UNREACHABLE', 'STORE_FAILED'].includes(error.code), error.message);
      outcomes.push({ kind: error.code === 'STORE_FAILED' ? 'unknown' : 'not', id });
    }
  }
}

/** All that was told is so: nothing lost, nothing twice, nothing that was said not to be. */
export async function checkHistory(
  store: Store,
  base: number,
  outcomes: readonly Outcome[],
): Promise<void> {
  const { revision } = await store.range({ prefix: '', limit: 1 });
  const written = new Map<string, number>();
  const counts: string[] = [];
  if (revision > base) {
    const stop = new AbortController();
    for await (const batch of store.watch({ prefix: '', after: base, signal: stop.signal })) {
      for (const event of batch.events) {
        if (event.kind !== 'put') continue;
        const { key, value } = event.kv;
        if (key === 'n') counts.push(value);
        if (!key.startsWith('by/')) continue;
        assert.ok(!written.has(value), `${value} was written twice`);
        written.set(value, batch.revision);
      }
      if (batch.revision === revision) break;
    }
  }
  assert.deepEqual(
    counts,
    counts.map((_, i) => String(i + 1)),
  );
  for (const outcome of outcomes) {
    const found = written.get(outcome.id);
    if (outcome.kind === 'done') assert.equal(found, outcome.revision, outcome.id);
    if (outcome.kind === 'not') assert.equal(found, undefined, outcome.id);
  }
  const told = new Set(outcomes.map(({ id }) => id));
  for (const id of written.keys()) assert.ok(told.has(id), `${id} was written by nobody`);
}
