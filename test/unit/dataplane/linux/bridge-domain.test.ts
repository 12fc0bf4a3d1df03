import assert from 'node:assert/strict';
import { bridgeDomain } from '../../../../src/dataplane/linux/bridge-domain.js';
import { Memory } from '../../../../src/dataplane/linux/memory.js';
import type { BridgeDomainItem } from '../../../../src/model/item.js';
import { FakeDoors, linkJson } from '../../../support/fake-doors.js';
import { domain } from '../../../support/linux-items.js';

const underlay = (address: string, mtu = 1500): unknown => [
  linkJson('u0', {
    mtu,
    addr_info: [{ family: 'inet', local: address, prefixlen: 24, scope: 'global' }],
  }),
];

const BRIDGE = linkJson('nfvb7', {
  mtu: 1400,
  group: '1852208740',
  ifalias: 'nfvd:bd/7',
  inet6_addr_gen_mode: 'none',
  linkinfo: { info_kind: 'bridge', info_data: { stp_state: 0, mcast_snooping: 0 } },
});

const SLAVE = {
  learning: false,
  flood: true,
  mcast_flood: true,
  bcast_flood: true,
  neigh_suppress: true,
};

const vxlan = (
  data: Record<string, unknown> = {},
  slave: Record<string, unknown> = SLAVE,
  more = {},
) =>
  linkJson('nfvx7', {
    mtu: 1400,
    group: '1852208740',
    ifalias: 'nfvd:bd/7@vxlan',
    inet6_addr_gen_mode: 'none',
    master: 'nfvb7',
    linkinfo: {
      info_kind: 'vxlan',
      info_data: { id: 7, local: '10.1.0.1', port: 4789, learning: false, ...data },
      info_slave_kind: 'bridge',
      info_slave_data: slave,
    },
    ...more,
  });

const doorsWith = (bridge?: unknown, device?: unknown, vtep = '10.1.0.1'): FakeDoors => {
  const doors = new FakeDoors().answer(/^ip addr show$/, underlay(vtep));
  const gone = 'Device "x" does not exist.\n';
  if (bridge === undefined) doors.fail(/^ip link show dev nfvb7$/, gone);
  else doors.answer(/^ip link show dev nfvb7$/, [bridge]);
  if (device === undefined) doors.fail(/^ip link show dev nfvx7$/, gone);
  else doors.answer(/^ip link show dev nfvx7$/, [device]);
  return doors;
};

/** Commands that change something. */
const changes = (doors: FakeDoors): string[] =>
  doors.said.filter((line) => !/^(ip|bridge) (link|addr|fdb) (show|get)/.test(line));

const update = async (wanted: BridgeDomainItem, doors: FakeDoors): Promise<string[]> => {
  await bridgeDomain.update(wanted, wanted, doors, new Memory());
  return changes(doors);
};

