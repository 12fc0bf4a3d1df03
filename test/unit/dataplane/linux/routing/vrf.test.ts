import assert from 'node:assert/strict';
import { Memory } from '../../../../../src/dataplane/linux/memory.js';
import {
  RouterView,
  type RouterState,
} from '../../../../../src/dataplane/linux/routing/router-view.js';
import { View } from '../../../../../src/dataplane/linux/view.js';
import { vrf } from '../../../../../src/dataplane/linux/routing/vrf.js';
import { NfvError } from '../../../../../src/errors.js';
import { FakeDoors, linkJson } from '../../../../support/fake-doors.js';
import { vrf as item } from '../../../../support/routing-items.js';

const lo = (more: Record<string, unknown> = {}): unknown => [
  linkJson('lo', { flags: ['LOOPBACK'], ...more }),
];
const OURS = { ifalias: 'nfvd:vrf/7', flags: ['LOOPBACK', 'UP'] };

describe('Vrf', () => {
  it('is a namespace that is marked when it is complete', async () => {
    const doors = new FakeDoors();
    await vrf.create(item(7), doors, new Memory());
    assert.deepEqual(doors.said, [
      'ip netns add nfvr7',
      'ip netns set nfvr7 auto',
      'settle nfvr7',
      'ip -n nfvr7 link set dev lo up alias nfvd:vrf/7',
    ]);
  });

  it('is undone when it cannot be completed', async () => {
    const doors = new FakeDoors().fail(/settle/, 'RTNETLINK answers: Operation not permitted\n');
    await assert.rejects(vrf.create(item(7), doors, new Memory()), { code: 'NOT_PRIVILEGED' });
    assert.deepEqual(doors.said.slice(-2), ['release nfvr7', 'undo netns del nfvr7']);
  });

  it('takes the place of what was broken off, and is put right where it is ours', async () => {
    for (const [place, state, first] of [
      ['file', undefined, 'ip netns del nfvr7'],
      ['namespace', {}, 'ip netns del nfvr7'],
      ['namespace', OURS, 'ip netns set nfvr7 auto'],
    ] as const) {
      const doors = new FakeDoors().answer(/-n nfvr7 link show/, lo(state));
      doors.places.set(7, place);
      await vrf.update(item(7), item(7), doors, new Memory());
      const done = doors.said.filter((words) => !/show|release/.test(words));
      assert.equal(done[0], first);
      assert.equal(done.at(-1), 'ip -n nfvr7 link set dev lo up alias nfvd:vrf/7');
    }
  });

  for (const [title, link] of [
    ['in use', { flags: ['LOOPBACK', 'UP'] }],
    ['with another mark', { ifalias: 'theirs' }],
    ["another router's", { ifalias: 'nfvd:vrf/8' }],
  ] as const) {
    it(`leaves a namespace alone that is ${title}`, async () => {
      const doors = new FakeDoors().answer(/-n nfvr7 link show/, lo(link));
      doors.places.set(7, 'namespace');
      await assert.rejects(vrf.create(item(7), doors, new Memory()), { code: 'FOREIGN_OBJECT' });
      await vrf.remove(item(7), doors, new Memory());
      assert.ok(doors.said.every((words) => words.includes('show')));
    });
  }

  it('is not removed with what is not ours in it', async () => {
    const strange = [linkJson('lo', OURS), linkJson('eth1', {})];
    const doors = new FakeDoors().answer(/link show$/, strange).answer(/show dev lo/, lo(OURS));
    doors.places.set(7, 'namespace');
    await assert.rejects(vrf.remove(item(7), doors, new Memory()), {
      code: 'FOREIGN_OBJECT',
      message: /nfvr7 has an interface eth1, not ours/,
    });
    doors.answer(/link show$/, [linkJson('lo', OURS)]);
    await vrf.remove(item(7), doors, new Memory());
    assert.equal(doors.said.at(-1), 'ip netns del nfvr7');
  });

  it('is removed with a way to another router whose making was broken off, but not with one like it', async () => {
    for (const [name, address, removed] of [
      ['vrf8', '02:00:00:00:00:01', true],
      ['vrf6', '02:00:00:00:00:02', true],
      ['vrf8', '02:00:00:00:00:07', false],
      ['vrf', '02:00:00:00:00:01', false],
    ] as const) {
      const way = linkJson(name, { address, linkinfo: { info_kind: 'veth' } });
      const doors = new FakeDoors()
        .answer(/link show$/, [linkJson('lo', OURS), way])
        .answer(/show dev lo/, lo(OURS));
      doors.places.set(7, 'namespace');
      await vrf.remove(item(7), doors, new Memory()).catch(() => undefined);
      assert.equal(doors.said.includes('ip netns del nfvr7'), removed, `${name} ${address}`);
    }
  });

  it('is seen as what it is', () => {
    const see = (state: RouterState): ReturnType<typeof vrf.observe> => {
      const view = new View();
      view.routers.set(7, new RouterView(state));
      return vrf.observe(['7'], item(7), view, new Memory());
    };
    assert.deepEqual(see('ours'), { payload: item(7), defects: [] });
    assert.deepEqual(see('half'), { payload: item(7), defects: ['creation was broken off'] });
    assert.equal(see('nothing'), undefined);
    const foreign = see('foreign');
    assert.ok(foreign instanceof NfvError && foreign.code === 'FOREIGN_OBJECT');
  });
});
