import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Commits } from '../../../../src/store/lmdb/commits.js';
import { keysAt } from '../../../../src/store/lmdb/historic.js';
import { afterPrefix, currentKey, historyPrefix } from '../../../../src/store/lmdb/layout.js';
import { Records } from '../../../../src/store/lmdb/records.js';
import { runTxn } from '../../../../src/store/lmdb/txn.js';
import { MemoryView } from '../../../support/memory-view.js';

const everything = {
  current: [currentKey(Buffer.alloc(0)), afterPrefix(currentKey(Buffer.alloc(0)))],
  history: [historyPrefix(Buffer.alloc(0)), afterPrefix(historyPrefix(Buffer.alloc(0)))],
} as const;

describe('lmdb/historic', () => {
  it('finds each key once, in order, with its value of the time', async () => {
    const key = fc.constantFrom('a', 'b', 'c');
    // Few keys and many changes, so that long histories have to be stepped and searched through.
    const change = fc.tuple(key, fc.boolean());
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 80, size: 'max' }), async (changes) => {
        const view = new MemoryView();
        const commits = new Commits(view, { before: () => undefined, committed: () => undefined });
        const shown: Record<string, string>[] = [{}];
        for (const [name, puts] of changes) {
          const value = `${shown.length}`;
          const op = puts
            ? ({ kind: 'put', key: name, value } as const)
            : ({ kind: 'delete', key: name } as const);
          const now = new Map(Object.entries(shown.at(-1) ?? {}));
          if (puts) now.set(name, value);
          else now.delete(name);
          const { revision } = await commits.submit(0, (draft) =>
            runTxn(draft, { compare: [], ops: [op] }),
          );
          if (revision === shown.length) shown.push(Object.fromEntries(now));
        }
        for (const [revision, expected] of shown.entries()) {
          const found = [...keysAt(new Records(view), revision, everything)];
          const keys = found.map((one) => one.key.toString());
          assert.deepEqual(keys, [...new Set(keys)].sort());
          const alive = found.flatMap((one) =>
            one.version === undefined ? [] : [[one.key.toString(), one.version.value.toString()]],
          );
          assert.deepEqual(Object.fromEntries(alive), expected);
        }
      }),
      { numRuns: 60 },
    );
  });
});
