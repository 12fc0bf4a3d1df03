import assert from 'node:assert/strict';
import { Inbox } from '../../../src/reconcile/inbox.js';
import { bridgeDomain, itemOf, vtep } from '../../support/items.js';

describe('inbox', () => {
  const [one, other] = [itemOf(bridgeDomain(10)), itemOf(bridgeDomain(10, { mtu: 1400 }))];

  it('keeps the last of each key, whatever came before', () => {
    const inbox = new Inbox();
    inbox.put({ upserts: [one], removes: [], complete: false, revision: 1 });
    inbox.put({ upserts: [other], removes: ['bd/20'], complete: true, revision: 2 });
    inbox.put({ upserts: [itemOf(vtep())], removes: ['vtep/x'], complete: false, revision: 3 });
    assert.equal(inbox.concerns('bd/10'), true);
    assert.equal(inbox.concerns('bd/30'), false);
    const changes = inbox.take();
    assert.deepEqual(
      [...(changes?.entries ?? [])].map(([key, item]) => [key, item?.version]),
      [
        ['bd/10', other.version],
        ['bd/20', undefined],
        ['vtep/x', undefined],
        ['vtep/10.0.0.1', itemOf(vtep()).version],
      ],
    );
    assert.equal(changes?.revision, 3);
    assert.equal(changes.complete, true, 'what was complete once stays so');
    assert.equal(changes.isReplacement, false);
  });

  it('is empty after it was taken', () => {
    const inbox = new Inbox();
    assert.equal(inbox.take(), undefined);
    inbox.put({ upserts: [], removes: [], complete: false, revision: 0 });
    assert.equal(inbox.isEmpty, false);
    inbox.take();
    assert.equal(inbox.isEmpty, true);
    assert.equal(inbox.take(), undefined);
  });

  it('forgets everything before a replacement, and takes changes after it', () => {
    const inbox = new Inbox();
    inbox.put({ upserts: [itemOf(vtep())], removes: [], complete: true, revision: 5 });
    inbox.replace({ upserts: [one], complete: false, revision: 2 });
    inbox.put({ upserts: [other], removes: [], complete: false, revision: 3 });
    assert.equal(inbox.concerns('anything'), true, 'it may be gone');
    const changes = inbox.take();
    assert.deepEqual([...(changes?.entries.keys() ?? [])], ['bd/10']);
    assert.equal(changes?.isReplacement, true);
    assert.equal(changes.complete, false);
    assert.equal(changes.revision, 3);
  });
});
