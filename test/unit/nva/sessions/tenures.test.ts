import assert from 'node:assert/strict';
import { sessionKey, SESSIONS, specKey } from '../../../../src/nva/keys.js';
import { Tenures } from '../../../../src/nva/sessions/tenures.js';
import type { KeyValue, Peers, RangeRequest, Store } from '../../../../src/store/store.js';
import { MemoryStore } from '../../../support/memory-store.js';

const PEERS: Peers = {
  self: 'own',
  address: '',
  isAlive: () => true,
  others: () => 1,
  addresses: () => new Map(),
  isAddressShared: () => false,
  silentMs: () => 0,
  onChange: () => () => undefined,
};

const claimOf = (nve: string, revision: number): KeyValue => ({
  key: sessionKey(nve),
  value: '{"process":"other"}',
  createRevision: revision,
  modRevision: revision,
});

/** A store that has these claims; something may happen while they are read. */
function storeWith(
  claims: () => readonly KeyValue[],
  meanwhile: () => void = () => undefined,
): Store {
  return Object.assign(new MemoryStore(), {
    peers: PEERS,
    range: (request: RangeRequest) => {
      assert.equal(request.prefix, SESSIONS);
      meanwhile();
      return Promise.resolve({ revision: 9, kvs: claims(), more: false });
    },
  });
}

describe('tenures that are read anew', () => {
  const { signal } = new AbortController();

  it('have at each moment what was known before, and in the end no claim that is gone', async () => {
    let claims = [claimOf('a', 5), claimOf('b', 6)];
    const seen: number[] = [];
    const tenures: Tenures = new Tenures(
      storeWith(
        () => claims,
        () => seen.push(tenures.claimed('a')),
      ),
      () => undefined,
    );
    await tenures.load(9, signal);
    claims = [claimOf('b', 8)];
    await tenures.load(9, signal);
    assert.deepEqual(seen, [0, 5]);
    assert.deepEqual([tenures.claimed('a'), tenures.claimed('b')], [0, 8]);
  });

  it('keep what is claimed after the revision that is read', async () => {
    const tenures: Tenures = new Tenures(
      storeWith(
        () => [],
        () => {
          tenures.saw({ kind: 'put', kv: claimOf('a', 10) }, 10);
        },
      ),
      () => undefined,
    );
    await tenures.load(9, signal);
    assert.equal(tenures.claimed('a'), 10);
  });
});

describe('tenures of several replicas', () => {
  it('keep the claim of a session that did not begin, which is in the store, unless the NVE is gone', async () => {
    const store = Object.assign(new MemoryStore(), { peers: PEERS });
    store.put(specKey('nves', 'a'), '{}');
    const own = new Tenures(store, () => undefined);
    const claim = await own.claim('a');
    own.abandon('a', claim, false);
    assert.equal(own.claimed('a'), claim);
    // The deletion was told before the store's answer to the claim was here.
    own.abandon('a', claim, true);
    assert.equal(own.claimed('a'), 0);
  });

  it('tell the latest claim for their own only where they made it', async () => {
    const store = Object.assign(new MemoryStore(), { peers: PEERS });
    store.put(specKey('nves', 'a'), '{}');
    const own = new Tenures(store, () => undefined);
    const claim = await own.claim('a');
    assert.equal(own.ownClaim('a'), claim);
    own.saw({ kind: 'put', kv: claimOf('a', 90) }, 90);
    assert.equal(own.ownClaim('a'), undefined);
  });
});

describe('tenures in a store of one process', () => {
  const lost: string[] = [];
  const tenures = (store: Store): Tenures => new Tenures(store, (nve) => lost.push(nve));

  it('are in the order of their claims, so that what was claimed before does not count any more', async () => {
    const own = tenures(new MemoryStore());
    const first = await own.claim('a');
    const second = await own.claim('a');
    await own.claim('b');
    assert.ok(second > first);
    assert.equal(own.claimed('a'), second);
    assert.deepEqual(
      [own.guard('a'), own.isElsewhere('a'), [...own.orphans()]],
      [undefined, false, []],
    );
  });

  it('know nothing of claims that were copied there with a store of several', async () => {
    const store = new MemoryStore();
    store.put(specKey('nves', 'a'), '{}');
    const revision = store.put(sessionKey('a'), claimOf('a', 5).value);
    const own = tenures(store);
    const claim = await own.claim('a');
    await own.load(revision, new AbortController().signal);
    assert.equal(own.claimed('a'), claim);
    assert.deepEqual(lost, []);
  });

  it('keep no name of an NVE that is deleted', async () => {
    const own = tenures(new MemoryStore());
    const kept = await own.claim('ab');
    await own.claim('a');
    own.saw({ kind: 'delete', key: specKey('endpoints', 'ab') }, 8);
    own.saw({ kind: 'delete', key: specKey('nves', 'a') }, 9);
    assert.deepEqual([own.claimed('a'), own.claimed('ab')], [0, kept]);
    assert.deepEqual(lost, []);
  });

  it('keep none of one whose deletion was not told, and all that are claimed while that is found out', async () => {
    const store = new MemoryStore();
    const revision = store.put(specKey('nves', 'b'), '{}');
    const own = tenures(store);
    await own.claim('a');
    const kept = await own.claim('b');
    const loaded = own.load(revision, new AbortController().signal);
    const later = await own.claim('c');
    await loaded;
    assert.deepEqual(
      ['a', 'b', 'c'].map((nve) => own.claimed(nve)),
      [0, kept, later],
    );
  });

  it('keep none of a session that did not begin, but for the one claimed since', async () => {
    const own = tenures(new MemoryStore());
    const first = await own.claim('a');
    const second = await own.claim('a');
    own.abandon('a', first, true);
    assert.equal(own.claimed('a'), second);
    own.abandon('a', second, false);
    assert.equal(own.claimed('a'), 0);
  });
});
