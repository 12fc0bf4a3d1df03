import assert from 'node:assert/strict';
import { macEntry } from '../../../../src/dataplane/linux/mac-entry.js';
import { Memory } from '../../../../src/dataplane/linux/memory.js';
import { FakeDoors, linkJson } from '../../../support/fake-doors.js';
import { macAt, macOf } from '../../../support/linux-items.js';

const MAC = '02:00:00:00:00:01';
const GONE = 'RTNETLINK answers: No such file or directory\n';
const BUSY = 'RTNETLINK answers: Device or resource busy\n';
const extern = { flags: ['extern_learn'] };

const memoryWith = (endpoint: string, link: string): Memory => {
  const memory = new Memory();
  memory.setPort({ endpoint, link, vni: 7 });
  return memory;
};

describe('MacEntry', () => {
  const REMOTE = `bridge fdb replace ${MAC} dev nfvx7 dst 10.1.0.2 self master static extern_learn`;

  it('is set behind a VTEP by one command', async () => {
    const doors = new FakeDoors();
    await macEntry.create(macAt(7, MAC, '10.1.0.2'), doors, new Memory());
    assert.deepEqual(doors.said, [REMOTE]);
  });

  it('is set behind a port by one command', async () => {
    const doors = new FakeDoors();
    await macEntry.create(macOf(7, MAC, 'web'), doors, memoryWith('web', 'webport'));
    assert.deepEqual(doors.said, [
      `bridge fdb replace ${MAC} dev webport master static extern_learn`,
    ]);
  });

  it('looks for a port that it does not know among all links', async () => {
    const doors = new FakeDoors().answer(/^ip link show$/, [
      linkJson('a', { ifalias: 'nfvd:port/webber@x' }),
      linkJson('b', { ifalias: 'nfvd:port/web@x' }),
    ]);
    await macEntry.create(macOf(7, MAC, 'web'), doors, new Memory());
    assert.equal(doors.said.at(-1), `bridge fdb replace ${MAC} dev b master static extern_learn`);
  });

  it('moves to a port before its old entry goes', async () => {
    const doors = new FakeDoors();
    const memory = memoryWith('web', 'webport');
    await macEntry.update(macOf(7, MAC, 'web'), macAt(7, MAC, '10.1.0.2'), doors, memory);
    assert.deepEqual(doors.said, [
      `bridge fdb replace ${MAC} dev webport master static extern_learn`,
      `bridge fdb del ${MAC} dev nfvx7 self`,
    ]);
  });

  it('removes what is ours, and only that', async () => {
    const rows = (flags: string[], dst: string): unknown[] => [
      { mac: MAC, ifname: 'nfvx7', dst, flags },
    ];
    const doors = new FakeDoors()
      .answer(/fdb get .* self$/, rows(['self'], '10.1.0.2'))
      .answer(/fdb get .* br nfvb7$/, [
        { mac: MAC, ifname: 'webport', ...extern, master: 'nfvb7' },
      ]);
    await macEntry.remove(macOf(7, MAC, 'web'), doors, new Memory());
    assert.deepEqual(doors.said.slice(2), [`bridge fdb del ${MAC} dev webport master`]);
  });

  it('is removed already when it is gone', async () => {
    const doors = new FakeDoors()
      .answer(/fdb get .* br nfvb7$/, [{ mac: MAC, ifname: 'webport', ...extern }])
      .fail(/fdb del/, GONE);
    await macEntry.remove(macOf(7, MAC, 'web'), doors, new Memory());
    const busy = doors.fail(/fdb del/, BUSY);
    await assert.rejects(macEntry.remove(macOf(7, MAC, 'web'), busy, new Memory()));
  });
});
