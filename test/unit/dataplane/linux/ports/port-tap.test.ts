/** How a tap is made and mended when something is in the way already. */
import assert from 'node:assert/strict';
import { createTap, updateTap } from '../../../../../src/dataplane/linux/ports/port-tap.js';
import { hasErrno } from '../../../../../src/host/iproute2/answers.js';
import type { TapPort } from '../../../../../src/model/endpoint.js';
import type { PortItem } from '../../../../../src/model/item.js';
import { FakeDoors, linkJson } from '../../../../support/fake-doors.js';
import { tapPort } from '../../../../support/linux-items.js';

const MAC = '02:00:00:00:00:01';
const GROUP = '1852208740';
/** Of "web", by another program: printf web | sha256sum. */
const DERIVED = 'nfvp4b5e57f6eb';
const GONE = 'Device "x" does not exist.\n';

const tun = { linkinfo: { info_kind: 'tun' } };
const ours = { ...tun, ifalias: 'nfvd:port/web@tap-0-0-0', group: GROUP, master: 'nfvb7' };

const itemOf = (tap: Partial<TapPort> = {}): readonly [PortItem, TapPort] => {
  const item = tapPort('web', 7, MAC, tap);
  return [item, item.port.kind === 'tap' ? item.port : assert.fail()];
};

/** Links by name; those that are not there are refused. */
const doorsWith = (links: Readonly<Record<string, Record<string, unknown>>>): FakeDoors => {
  const doors = new FakeDoors().fail(/^ip link show dev/, GONE);
  for (const [name, more] of Object.entries(links)) {
    doors.answer(new RegExp(`^ip link show dev ${name}$`), [linkJson(name, more)]);
  }
  return doors;
};

const changes = (doors: FakeDoors): string[] =>
  doors.said.filter((line) => !line.startsWith('ip link show'));

const ADDED = /^ip tuntap add dev nfvp4b5e57f6eb mode tap user 0$/;

describe('tap port', () => {
  for (const [title, links, removed] of [
    ['nothing is there', {}, []],
    ['a creation was broken off before it was marked', { [DERIVED]: tun }, [DERIVED]],
    ['a creation was broken off after that', { [DERIVED]: { ...tun, group: GROUP } }, [DERIVED]],
    ['one of ours has the derived name but should have another', { [DERIVED]: ours }, [DERIVED]],
    ['one that was half made has the name', { vm0: { ...tun, group: GROUP } }, ['vm0']],
  ] as const) {
    it(`is made when ${title}`, async () => {
      const doors = doorsWith(links);
      await createTap(...itemOf({ interface: 'vm0' }), doors);
      const said = changes(doors);
      assert.deepEqual(
        said.slice(0, removed.length),
        removed.map((name) => `ip link del dev ${name}`),
      );
      assert.match(said[removed.length] ?? '', ADDED);
      assert.equal(said[removed.length + 1], `ip link set dev ${DERIVED} group ${GROUP} name vm0`);
      assert.match(said.at(-1) ?? '', /^ip link set dev vm0 up alias nfvd:port\/web@tap-0-0-0$/);
    });
  }

  for (const [title, links] of [
    ['has its name', { vm0: { ifalias: 'somebody' } }],
    ["has its name and another endpoint's mark", { vm0: { ...ours, ifalias: 'nfvd:port/db@x' } }],
    ['has its name, and is a tap without a mark', { vm0: tun }],
    ['has its derived name, but is no tap', { [DERIVED]: {} }],
    ['has its derived name, and is a tap in a bridge', { [DERIVED]: { ...tun, master: 'br0' } }],
    ['has its derived name, and is a tap with a name', { [DERIVED]: { ...tun, ifalias: 'mine' } }],
  ] as const) {
    it(`is not made when something foreign ${title}`, async () => {
      const doors = doorsWith(links);
      const made = createTap(...itemOf({ interface: 'vm0' }), doors);
      await assert.rejects(made, {
        code: 'FOREIGN_OBJECT',
        metadata: { object: Object.keys(links)[0] },
      });
      assert.deepEqual(changes(doors), []);
    });
  }

  it('is there already when a creation is repeated', async () => {
    const doors = doorsWith({ vm0: ours });
    await createTap(...itemOf({ interface: 'vm0' }), doors);
    assert.ok(!changes(doors).some((line) => /tuntap|del/.test(line)));
    assert.match(changes(doors).at(-1) ?? '', /alias/);
  });

  it('keeps its derived name when it is given none', async () => {
    const doors = doorsWith({});
    await createTap(...itemOf(), doors);
    assert.equal(changes(doors)[1], `ip link set dev ${DERIVED} group ${GROUP}`);
  });

  for (const [title, match, left] of [
    ['the derived name, when it cannot be renamed', / group /, DERIVED],
    ['its own name, when it cannot enter its bridge', / master /, 'vm0'],
  ] as const) {
    it(`is undone under ${title}`, async () => {
      const doors = doorsWith({}).fail(match, 'RTNETLINK answers: Device or resource busy\n');
      const made = createTap(...itemOf({ interface: 'vm0' }), doors);
      await assert.rejects(made, (error) => hasErrno(error, 'EBUSY'));
      assert.equal(doors.said.at(-1), `undo link del dev ${left}`);
    });
  }

  it('cannot be called as iproute2 would call an index', async () => {
    const doors = doorsWith({});
    await assert.rejects(createTap(...itemOf({ interface: 'if7' }), doors), {
      code: 'ITEM_INVALID',
    });
    assert.deepEqual(doors.said, []);
  });

  it('is made by an update when it is gone, and left alone when it is foreign', async () => {
    const gone = doorsWith({});
    await updateTap(...itemOf(), gone);
    assert.match(changes(gone)[0] ?? '', ADDED);
    const foreign = doorsWith({ [DERIVED]: { ifalias: 'somebody' } });
    await assert.rejects(updateTap(...itemOf(), foreign), { code: 'FOREIGN_OBJECT' });
    assert.deepEqual(changes(foreign), []);
  });

  it('is only set anew when it is there', async () => {
    const doors = doorsWith({ [DERIVED]: { ...ours, master: 'nfvb8' } });
    await updateTap(...itemOf(), doors);
    assert.deepEqual(changes(doors), [
      `ip link set dev ${DERIVED} mtu 1400 master nfvb7`,
      `ip link set dev ${DERIVED} addrgenmode none type bridge_slave learning off flood on mcast_flood on`,
      `ip link set dev ${DERIVED} up alias nfvd:port/web@tap-0-0-0`,
    ]);
  });

  it('is made to flood broadcasts again, if it does not', async () => {
    const slave = { info_slave_kind: 'bridge', info_slave_data: { bcast_flood: false } };
    const doors = doorsWith({ [DERIVED]: { ...ours, linkinfo: { info_kind: 'tun', ...slave } } });
    await updateTap(...itemOf(), doors);
    assert.ok(doors.said.includes(`broadcasts ${DERIVED} on`));
  });
});
