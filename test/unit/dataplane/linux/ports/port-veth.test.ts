/** How a veth is made and mended when something is in the way already. */
import assert from 'node:assert/strict';
import { vethTag } from '../../../../../src/dataplane/linux/ports/port-tag.js';
import {
  createVeth,
  isAttested,
  updateVeth,
} from '../../../../../src/dataplane/linux/ports/port-veth.js';
import { NfvError } from '../../../../../src/errors.js';
import { hasErrno, refusal } from '../../../../../src/host/iproute2/answers.js';
import type { VethPort } from '../../../../../src/model/endpoint.js';
import type { PortItem } from '../../../../../src/model/item.js';
import { FakeDoors, linkJson } from '../../../../support/fake-doors.js';
import { vethPort } from '../../../../support/linux-items.js';

const MAC = '02:00:00:00:00:01';
const GROUP = '1852208740';
/** Of "web", by another program: printf web | sha256sum. */
const NEAR = 'nfvp4b5e57f6eb';
const EXISTS = 'RTNETLINK answers: File exists\n';
const NO_DEVICE = 'Cannot find device "eth0"\n';

const veth: VethPort = { kind: 'veth', netns: 'blue', interface: 'eth0', hostInterface: '' };
const item = (more: Parameters<typeof vethPort>[4] = {}): PortItem =>
  vethPort('web', 7, MAC, 'blue', { addresses: ['192.168.7.1/24'], ...more });

const ADDRESSES = [{ local: '192.168.7.1', prefixlen: 24, scope: 'global' }];
/** The guest's end as `ip addr show` prints it. */
const FAR = [linkJson('eth0', { mtu: 1400, address: MAC, addr_info: ADDRESSES })];

const doorsWith = (near: Record<string, unknown> | undefined): FakeDoors => {
  const doors = new FakeDoors().answer(/addr show dev eth0/, FAR);
  doors.namespaces.add('blue');
  if (near === undefined) return doors.fail(new RegExp(`show dev ${NEAR}`), NO_DEVICE);
  return doors.answer(new RegExp(`^ip link show dev ${NEAR}$`), [linkJson(NEAR, near)]);
};

/** The name is taken at the first attempt to make the pair, and free at the second. */
const takenOnce = (doors: FakeDoors): FakeDoors => {
  let times = 0;
  const inNetns = doors.inNetns.bind(doors);
  doors.inNetns = (netns, commands, query) => {
    const adds = commands.some(([noun, verb]) => noun === 'link' && verb === 'add');
    if (adds && times++ === 0) doors.fail(/link add name eth0/, EXISTS);
    else if (adds) doors.answer(/link add name eth0/, undefined);
    return inNetns(netns, commands, query);
  };
  return doors;
};

const ours = { ifalias: `nfvd:port/web@${vethTag(item(), veth)}`, mtu: 1400, master: 'nfvb7' };
const half = { group: GROUP };
const foreign = { ifalias: 'somebody' };

const changes = (doors: FakeDoors): string[] =>
  doors.said.filter((line) => !/ (link|addr|fdb) show/.test(line));

