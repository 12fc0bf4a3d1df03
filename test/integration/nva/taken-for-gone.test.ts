import assert from 'node:assert/strict';
import { statusKey } from '../../../src/nva/keys.js';
import { readNveStatus } from '../../../src/nva/resources/nves.js';
import { STATUS_RECORDS } from '../../../src/nva/records.js';
import { eventually } from '../../support/eventually.js';
import { SmallOverlay } from '../../support/small-overlay.js';

describe('an NVE that another replica takes to have no session', () => {
  let overlay: SmallOverlay;
  beforeEach(async () => {
    overlay = await SmallOverlay.start();
  });
  afterEach(() => overlay.close());

  for (const state of ['DISCONNECTED', 'DEAD'] as const) {
    it(`is told again as it is here: ${state}`, async () => {
      const { store } = overlay.harness;
      await overlay.fake('host-a').connect();
      const stateOf = async (): Promise<string | undefined> =>
        (await readNveStatus(store, 'host-a'))?.value.state;
      await eventually(async () => {
        assert.equal(await stateOf(), 'IN_SYNC');
      });
      const stored = await readNveStatus(store, 'host-a');
      assert(stored);
      const value = STATUS_RECORDS.nves.encode({ ...stored.value, state });
      const key = statusKey('nves', 'host-a');
      const { succeeded } = await store.txn({ compare: [], ops: [{ kind: 'put', key, value }] });
      assert(succeeded);
      await eventually(async () => {
        assert.equal(await stateOf(), 'IN_SYNC');
      });
    });
  }
});
