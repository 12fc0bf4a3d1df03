import assert from 'node:assert/strict';
import { floodMember } from '../../../../src/dataplane/linux/flood-member.js';
import { Memory } from '../../../../src/dataplane/linux/memory.js';
import { FakeDoors } from '../../../support/fake-doors.js';
import { floodTo } from '../../../support/linux-items.js';

const GONE = 'RTNETLINK answers: No such file or directory\n';
const BUSY = 'RTNETLINK answers: Device or resource busy\n';

describe('FloodMember', () => {
  it('is set and removed by one command each', async () => {
    const doors = new FakeDoors();
    const item = floodTo(7, '10.1.0.2');
    await floodMember.create(item, doors, new Memory());
    await floodMember.remove(item, doors, new Memory());
    assert.deepEqual(doors.said, [
      'bridge fdb append 00:00:00:00:00:00 dev nfvx7 dst 10.1.0.2 self static extern_learn',
      'bridge fdb del 00:00:00:00:00:00 dev nfvx7 dst 10.1.0.2 self',
    ]);
  });

  it('is there already when the kernel says so', async () => {
    const item = floodTo(7, '10.1.0.2');
    const there = new FakeDoors().fail(/append/, 'RTNETLINK answers: File exists\n');
    await floodMember.create(item, there, new Memory());
    await floodMember.remove(item, new FakeDoors().fail(/del/, GONE), new Memory());
    await assert.rejects(
      floodMember.create(item, new FakeDoors().fail(/append/, BUSY), new Memory()),
    );
  });
});