describe('veth port', () => {
  it('needs the namespace before anything is made', async () => {
    const doors = new FakeDoors();
    await assert.rejects(createVeth(item(), veth, doors), {
      code: 'NETNS_MISSING',
      remedy: 'create the network namespace: ip netns add blue',
    });
    assert.deepEqual(doors.said, []);
  });

  for (const name of ['if7', 'if0x']) {
    it(`cannot be called ${name}, on either end`, async () => {
      const doors = doorsWith(undefined);
      for (const port of [
        { ...veth, interface: name },
        { ...veth, hostInterface: name },
      ]) {
        const wanted = { ...item(), port };
        await assert.rejects(createVeth(wanted, port, doors), { code: 'ITEM_INVALID' });
      }
      assert.deepEqual(doors.said, []);
    });
  }

  it("names the guest's interface that has the name, when the host has none", async () => {
    const doors = takenOnce(doorsWith(undefined));
    await assert.rejects(createVeth(item(), veth, doors), {
      code: 'FOREIGN_OBJECT',
      message: 'the namespace blue already has an interface eth0, not ours',
    });
  });

  it("names the host's interface that has the name, and touches it not", async () => {
    const doors = takenOnce(doorsWith(foreign));
    await assert.rejects(createVeth(item(), veth, doors), { metadata: { object: NEAR } });
    assert.equal(changes(doors).length, 1);
  });

  it('is there already when a creation is repeated', async () => {
    const doors = takenOnce(doorsWith(ours));
    await createVeth(item(), veth, doors);
    assert.ok(!changes(doors).some((line) => line.includes('link del')));
  });

  it('is made anew when a creation was broken off', async () => {
    const doors = takenOnce(doorsWith(half));
    await createVeth(item(), veth, doors);
    const said = changes(doors);
    const at = said.indexOf(`ip link del dev ${NEAR}`);
    assert.ok(at > 0, said.join('\n'));
    assert.match(said[at + 1] ?? '', /^ip -n blue link add name eth0/);
    assert.match(said.at(-1) ?? '', /alias nfvd:port\/web@veth-/);
  });

  it('fails with what the kernel says when that is something else', async () => {
    const doors = doorsWith(undefined).fail(/link add/, 'RTNETLINK answers: Invalid argument\n');
    await assert.rejects(createVeth(item(), veth, doors), (error) => hasErrno(error, 'EINVAL'));
    assert.equal(changes(doors).length, 1);
  });

  it('that is foreign is not updated', async () => {
    const doors = doorsWith(foreign);
    await assert.rejects(updateVeth(item(), veth, doors), { code: 'FOREIGN_OBJECT' });
    assert.deepEqual(changes(doors), []);
  });

  for (const [title, near, removed] of [
    ['is gone', undefined, true],
    [
      'attests another place',
      { ...ours, ifalias: ours.ifalias.replace(/veth-\w{8}/, 'veth-00000000') },
      true,
    ],
    ['attests nothing', { ...ours, ifalias: 'nfvd:port/web' }, true],
    ['was half made', half, true],
    ['is as it should be', ours, false],
  ] as const) {
    it(`${removed ? 'is made anew' : 'stays'} by an update when it ${title}`, async () => {
      const doors = doorsWith(near);
      await updateVeth(item(), veth, doors);
      const said = changes(doors);
      assert.equal(said[0] === `ip link del dev ${NEAR}`, removed);
      assert.equal(
        said.some((line) => line.startsWith('ip -n blue link add')),
        removed,
      );
      assert.match(said.at(-1) ?? '', new RegExp(`^ip link set dev ${NEAR} up alias`));
    });
  }

  it('is made anew when the guest did away with its end', async () => {
    const doors = doorsWith(ours).fail(/^ip -n blue link set dev eth0 address/, NO_DEVICE);
    await updateVeth(item({ mac: '02:00:00:00:00:02' }), veth, doors).catch(() => undefined);
    const said = changes(doors);
    assert.deepEqual(said.slice(1, 3), [
      `ip link del dev ${NEAR}`,
      `ip -n blue link add name eth0 address 02:00:00:00:00:02 mtu 1400 type veth peer name ${NEAR} mtu 1400 group ${GROUP} netns /proc/1/ns/net`,
    ]);
  });

  it('takes the entries of the bridge along that are ours, unless it goes to another bridge', async () => {
    const another = '02:00:00:00:00:05';
    const entry = (mac: string, flags: string[], state = ''): unknown => ({ mac, flags, state });
    const found = [
      entry(another, ['extern_learn'], 'static'),
      entry('02:00:00:00:00:06', []),
      entry('aa:00:00:00:00:07', [], 'permanent'),
      entry('33:33:00:00:00:01', ['self'], 'permanent'),
    ];
    const set = `bridge fdb replace ${another} dev ${NEAR} master static extern_learn`;
    for (const [vni, expected] of [
      [7, [set]],
      [8, []],
    ] as const) {
      const doors = doorsWith(ours)
        .fail(/^ip -n blue link set dev eth0 address/, NO_DEVICE)
        .answer(new RegExp(`fdb show dev ${NEAR}$`), found);
      const wanted = item({ vni, mac: '02:00:00:00:00:02' });
      doors.answer(/addr show dev eth0/, [
        linkJson('eth0', { mtu: 1400, address: wanted.mac, addr_info: ADDRESSES }),
      ]);
      await updateVeth(wanted, veth, doors);
      const said = doors.said.filter((line) => line.startsWith('bridge fdb replace'));
      assert.deepEqual(said, expected);
    }
  });

  it('is not made anew for another trouble in the guest', async () => {
    const doors = doorsWith(ours).fail(
      /set dev eth0 address/,
      'RTNETLINK answers: Device or resource busy\n',
    );
    await assert.rejects(updateVeth(item({ mac: '02:00:00:00:00:02' }), veth, doors), (error) =>
      hasErrno(error, 'EBUSY'),
    );
    assert.ok(!changes(doors).some((line) => line.includes('link del')));
  });

  it('needs the namespace to change what is in it', async () => {
    const doors = doorsWith(ours);
    doors.namespaces.clear();
    const update = updateVeth(item({ addresses: [] }), veth, doors);
    await assert.rejects(update, { code: 'NETNS_MISSING' });
    assert.deepEqual(changes(doors), []);
  });

  it('is undone when it was made, but not when that itself was refused', async () => {
    const refused = doorsWith(undefined).fail(
      /addr replace/,
      'RTNETLINK answers: Permission denied\n',
    );
    await assert.rejects(createVeth(item(), veth, refused), (error) => hasErrno(error, 'EACCES'));
    assert.equal(refused.said.at(-1), `undo link del dev ${NEAR}`);
    for (const error of [
      new NfvError('COMMAND_TIMEOUT', 'ip said nothing for 10000 ms and was ended'),
      refusal(
        'ip',
        'netns exec',
        'Cannot open network namespace "blue": No such file or directory\n',
      ),
    ]) {
      const doors = doorsWith(undefined);
      doors.inNetns = () => Promise.reject(error);
      await assert.rejects(createVeth(item(), veth, doors), error);
      assert.deepEqual(changes(doors), []);
    }
  });

  it('keeps what the guest added to its end, as it is', async () => {
    const far = ['192.168.7.1/24', '192.168.7.9/24', '192.168.7.200/24'].map((text) => {
      const [local, length] = text.split('/');
      return { local, prefixlen: Number(length), scope: 'global' };
    });
    const two = item({ addresses: ['192.168.7.1/24', '192.168.7.9/24'] });
    const near = { ...ours, ifalias: `nfvd:port/web@${vethTag(two, veth)}` };
    const doors = doorsWith(near)
      .answer(/addr show dev eth0/, [linkJson('eth0', { mtu: 1400, address: MAC, addr_info: far })])
      .fail(/addr add 192.168.7.200/, EXISTS);
    await updateVeth(item({ addresses: [] }), veth, doors);
    const said = doors.said.filter((line) => / addr (add|del|replace) /.test(line));
    assert.deepEqual(said, [
      'ip -n blue addr del 192.168.7.9/24 dev eth0',
      'ip -n blue addr del 192.168.7.1/24 dev eth0',
      'ip -n blue addr add 192.168.7.200/24 dev eth0',
    ]);
  });

  for (const [title, more, same] of [
    ['the same', {}, true],
    ['another MAC', { mac: '02:00:00:00:00:02' }, false],
    ['another MTU', { mtu: 1300 }, false],
    ['another address', { addresses: ['192.168.7.2/24'] }, false],
    ['another prefix length', { addresses: ['192.168.7.1/25'] }, false],
    ['no address', { addresses: [] }, false],
    ['another state', { adminUp: false }, true],
    ['another network', { vni: 8 }, true],
  ] as const) {
    it(`${same ? 'attests' : 'does not attest'} ${title}`, () => {
      const tag = {
        kind: 'veth',
        place: '',
        mac: MAC,
        mtu: 1400,
        addresses: [/-(\w{6})$/.exec(vethTag(item(), veth))?.[1] ?? ''],
      } as const;
      assert.equal(isAttested(item(more), tag), same);
    });
  }
});
