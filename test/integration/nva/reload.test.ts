/** What an NVA does whose store has forgotten the history that it was to follow. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { NfvError } from '../../../src/errors.js';
import { statusKey } from '../../../src/nva/keys.js';
import { Nva } from '../../../src/nva/nva.js';
import { STATUS_RECORDS } from '../../../src/nva/records.js';
import { readNveStatus } from '../../../src/nva/resources/nves.js';
import { openLmdbStore } from '../../../src/store/lmdb/store.js';
import type { Store, WatchBatch } from '../../../src/store/store.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FaultyStore } from '../../support/faulty-store.js';
import { MemoryLog } from '../../support/null-log.js';
import { nveSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

/** Its next watch finds that its history is gone, after the first batch. */
class ForgetfulStore extends FaultyStore {
  forgets = false;

  constructor(private readonly whole: Store) {
    super(whole);
  }

  override watch: Store['watch'] = (request) => this.#watch(this.whole.watch(request));

  async *#watch(batches: AsyncIterable<WatchBatch>): AsyncGenerator<WatchBatch> {
    for await (const batch of batches) {
      if (this.forgets) {
        this.forgets = false;
        throw new NfvError('REVISION_COMPACTED', 'it is forgotten');
      }
      yield batch;
    }
  }
}

describe('an NVA that has to read the model anew', () => {
  it('tells again how its NVEs are', async () => {
    const dir = tempDir();
    const store = new ForgetfulStore(await openLmdbStore({ path: join(dir.path, 'data') }));
    const log = new MemoryLog();
    const clock = new FakeClock();
    const nva = await Nva.start({
      ...{ store, log, clock },
      ...{ vniRange: { min: 4096, max: 8191 }, keepRevisions: 100_000 },
    });
    try {
      const request = { id: 'host-a', spec: nveSpec(['192.0.2.1']), requestId: '' };
      const call = { signal: new AbortController().signal };
      await nva.nves.create({ ...request, validateOnly: false }, call);
      await nva.waitApplied({ revision: 0, timeoutMs: 0 }, call);
      // What there is to be written of a new one has been by then.
      await clock.advance(1000);
      store.forgets = true;
      const status = STATUS_RECORDS.nves.encode({
        ...(await nva.nves.get('host-a')).status,
        ...{ settledDigest: '', state: 'IN_SYNC' },
      });
      const key = statusKey('nves', 'host-a');
      await store.txn({ compare: [], ops: [{ kind: 'put', key, value: status }] });
      await eventually(async () => {
        await clock.advance(1000);
        assert.equal((await readNveStatus(store, 'host-a'))?.value.state, 'DISCONNECTED');
      });
      assert.ok(log.lines.some(({ message }) => message === 'the model was read anew'));
    } finally {
      await nva.stop();
      await store.close();
      dir.remove();
    }
  });
});
