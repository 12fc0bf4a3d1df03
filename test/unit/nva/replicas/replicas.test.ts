import assert from 'node:assert/strict';
import { Replicas } from '../../../../src/nva/replicas/replicas.js';
import { Revisions } from '../../../../src/nva/revisions.js';
import type { Peers } from '../../../../src/store/store.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryStore } from '../../../support/memory-store.js';
import { MemoryLog } from '../../../support/null-log.js';

describe('a replica', () => {
  it('tells that another says it is where this one is, once, and not of one that was killed there', async () => {
    let isAddressShared = true;
    const peers: Peers = {
      ...{ self: 'own', address: '192.0.2.1:4433', silentMs: () => 0, others: () => 1 },
      ...{
        isAlive: () => true,
        isAddressShared: () => isAddressShared,
        addresses: () => new Map(),
      },
      onChange: () => () => undefined,
    };
    const [clock, log, stop] = [new FakeClock(), new MemoryLog(), new AbortController()];
    const replicas = new Replicas({
      ...{ store: Object.assign(new MemoryStore(), { peers }), clock, log, revision: () => 0 },
      ...{ revisions: new Revisions(), endSessions: () => undefined },
    });
    const watching = replicas.watchStore(stop.signal);
    await clock.advance(19_999);
    isAddressShared = false;
    await clock.advance(10_000);
    assert.deepEqual(log.lines, []);
    isAddressShared = true;
    await clock.advance(60_000);
    assert.deepEqual(
      log.lines.map(({ fields, message }) => [fields, message]),
      [[{ address: '192.0.2.1:4433' }, 'another replica says that it is where this one is']],
    );
    stop.abort();
    await watching;
  });
});
