import assert from 'node:assert/strict';
import { Memory } from '../../../../../src/dataplane/linux/memory.js';
import { parseLinks } from '../../../../../src/dataplane/linux/links.js';
import { port } from '../../../../../src/dataplane/linux/ports/port.js';
import { View } from '../../../../../src/dataplane/linux/view.js';
import { vethTag } from '../../../../../src/dataplane/linux/ports/port-tag.js';
import type { PortItem } from '../../../../../src/model/item.js';
import { FakeDoors, linkJson } from '../../../../support/fake-doors.js';
import { tapPort, vethPort } from '../../../../support/linux-items.js';

const MAC = '02:00:00:00:00:01';
const GONE = 'Device "x" does not exist.\n';
const web = (more: Parameters<typeof vethPort>[4] = {}): PortItem =>
  vethPort('web', 7, MAC, 'blue', { addresses: ['192.168.7.1/24', 'fd00:7::1/64'], ...more });

const tagOf = (item: PortItem): string =>
  item.port.kind === 'veth' ? vethTag(item, item.port) : assert.fail();

/** The guest's end as `ip addr show` prints it. */
const far = (mtu: number, ...addresses: string[]): unknown => [
  linkJson('eth0', {
    mtu,
    address: MAC,
    addr_info: addresses.map((text) => ({
      local: text.split('/')[0],
      prefixlen: Number(text.split('/')[1]),
      scope: 'global',
    })),
  }),
];

const doorsFor = (): FakeDoors => {
  const doors = new FakeDoors().answer(
    /addr show dev eth0/,
    far(1400, '192.168.7.1/24', 'fd00:7::1/64'),
  );
  doors.namespaces.add('blue');
  return doors;
};

const near = (item: PortItem, more: Record<string, unknown> = {}): unknown => [
  linkJson('nfvp4b5e57f6eb', {
    mtu: 1400,
    ifalias: `nfvd:port/web@${tagOf(item)}`,
    master: 'nfvb7',
    ...more,
  }),
];

const changes = (doors: FakeDoors): string[] =>
  doors.said.filter((line) => !/ (link|addr) show/.test(line));

