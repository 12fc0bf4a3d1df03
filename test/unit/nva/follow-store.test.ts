import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import type { CatalogChange } from '../../../src/nva/catalog.js';
import { followStore } from '../../../src/nva/follow-store.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MemoryStore } from '../../support/memory-store.js';
import { MemoryLog } from '../../support/null-log.js';

const COMPACTED = new NfvError('REVISION_COMPACTED', 'revision 3 is forgotten');
const CHANGE: CatalogChange = { kind: 'HostProfile', id: 'a', after: undefined };

describe('a store that is followed', () => {
  it('is read anew when its history is gone, and what changed is told though the rest cannot be read at first', async () => {
    const stop = new AbortController();
    const clock = new FakeClock();
    const log = new MemoryLog();
    const told: unknown[] = [];
    let follows = 0;
    let reloads = 0;
    const following = followStore(
      {
        store: new MemoryStore(),
        ...{ clock, log },
        catalog: {
          revision: 7,
          follow: (_store, signal) => {
            if (follows++ === 0) return Promise.reject(COMPACTED);
            return new Promise((resolve) => {
              signal.addEventListener('abort', () => {
                resolve();
              });
            });
          },
          reload: () => Promise.resolve([CHANGE]),
        },
        took: (revision, changes) => told.push([revision, changes]),
        reload: () =>
          reloads++ === 0
            ? Promise.reject(new NfvError('STORE_UNREACHABLE', 'etcd is away'))
            : Promise.resolve(),
      },
      stop.signal,
    );
    await clock.advance(500);
    assert.deepEqual(told, []);
    await clock.advance(1100);
    assert.deepEqual(told, [[7, [CHANGE]]]);
    assert.equal(follows, 2);
    stop.abort();
    await following;
    assert.deepEqual(
      log.lines.map(({ message }) => message),
      ['cannot follow the store', 'cannot read the model anew', 'the model was read anew'],
    );
  });
});
