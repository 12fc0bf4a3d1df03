import assert from 'node:assert/strict';
import type { FdbEntry } from '../../../../src/dataplane/linux/entries.js';
import { floodMember } from '../../../../src/dataplane/linux/flood-member.js';
import { parseLinks } from '../../../../src/dataplane/linux/links.js';
import { Memory } from '../../../../src/dataplane/linux/memory.js';
import { View } from '../../../../src/dataplane/linux/view.js';
import { FakeDoors, linkJson } from '../../../support/fake-doors.js';
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

describe('FloodMember, as it is seen', () => {
  const FLOOD = '00:00:00:00:00:00';
  const entry = (dst: string, extern = true): FdbEntry => ({
    mac: FLOOD,
    device: 'nfvx7',
    self: true,
    dst,
    extern,
    fixed: true,
    odd: false,
  });

  const viewOf = (group = ''): View => {
    const view = new View();
    view.setOurs(7, 'both');
    const info = { info_kind: 'vxlan', info_data: { id: 7, ...(group === '' ? {} : { group }) } };
    for (const link of parseLinks([linkJson('nfvx7', { linkinfo: info })])) view.addLink(link);
    return view;
  };

  const memory = new Memory();

  it('is any destination, whoever set it', () => {
    const view = viewOf();
    view.addFdb(7, entry('10.1.0.2'));
    view.addFdb(7, entry('10.1.0.3', false));
    view.addFdb(8, entry('10.1.0.4'));
    assert.deepEqual([...floodMember.list(view, memory)], ['flood/7/10.1.0.2', 'flood/7/10.1.0.3']);
    assert.deepEqual(floodMember.observe(['7', '10.1.0.3'], undefined, view, memory), {
      payload: floodTo(7, '10.1.0.3'),
      defects: [],
    });
    assert.equal(floodMember.observe(['7', '10.1.0.4'], undefined, view, memory), undefined);
    assert.equal(floodMember.observe(['8', '10.1.0.4'], undefined, view, memory), undefined);
  });

  it("is not the underlay's group, nor a destination of no address", () => {
    const view = viewOf('239.1.1.1');
    view.addFdb(7, entry('239.1.1.1', false));
    view.addFdb(7, entry(''));
    assert.deepEqual([...floodMember.list(view, memory)], []);
    assert.equal(floodMember.observe(['7', '239.1.1.1'], undefined, view, memory), undefined);
  });
});