describe('BridgeDomain', () => {
  it('is made by these commands', async () => {
    const doors = doorsWith();
    await bridgeDomain.create(domain(7, '10.1.0.1'), doors, new Memory());
    assert.deepEqual(changes(doors), [
      'ip link add name nfvb7 address 02:11:22:33:44:55 mtu 1401 group 1852208740 type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
      'ip link set dev nfvb7 mtu 1400',
      'isolate nfvb7',
      'ip link add name nfvx7 mtu 1400 group 1852208740 master nfvb7 type vxlan id 7 local 10.1.0.1 dstport 4789 nolearning',
      'ip link set dev nfvx7 addrgenmode none type bridge_slave learning off neigh_suppress on flood on mcast_flood on',
      'ip link set dev nfvx7 up alias nfvd:bd/7@vxlan',
      'ip link set dev nfvb7 addrgenmode none',
      'ip link set dev nfvb7 up alias nfvd:bd/7',
    ]);
  });

  it('is made by these commands over IPv6, learning, with a group, silent', async () => {
    const doors = doorsWith(undefined, undefined, 'fd01::1');
    const more = { learn: true, flood: false, arpSuppression: false, bumGroup: 'ff05::7' };
    await bridgeDomain.create(domain(7, 'fd01::1', more), doors, new Memory());
    const made = changes(doors);
    assert.ok(
      made.includes(
        'ip link add name nfvx7 mtu 1400 group 1852208740 master nfvb7 type vxlan id 7 local fd01::1 dstport 4789 learning group ff05::7 dev u0 ttl 64',
      ),
    );
    assert.ok(
      made.includes(
        'ip link set dev nfvx7 addrgenmode none type bridge_slave learning on neigh_suppress off flood off mcast_flood off',
      ),
    );
    assert.equal(made.at(-1), 'broadcasts nfvx7 off');
  });

  const mends: readonly (readonly [
    string,
    unknown,
    unknown,
    Partial<BridgeDomainItem>,
    string[],
  ])[] = [
    ['nothing', BRIDGE, vxlan(), {}, []],
    [
      'mtu',
      BRIDGE,
      vxlan(),
      { mtu: 1300 },
      ['ip link set dev nfvx7 mtu 1300', 'ip link set dev nfvb7 mtu 1300'],
    ],
    [
      'learn',
      BRIDGE,
      vxlan(),
      { learn: true },
      [
        'ip link set dev nfvx7 type vxlan id 7 local 10.1.0.1 learning',
        'ip link set dev nfvx7 addrgenmode none type bridge_slave learning on neigh_suppress on flood on mcast_flood on',
      ],
    ],
    [
      'flood',
      BRIDGE,
      vxlan(),
      { flood: false },
      [
        'ip link set dev nfvx7 addrgenmode none type bridge_slave learning off neigh_suppress on flood off mcast_flood off',
        'broadcasts nfvx7 off',
      ],
    ],
    [
      'a device out of its bridge',
      BRIDGE,
      vxlan({}, {}, { master: undefined }),
      {},
      [
        'ip link set dev nfvx7 master nfvb7',
        'ip link set dev nfvx7 addrgenmode none type bridge_slave learning off neigh_suppress on flood on mcast_flood on',
      ],
    ],
    [
      'a link down',
      { ...BRIDGE, flags: [] },
      vxlan({}, SLAVE, { flags: [] }),
      {},
      [
        'ip link set dev nfvx7 up alias nfvd:bd/7@vxlan',
        'ip link set dev nfvb7 up alias nfvd:bd/7',
      ],
    ],
    [
      'stp',
      { ...BRIDGE, linkinfo: { info_kind: 'bridge', info_data: { stp_state: 1 } } },
      vxlan(),
      {},
      ['ip link set dev nfvb7 type bridge stp_state 0 mcast_snooping 0'],
    ],
  ];

  for (const [title, bridge, device, more, expected] of mends) {
    it(`is mended by these commands: ${title}`, async () => {
      const said = await update(domain(7, '10.1.0.1', more), doorsWith(bridge, device));
      assert.deepEqual(
        said.filter((line) => !line.startsWith('isolate')),
        expected,
      );
    });
  }

  it('keeps the entries of a VXLAN device that must be made anew', async () => {
    const doors = doorsWith(BRIDGE, vxlan({ port: 8472 })).answer(/^bridge fdb show dev nfvx7$/, [
      {
        mac: '00:00:00:00:00:00',
        dst: '10.1.0.2',
        flags: ['self', 'extern_learn'],
        state: 'static',
      },
      {
        mac: '02:00:00:00:00:01',
        dst: '10.1.0.2',
        flags: ['self', 'extern_learn'],
        state: 'static',
      },
      { mac: '02:00:00:00:00:01', flags: ['extern_learn'], master: 'nfvb7', state: '' },
      { mac: '02:00:00:00:00:02', dst: '10.1.0.3', flags: ['self'], state: 'static' },
      {
        mac: '02:00:00:00:00:03',
        dst: 'fd01::3',
        flags: ['self', 'extern_learn'],
        state: 'static',
      },
    ]);
    const said = await update(domain(7, '10.1.0.1'), doors);
    assert.equal(said[0], 'ip link del dev nfvx7');
    assert.deepEqual(said.slice(-2), [
      'bridge fdb append 00:00:00:00:00:00 dev nfvx7 dst 10.1.0.2 self static extern_learn',
      'bridge fdb replace 02:00:00:00:00:01 dev nfvx7 dst 10.1.0.2 self master static extern_learn',
    ]);
  });

  it('keeps what its gateway says on the host when the VXLAN device is made anew, before that is up', async () => {
    const mac = '02:00:00:00:fe:01';
    const held = [
      { mac: '02:00:00:00:00:05', flags: [], state: '' },
      { mac, flags: ['sticky'], state: 'static' },
    ];
    for (const device of [vxlan({ port: 8472 }), undefined]) {
      const doors = doorsWith(BRIDGE, device).answer(/^bridge fdb show dev nfvg7$/, held);
      const said = await update(domain(7, '10.1.0.1'), doors);
      const made = said.findIndex((line) => line.startsWith('ip link add name nfvx7 '));
      assert.equal(said[made + 1], `filter nfvx7 ${mac}`);
    }
    const none = doorsWith(BRIDGE).fail(/show dev nfvg7/, 'Cannot find device "nfvg7"\n');
    const said = await update(domain(7, '10.1.0.1'), none);
    assert.ok(!said.some((line) => line.startsWith('filter')), said.join());
  });

  it('teaches its ports, ours only', async () => {
    const port = (name: string, alias: string): unknown =>
      linkJson(name, {
        ifalias: alias,
        master: 'nfvb7',
        linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge', info_slave_data: SLAVE },
      });
    const doors = doorsWith(BRIDGE, vxlan()).answer(/^ip link show master nfvb7$/, [
      port('nfvp1', 'nfvd:port/web@veth-1'),
      port('strange', ''),
    ]);
    const said = await update(domain(7, '10.1.0.1', { learn: true }), doors);
    assert.deepEqual(
      said.filter((line) => !line.includes('nfvx7') && !line.startsWith('isolate')),
      ['ip link set dev nfvp1 type bridge_slave learning on'],
    );
  });

  it('undoes what it made when the rest is refused, latest first', async () => {
    const doors = doorsWith().fail(/bridge_slave/, 'RTNETLINK answers: Operation not supported\n');
    const making = bridgeDomain.create(domain(7, '10.1.0.1'), doors, new Memory());
    await assert.rejects(making, { code: 'KERNEL_REFUSED' });
    assert.deepEqual(doors.said.slice(-2), ['undo link del dev nfvx7', 'undo link del dev nfvb7']);
  });

  it('is not removed when it is not ours', async () => {
    const doors = doorsWith({ ...BRIDGE, ifalias: 'mine', group: 'default' }, vxlan());
    await bridgeDomain.remove(domain(7, '10.1.0.1'), doors, new Memory());
    assert.deepEqual(changes(doors), ['ip link del dev nfvx7']);
  });
});