describe('Port', () => {
  it('of a veth is made by these commands, mostly in the guest', async () => {
    const doors = doorsFor();
    await port.create(web(), doors, new Memory());
    assert.deepEqual(changes(doors), [
      `ip -n blue link add name eth0 address ${MAC} mtu 1400 type veth peer name nfvp4b5e57f6eb mtu 1400 group 1852208740 netns /proc/1/ns/net`,
      'ip -n blue addr replace 192.168.7.1/24 dev eth0',
      'ip -n blue addr replace fd00:7::1/64 dev eth0 nodad',
      'ip -n blue link set dev eth0 up',
      'ip link set dev nfvp4b5e57f6eb mtu 1400 master nfvb7',
      'ip link set dev nfvp4b5e57f6eb addrgenmode none type bridge_slave learning off flood on mcast_flood on',
      `ip link set dev nfvp4b5e57f6eb up alias nfvd:port/web@${tagOf(web())}`,
    ]);
  });

  it('of a veth learns when its bridge does, and may be down', async () => {
    const learning = { info_slave_kind: 'bridge', info_slave_data: { learning: true } };
    const doors = doorsFor().answer(/^ip link show dev nfvx7$/, [
      linkJson('nfvx7', { linkinfo: learning }),
    ]);
    await port.create(web({ adminUp: false }), doors, new Memory());
    const [, slave = '', last = ''] = changes(doors).slice(-3);
    assert.match(slave, /learning on/);
    assert.match(last, /nfvp4b5e57f6eb down alias/);
  });

  it('is undone when the guest cannot be configured', async () => {
    const doors = doorsFor().fail(/addr replace fd00/, 'RTNETLINK answers: Permission denied\n');
    await assert.rejects(port.create(web(), doors, new Memory()), { code: 'KERNEL_REFUSED' });
    assert.equal(doors.said.at(-1), 'undo link del dev nfvp4b5e57f6eb');
  });

  it('is undone when what is read back is not what was set', async () => {
    const doors = doorsFor().answer(/addr show dev eth0/, far(1300, '192.168.7.1/24'));
    await assert.rejects(port.create(web(), doors, new Memory()), {
      code: 'READBACK_MISMATCH',
      message: 'eth0 in namespace blue is mtu 1300, not 1400, without fd00:7::1/64',
    });
    assert.equal(doors.said.at(-1), 'undo link del dev nfvp4b5e57f6eb');
  });

  it('gives and takes only the addresses that changed, and keeps the guest its own', async () => {
    const before = web();
    const after = web({ addresses: ['192.168.7.2/24'] });
    const doors = doorsFor()
      .answer(
        /addr show dev eth0/,
        far(1400, '192.168.7.1/24', '192.168.7.2/24', '192.168.7.200/24', 'fd00:7::1/64'),
      )
      .answer(/^ip link show dev nfvp4b5e57f6eb$/, near(before));
    await port.update(after, before, doors, new Memory());
    assert.deepEqual(
      changes(doors).filter((line) => line.startsWith('ip -n')),
      [
        `ip -n blue link set dev eth0 address ${MAC} mtu 1400`,
        'ip -n blue addr del fd00:7::1/64 dev eth0',
        'ip -n blue addr del 192.168.7.1/24 dev eth0',
        'ip -n blue addr replace 192.168.7.2/24 dev eth0',
        'ip -n blue link set dev eth0 up',
        'ip -n blue addr add 192.168.7.200/24 dev eth0',
      ],
    );
  });

  it('leaves the guest alone when only the host changes', async () => {
    const doors = doorsFor().answer(
      /^ip link show dev nfvp4b5e57f6eb$/,
      near(web(), { master: 'nfvb8' }),
    );
    await port.update(web(), web({ vni: 8 }), doors, new Memory());
    assert.deepEqual(changes(doors)[0], 'ip link set dev nfvp4b5e57f6eb mtu 1400 master nfvb7');
    assert.ok(!doors.said.some((line) => line.startsWith('ip -n')));
  });

  it('of a tap is made by these commands', async () => {
    const doors = new FakeDoors().fail(/^ip link show dev/, GONE);
    const item = tapPort('web', 7, MAC, {
      interface: 'vm0',
      ownerUid: 107,
      multiQueue: true,
      vnetHdr: true,
    });
    await port.create(item, doors, new Memory());
    assert.deepEqual(changes(doors), [
      'ip tuntap add dev nfvp4b5e57f6eb mode tap user 107 multi_queue vnet_hdr',
      'ip link set dev nfvp4b5e57f6eb group 1852208740 name vm0',
      'ip link set dev vm0 mtu 1400 master nfvb7',
      'ip link set dev vm0 addrgenmode none type bridge_slave learning off flood on mcast_flood on',
      'ip link set dev vm0 up alias nfvd:port/web@tap-107-1-1',
    ]);
  });

  it('is not made of an interface of the host, nor in the way of one', async () => {
    const item = { ...web(), port: { kind: 'host_interface', interface: 'eth5' } } as const;
    await assert.rejects(port.create(item, new FakeDoors(), new Memory()), {
      code: 'ITEM_UNSUPPORTED',
    });
    const view = new View();
    view.addLink(parseLinks([linkJson('eth5')])[0] ?? assert.fail());
    assert.equal(port.observe(['web'], item, view, new Memory()), undefined);
  });

  it('is not made without a network, nor changed to be in none', async () => {
    const doors = new FakeDoors();
    for (const work of [
      port.create({ ...web(), vni: 0 }, doors, new Memory()),
      port.update({ ...web(), vni: 0 }, web(), doors, new Memory()),
    ]) {
      await assert.rejects(work, {
        code: 'ITEM_UNSUPPORTED',
        message: /no port without a network/,
      });
    }
    assert.deepEqual(doors.said, []);
  });

  it('is not removed when it is not ours', async () => {
    const strange = [linkJson('nfvp4b5e57f6eb', { ifalias: 'nfvd:port/other@x' })];
    const doors = new FakeDoors().answer(/^ip link show dev/, strange);
    await port.remove(web(), doors, new Memory());
    assert.deepEqual(changes(doors), []);
  });

  for (const [title, others, gone] of [
    ['only while another link is its port', [], []],
    ['when another link is its port', ['own'], ['ip link del dev renamed']],
  ] as const) {
    it(`is removed under a name that is not its own ${title}`, async () => {
      const ifalias = 'nfvd:port/web@x';
      const links = ['renamed', ...others].map((name) => linkJson(name, { ifalias }));
      const doors = new FakeDoors()
        .answer(/^ip link show$/, links)
        .answer(/^ip link show dev/, links.slice(0, 1));
      await port.remove(web({ endpoint: '?renamed' }), doors, new Memory());
      assert.deepEqual(
        doors.said.filter((words) => !words.includes('show')),
        gone,
      );
    });
  }

  it('claims its interfaces', () => {
    const claims = (item: PortItem): readonly string[] => port.claims?.(item) ?? [];
    assert.deepEqual(claims(web()), ['interface nfvp4b5e57f6eb', 'interface eth0 in blue']);
    assert.deepEqual(claims(tapPort('web', 7, MAC, { interface: 'vm0' })), ['interface vm0']);
  });

  const changesOf: readonly (readonly [string, PortItem, boolean])[] = [
    ['vni 7, not 8', web({ vni: 8 }), false],
    ['mac 02:00:00:00:00:01, not 02:00:00:00:00:02', web({ mac: '02:00:00:00:00:02' }), false],
    ['addresses 192.168.7.1/24 fd00:7::1/64, not none', web({ addresses: [] }), false],
    ['admin_up true, not false', web({ adminUp: false }), false],
    ['mtu 1400, not 1300', web({ mtu: 1300 }), false],
    ['interface nfvp4b5e57f6eb, not own', web({ hostInterface: 'own' }), true],
    ['port veth eth0 in blue, not veth eth1 in blue', web({ interface: 'eth1' }), true],
    [
      'port veth eth0 in blue, not tap of user 0',
      tapPort('web', 7, MAC, {}, { addresses: web().addresses }),
      true,
    ],
  ];

  for (const [difference, wanted, recreated] of changesOf) {
    it(`tells what differs, and whether it must be made anew: ${difference}`, () => {
      assert.deepEqual(port.differences(wanted, web()), [difference]);
      assert.equal(port.mustRecreate(wanted, web()), recreated);
    });
  }

  it('with its derived name given is the same', () => {
    assert.deepEqual(port.differences(web({ hostInterface: 'nfvp4b5e57f6eb' }), web()), []);
  });
});
