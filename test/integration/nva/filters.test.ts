/** Filters as clients write them, through the real NVA; the grammar itself is tested in test/unit. */
import assert from 'node:assert/strict';
import { apiOf } from '../../../src/cli/kinds.js';
import type { ResourceKind, WatchEvent } from '../../../src/model/api.js';
import { call, type NvaHarness } from '../../support/nva-harness.js';
import { everything, rejected, startSmallModel } from '../../support/small-model.js';

const ROWS: readonly (readonly [kind: ResourceKind, filter: string, ids: readonly string[]])[] = [
  ['VirtualNetwork', 'bum_mode = head_end AND vni >= 100', ['blue']],
  ['VirtualNetwork', 'name = blue OR name = red', ['blue']],
  ['VirtualNetwork', 'NOT learning = false', []],
  ['Nve', 'state = NEVER_CONNECTED', ['host-a', 'host-b']],
  ['Nve', 'state = STATE_NEVER_CONNECTED AND name = host-b', ['host-b']],
  ['Nve', 'vtep_addresses = "2001:0db8:0::2"', ['host-b']],
  ['Endpoint', 'state = PENDING', ['web']],
  ['Endpoint', 'network = blue AND nve = nves/host-a', ['web']],
  ['Endpoint', 'mac = "02-00-00-00-00-01"', ['web']],
  ['Endpoint', 'port.veth.netns:* AND NOT port.tap.interface:*', ['web']],
];

describe('filters of the NVA', () => {
  let harness: NvaHarness;
  before(async () => (harness = await startSmallModel()));
  after(() => harness.close());

  async function listed(kind: ResourceKind, filter: string): Promise<string[]> {
    const api = apiOf(harness.client, kind);
    const { resources } = await api.list({ ...everything, filter }, call);
    return resources.map(({ id }) => id);
  }

  async function watched(kinds: readonly ResourceKind[], filter: string): Promise<string[]> {
    const ids: string[] = [];
    const events: AsyncIterable<WatchEvent> = harness.client.watch(
      { kinds, filter, startRevision: 0 },
      call,
    );
    for await (const event of events) {
      if (event.type === 'SYNCED') break;
      ids.push(event.resource.id);
    }
    return ids;
  }

  for (const [kind, filter, ids] of ROWS) {
    it(`${kind}: ${filter}`, async () => {
      assert.deepEqual(await listed(kind, filter), ids);
      assert.deepEqual(await watched([kind], filter), ids);
    });
  }

  it('a watch of several kinds takes the fields of each', async () => {
    assert.deepEqual(await watched([], 'vni = 100 OR state = PENDING'), ['blue', 'web']);
  });

  for (const filter of ['staet = PENDING', 'state = GONE', 'mac < "02:00:00:00:00:01"', 'mac =']) {
    it(`refuses ${filter}`, async () => {
      assert.equal((await rejected(listed('Endpoint', filter))).code, 'INVALID_FILTER');
      assert.equal((await rejected(watched(['Endpoint'], filter))).code, 'INVALID_FILTER');
    });
  }
});
