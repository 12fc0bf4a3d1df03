import assert from 'node:assert/strict';
import { neighborEntry } from '../../../../src/dataplane/linux/neighbor-entry.js';
import { Memory } from '../../../../src/dataplane/linux/memory.js';
import { FakeDoors } from '../../../support/fake-doors.js';
import { neighbor } from '../../../support/linux-items.js';

const MAC = '02:00:00:00:00:01';
const GONE = 'RTNETLINK answers: No such file or directory\n';
const BUSY = 'RTNETLINK answers: Device or resource busy\n';

describe('NeighborEntry', () => {
  it('is set and removed by one command each', async () => {
    const doors = new FakeDoors();
    const item = neighbor(7, 'fd00::1', MAC);
    await neighborEntry.create(item, doors, new Memory());
    await neighborEntry.remove(item, doors, new Memory());
    assert.deepEqual(doors.said, [
      `ip neigh replace fd00::1 lladdr ${MAC} dev nfvb7 nud permanent extern_learn`,
      'ip neigh del fd00::1 dev nfvb7',
    ]);
    await neighborEntry.remove(item, doors.fail(/neigh del/, GONE), new Memory());
    await assert.rejects(neighborEntry.remove(item, doors.fail(/neigh del/, BUSY), new Memory()));
  });
});
