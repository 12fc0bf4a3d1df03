import assert from 'node:assert/strict';
import { encodeState, STATE_KEY } from '../../../../src/store/lmdb/layout.js';
import { Commits } from '../../../../src/store/lmdb/commits.js';
import { type Read, readRange } from '../../../../src/store/lmdb/range.js';
import { Records } from '../../../../src/store/lmdb/records.js';
import { runTxn } from '../../../../src/store/lmdb/txn.js';
import type { WriteOp } from '../../../../src/store/store.js';
import { MemoryView } from '../../../support/memory-view.js';
import { del, op, rejects } from '../../../support/store-helpers.js';

const KEYS = Array.from({ length: 40 }, (_, i) => `k${String(i).padStart(2, '0')}`);

describe('lmdb/range', () => {
  let view: MemoryView;
  let commits: Commits;
  /** What happens between one step of a range and the next. */
  let between: (() => Promise<void>)[];
  const read: Read = async (step) => {
    const answer = step(new Records(view), 10);
    await between.shift()?.();
    return answer;
  };
  const commit = (...ops: WriteOp[]): Promise<unknown> =>
    commits.submit(0, (draft) => runTxn(draft, { compare: [], ops }));
  const compact = (): Promise<void> => {
    const state = new Records(view).state();
    view.set(STATE_KEY, encodeState({ ...state, compactRevision: state.revision }));
    return Promise.resolve();
  };
  const keysOf = async (revision?: number): Promise<string[]> => {
    const range = await readRange(read, {
      prefix: 'k',
      ...(revision === undefined ? {} : { revision }),
    });
    return range.kvs.map((kv) => `${kv.key}${kv.value}`);
  };

  beforeEach(async () => {
    view = new MemoryView();
    commits = new Commits(view, { before: () => undefined, committed: () => undefined });
    between = [];
    await commit(...KEYS.map((key) => op(key, '')));
  });

  it('keeps to one revision while it goes on in steps', async () => {
    between = [
      () => commit(op('k05', '!'), op('k25', '!'), del('k35')).then(() => undefined),
      () => commit(op('k25', '?'), op('k99', '')).then(() => undefined),
    ];
    assert.deepEqual(await keysOf(), KEYS);
    assert.equal((await keysOf()).length, KEYS.length);
  });

  it('answers what it has where that revision is compacted meanwhile', async () => {
    between = [() => commit(op('k25', '!')).then(compact)];
    const range = await readRange(read, { prefix: 'k' });
    assert.deepEqual(
      [range.revision, range.more, range.kvs.map((kv) => kv.key)],
      [1, true, KEYS.slice(0, 10)],
    );
  });

  it('fails where the revision was asked for', async () => {
    between = [() => commit(op('k25', '!')).then(compact)];
    await rejects(readRange(read, { prefix: 'k', revision: 1 }), 'REVISION_COMPACTED');
  });
});
