import assert from 'node:assert/strict';
import { statusKey } from '../../../../src/nva/keys.js';
import { Overlay } from '../../../../src/nva/changes/overlay.js';
import { MemoryStore } from '../../../support/memory-store.js';

describe('what a plan writes', () => {
  it('leaves nothing of what it forgets, also not what was written after it was made', async () => {
    const store = new MemoryStore();
    const overlay = new Overlay(store, store.put('/nfvd/other', ''));
    const key = statusKey('endpoints', 'web');
    overlay.forget(key);
    store.put(key, 'told by an NVE meanwhile');
    const { compare, ops } = await overlay.gather(false);
    await store.txn({ compare, ops });
    assert.equal(await store.get(key), undefined);
  });
});
