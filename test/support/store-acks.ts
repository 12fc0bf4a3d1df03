/** Compares a store with what its writer had been answered. */
import assert from 'node:assert/strict';
import type { KeyValue, Store, StoreReader, WatchBatch, WriteOp } from '../../src/store/store.js';
import { watchFor } from './store-helpers.js';
import type { WriterLine } from './store-writer.js';

/** The highest revision that anybody was told of. */
export function toldRevision(lines: readonly WriterLine[]): number {
  return lines.reduce((most, line) => Math.max(most, line.revision), 0);
}

/**
 * Every acknowledged transaction is there, as it was written, and values are what the log says.
 * @throws AssertionError
 */
export async function checkAcks(store: Store, lines: readonly WriterLine[]): Promise<void> {
  const { revision, compactRevision } = store.status();
  const told = toldRevision(lines);
  assert.ok(revision >= told, `the revision went back to ${revision}, ${told} was told`);
  const start = await contents(store, compactRevision);
  const batches = await watchFor(
    store,
    { prefix: '', after: compactRevision },
    revision - compactRevision,
  );
  const byRevision = new Map(batches.map((batch) => [batch.revision, batch]));
  for (const line of lines) {
    if (line.kind !== 'ack' || line.revision <= compactRevision) continue;
    checkBatch(byRevision.get(line.revision), line.ops, line.revision);
  }
  assert.deepEqual(await contents(store), replay(start, batches));
}

/** A transaction that only deleted what was not there has taken no revision of its own. */
function checkBatch(
  batch: WatchBatch | undefined,
  ops: readonly WriteOp[],
  revision: number,
): void {
  const puts = ops.flatMap((op) => (op.kind === 'put' ? [[op.key, op.value]] : []));
  if (puts.length === 0) return;
  assert.ok(batch !== undefined, `acknowledged revision ${revision} is missing`);
  const found = batch.events.flatMap((e) => (e.kind === 'put' ? [[e.kv.key, e.kv.value]] : []));
  assert.deepEqual(found, puts, `revision ${revision}`);
}

export async function contents(
  store: StoreReader,
  revision = store.status().revision,
): Promise<Map<string, KeyValue>> {
  const all = new Map<string, KeyValue>();
  for (let more = true, after = ''; more;) {
    const page = await store.range({ prefix: '', after, revision });
    for (const kv of page.kvs) all.set(kv.key, kv);
    after = page.kvs.at(-1)?.key ?? '';
    ({ more } = page);
  }
  return all;
}

function replay(
  start: ReadonlyMap<string, KeyValue>,
  batches: readonly WatchBatch[],
): Map<string, KeyValue> {
  const now = new Map(start);
  for (const event of batches.flatMap((batch) => batch.events)) {
    if (event.kind === 'put') now.set(event.kv.key, event.kv);
    else now.delete(event.key);
  }
  return new Map([...now].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}
