import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import type { Neighbor } from '../../../../src/dataplane/linux/entries.js';
import { neighborEntry } from '../../../../src/dataplane/linux/neighbor-entry.js';
import { Memory } from '../../../../src/dataplane/linux/memory.js';
import { View } from '../../../../src/dataplane/linux/view.js';
import type { NeighborEntryItem } from '../../../../src/model/item.js';
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

describe('NeighborEntry, as it is seen', () => {
  const IP = '192.168.7.1';
  const WANTED = neighbor(7, IP, MAC);
  const found = { ip: IP, mac: MAC, device: 'nfvb7', extern: true, fixed: true };

  const see = (
    wanted: NeighborEntryItem | undefined,
    more: Partial<Neighbor> = {},
  ): ReturnType<typeof neighborEntry.observe> => {
    const memory = new Memory();
    const view = new View();
    view.setOurs(7, 'both');
    view.addNeighbor(7, { ...found, ...more });
    return neighborEntry.observe(['7', IP], wanted, view, memory);
  };

  for (const [title, more, sight] of [
    ['as it should be', {}, { payload: WANTED, defects: [] }],
    ['forgettable', { fixed: false }, { payload: WANTED, defects: ['not permanent'] }],
    ["the kernel's own, which gives way", { extern: false, fixed: false }, undefined],
  ] as const) {
    it(title, () => {
      assert.deepEqual(see(WANTED, more), sight);
    });
  }

  it('with another MAC', () => {
    const sight = see(WANTED, { mac: '02:00:00:00:00:09' });
    assert.ok(sight !== undefined && !(sight instanceof NfvError));
    assert.deepEqual(neighborEntry.differences(WANTED, sight.payload), [
      `mac 02:00:00:00:00:09, not ${MAC}`,
    ]);
  });

  it("somebody else's, which is in the way only if one is wanted", () => {
    const sight = see(WANTED, { extern: false });
    assert.ok(sight instanceof NfvError);
    assert.equal(sight.code, 'FOREIGN_OBJECT');
    assert.deepEqual(sight.metadata, { object: `${IP} nfvb7` });
    assert.equal(see(undefined, { extern: false }), undefined);
  });

  for (const [title, more] of [
    ['marked', { protocol: '78' }],
    ["an earlier version's", { mac: '00:00:5e:00:01:01' }],
  ] as const) {
    it(`that was made for a gateway and is taken over: ${title}`, () => {
      const sight = see(WANTED, { extern: false, ...more });
      assert.ok(sight !== undefined && !(sight instanceof NfvError));
      assert.deepEqual(sight.defects, ['made for a gateway']);
      // As long as it is nobody's but the gateway's, it is not for us to remove.
      assert.equal(see(undefined, { extern: false, ...more }), undefined);
    });
  }

  it('listed only with our mark, in networks of ours', () => {
    const memory = new Memory();
    const view = new View();
    view.setOurs(7, 'both');
    view.addNeighbor(7, found);
    view.addNeighbor(7, { ...found, ip: '192.168.7.2', extern: false });
    view.addNeighbor(8, found);
    assert.deepEqual([...neighborEntry.list(view, memory)], [`neigh/7/${IP}`]);
    assert.equal(neighborEntry.observe(['8', IP], WANTED, view, memory), undefined);
    assert.equal(neighborEntry.observe(['7', 'x'], WANTED, view, memory), undefined);
  });

  it('removed as it was seen: not what the gateway of its network answers there by now', async () => {
    const line = (mac: string): string => `${IP} dev nfvb7 lladdr ${mac} PERMANENT`;
    for (const [gateway, there, removed] of [
      [true, line(MAC), true],
      [true, line('02:00:00:00:fe:01'), false],
      [true, line(MAC).replace(IP, '192.168.7.9'), false],
      [false, line(MAC), true],
    ] as const) {
      const memory = new Memory();
      if (gateway) memory.setGateway(7, 42);
      const doors = new FakeDoors().answer(/neigh get/, there);
      await neighborEntry.remove(WANTED, doors, memory);
      assert.equal(doors.said.includes(`ip neigh del ${IP} dev nfvb7`), removed, there);
      // Where there is no gateway, nothing is asked for nothing.
      assert.equal(
        doors.said.some((words) => words.includes(' get ')),
        gateway,
      );
    }
  });

  it('though the VXLAN device is gone: it is the bridge that answers', () => {
    const memory = new Memory();
    const view = new View();
    view.setOurs(7, 'bridge');
    view.addNeighbor(7, found);
    assert.deepEqual([...neighborEntry.list(view, memory)], [`neigh/7/${IP}`]);
    assert.deepEqual(neighborEntry.observe(['7', IP], WANTED, view, memory), {
      payload: WANTED,
      defects: [],
    });
  });
});
