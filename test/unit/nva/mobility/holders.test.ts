/** Sightings that the store cannot take at once. */
import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { DEFAULT_DUPLICATE_LIMITS } from '../../../../src/model/duplicates.js';
import { holderKey, specKey } from '../../../../src/nva/keys.js';
import { Holders } from '../../../../src/nva/mobility/holders.js';
import { HOLDER_RECORD } from '../../../../src/nva/mobility/records.js';
import { RECORDS } from '../../../../src/nva/records.js';
import { eventually } from '../../../support/eventually.js';
import { FakeClock, settle } from '../../../support/fake-clock.js';
import { MemoryStore } from '../../../support/memory-store.js';
import { MemoryLog } from '../../../support/null-log.js';
import { endpointSpec, networkSpec } from '../../../support/specs.js';

const VIP = '10.0.0.100';
const TIME = '2026-01-01T00:00:00.000Z';
const times = { createTime: TIME, updateTime: TIME };
const mac = (n: number): string => `02:00:00:00:00:0${n}`;
const unreachable = new NfvError('STORE_UNREACHABLE', 'no member answers');

describe('the holders of virtual addresses', () => {
  let store: MemoryStore;
  let clock: FakeClock;
  let log: MemoryLog;
  let stop: AbortController;
  let holders: Holders;

  beforeEach(() => {
    store = new MemoryStore();
    clock = new FakeClock();
    log = new MemoryLog();
    stop = new AbortController();
    const network = RECORDS.virtualNetworks.encode({ spec: networkSpec({ vni: 1 }), ...times });
    store.put(specKey('virtualNetworks', 'net'), network);
    for (const n of [1, 2]) {
      const at = { nve: `host-${n}`, mac: mac(n), ips: [`10.0.0.${n}`] };
      const spec = endpointSpec({ ...at, allowedAddresses: [{ ip: VIP, mac: '' }] });
      store.put(specKey('endpoints', `e-${n}`), RECORDS.endpoints.encode({ spec, ...times }));
    }
    holders = new Holders({
      ...{ store, clock, log, signal: stop.signal },
      ...{ limits: DEFAULT_DUPLICATE_LIMITS, now: () => clock.now() },
    });
  });

  function saw(n: number, ageMs = 0): void {
    holders.saw(`host-${n}`, [{ endpoint: `e-${n}`, ip: VIP, mac: mac(n), ageMs }]);
  }

  async function holder(): Promise<string | undefined> {
    const kv = await store.get(holderKey('net', VIP));
    return kv && HOLDER_RECORD.decode(kv.key, kv.value).endpoint;
  }

  it('are stored once the store can write again, in the order in which they were seen', async () => {
    store.failure = unreachable;
    saw(1);
    await settle();
    saw(2);
    await clock.advance(20_000);
    assert.equal(await holder(), undefined);
    assert.ok(store.txns.length > 3 && store.txns.length < 20, `${store.txns.length} attempts`);
    store.failure = undefined;
    await clock.advance(5000);
    assert.equal(await holder(), 'e-2');
    assert.equal(clock.pending, 0);
    assert.deepEqual(log.lines, []);
  });

  it('that had to wait give way to whoever was seen since by another replica', async () => {
    store.failure = unreachable;
    saw(1);
    await clock.advance(2000);
    const since = new Date(clock.now()).toISOString();
    const record = { endpoint: 'e-2', endpointTime: TIME, mac: mac(2), since };
    store.put(holderKey('net', VIP), HOLDER_RECORD.encode(record));
    store.failure = undefined;
    await clock.advance(10_000);
    assert.equal(await holder(), 'e-2');
    assert.equal(holders.waiting, 0);
    assert.equal(clock.pending, 0);
  });

  it('are given up when the NVE that saw them has no session here any more', async () => {
    store.failure = unreachable;
    saw(1);
    await settle();
    saw(2);
    holders.lost('host-1');
    store.failure = undefined;
    await clock.advance(10_000);
    // Not host-1's first: nothing moved.
    assert.equal(await holder(), 'e-2');
    assert.equal(store.txns.length, 2);
    store.failure = unreachable;
    saw(1);
    await settle();
    holders.lost('host-1');
    store.failure = undefined;
    await clock.advance(10_000);
    assert.equal(await holder(), 'e-2');
    assert.equal(clock.pending, 0);
  });

  it('are left out, the oldest of them, where too many wait, which is told once', async () => {
    store.failure = unreachable;
    saw(1);
    await settle();
    const ip = (i: number): string => `10.1.${i >> 8}.${i & 255}`;
    const many = Array.from({ length: 10_002 }, (_, i) => {
      return { endpoint: 'e-1', ip: ip(i), mac: mac(1), ageMs: 0 };
    });
    holders.saw('host-1', many);
    saw(2);
    assert.equal(holders.waiting, 10_000);
    assert.deepEqual(
      log.lines.map(({ message }) => message),
      ['the oldest sightings are left out'],
    );
    store.failure = undefined;
    await clock.advance(1000);
    await eventually(() => holders.waiting === 0);
    assert.equal(await holder(), 'e-2');
  });

  it('are given up after a minute, which is told', async () => {
    store.failure = unreachable;
    saw(1);
    await clock.advance(70_000);
    assert.equal(clock.pending, 0);
    assert.deepEqual(
      log.lines.map(({ level, message }) => [level, message]),
      [['warn', 'a sighting is not stored']],
    );
    store.failure = undefined;
    saw(1);
    await settle();
    assert.equal(await holder(), 'e-1');
  });

  it('are given up at once where no other attempt would do', async () => {
    store.failure = new NfvError('STORE_REFUSED', 'not allowed');
    saw(1);
    await settle();
    assert.equal(clock.pending, 0);
    assert.equal(log.lines.length, 1);
  });

  const ends = {
    closed: () => holders.close(),
    aborted: () => {
      stop.abort();
    },
  };
  for (const [what, end] of Object.entries(ends)) {
    it(`wait no longer when it is ${what}`, async () => {
      store.failure = unreachable;
      saw(1);
      await settle();
      assert.equal(clock.pending, 1);
      await end();
      await settle();
      assert.equal(clock.pending, 0);
      assert.equal(store.txns.length, 1);
    });
  }
});
