/** A port as its link on the host tells of it. */
import assert from 'node:assert/strict';
import { parseLinks } from '../../../../../src/dataplane/linux/links.js';
import { Memory } from '../../../../../src/dataplane/linux/memory.js';
import { port } from '../../../../../src/dataplane/linux/ports/port.js';
import {
  leftoverEndpoint,
  leftoverName,
  notePorts,
} from '../../../../../src/dataplane/linux/ports/port-sight.js';
import { View, Wants } from '../../../../../src/dataplane/linux/view.js';
import { NfvError } from '../../../../../src/errors.js';
import type { PortItem } from '../../../../../src/model/item.js';
import { linkJson } from '../../../../support/fake-doors.js';
import { tapPort, vethPort } from '../../../../support/linux-items.js';

const MAC = '02:00:00:00:00:01';
const GROUP = '1852208740';
/** Of "web", by another program: printf web | sha256sum. */
const NAME = 'nfvp4b5e57f6eb';
/** printf blue/eth0 | sha256sum, printf 192.168.7.1/24 | sha256sum. */
const PLACE = '2af188be';
const ADDRESS = 'd56f2b';

const veth = (more: Parameters<typeof vethPort>[4] = {}): PortItem =>
  vethPort('web', 7, MAC, 'blue', { addresses: ['192.168.7.1/24'], ...more });
const tap = (more: Parameters<typeof tapPort>[3] = {}): PortItem => tapPort('web', 7, MAC, more);

const slaveData = { learning: false, flood: true, mcast_flood: true, bcast_flood: true };
const slave = { info_slave_kind: 'bridge', info_slave_data: slaveData };
const VETH_ALIAS = `nfvd:port/web@veth-${PLACE}-020000000001-1400-${ADDRESS}`;

const vethLink = (more: Record<string, unknown> = {}): Record<string, unknown> =>
  linkJson(NAME, {
    mtu: 1400,
    group: GROUP,
    ifalias: VETH_ALIAS,
    master: 'nfvb7',
    inet6_addr_gen_mode: 'none',
    linkinfo: { info_kind: 'veth', ...slave },
    ...more,
  });

const tapLink = (more: Record<string, unknown> = {}): Record<string, unknown> =>
  vethLink({
    ifalias: 'nfvd:port/web@tap-107-1-0',
    linkinfo: { info_kind: 'tun', info_data: { multi_queue: true }, ...slave },
    ...more,
  });

const vxlan = (learning: boolean): Record<string, unknown> =>
  linkJson('nfvx7', {
    ifalias: 'nfvd:bd/7@vxlan',
    linkinfo: {
      info_kind: 'vxlan',
      info_data: { id: 7 },
      info_slave_kind: 'bridge',
      info_slave_data: { ...slaveData, learning },
    },
  });

const viewOf = (...links: Record<string, unknown>[]): View => {
  const view = new View();
  for (const link of parseLinks(links)) view.addLink(link);
  return view;
};

const see = (
  wanted: PortItem | undefined,
  ...links: Record<string, unknown>[]
): ReturnType<typeof port.observe> => port.observe(['web'], wanted, viewOf(...links), new Memory());

/** What the drift or plan line says of it. */
const told = (wanted: PortItem, ...links: Record<string, unknown>[]): string => {
  const sight = see(wanted, ...links);
  if (sight === undefined) return 'missing';
  if (sight instanceof NfvError) return `${sight.code} ${sight.metadata['object'] ?? ''}`;
  return [...port.differences(wanted, sight.payload), ...sight.defects].join('; ');
};

describe('Port, as it is seen', () => {
  const cases: readonly (readonly [string, PortItem, Record<string, unknown>[], string])[] = [
    ['as it should be', veth(), [vethLink()], ''],
    ['gone', veth(), [], 'missing'],
    ['in another network', veth(), [vethLink({ master: 'nfvb8' })], 'vni 8, not 7'],
    [
      'in no bridge',
      veth(),
      [vethLink({ master: '', linkinfo: { info_kind: 'veth' } })],
      `${NAME}: not in nfvb7`,
    ],
    ["in somebody's bridge", veth(), [vethLink({ master: 'br0' })], `${NAME}: not in nfvb7`],
    ['down', veth(), [vethLink({ flags: [] })], 'admin_up false, not true'],
    [
      'with another MTU on the host',
      veth(),
      [vethLink({ mtu: 1300 })],
      `mtu 1300, not 1400; ${NAME}: the guest's end has mtu 1400`,
    ],
    [
      'with another MAC in the guest',
      veth({ mac: '02:00:00:00:00:02' }),
      [vethLink()],
      `mac ${MAC}, not 02:00:00:00:00:02`,
    ],
    [
      'with an address more than is wanted',
      veth({ addresses: [] }),
      [vethLink()],
      'addresses ?, not none',
    ],
    [
      'in another namespace',
      vethPort('web', 7, MAC, 'red', { addresses: ['192.168.7.1/24'] }),
      [vethLink()],
      'port veth elsewhere, not veth eth0 in red',
    ],
    [
      'with an alias that attests nothing',
      veth(),
      [vethLink({ ifalias: 'nfvd:port/web' })],
      'port veth elsewhere, not veth eth0 in blue',
    ],
    [
      'not learning in a network without tunnels',
      veth(),
      [vethLink(), linkJson('nfvb7', { ifalias: 'nfvd:bd/7@untunnelled' })],
      `${NAME}: learning off`,
    ],
    [
      'with IPv6 addresses of its own making',
      veth(),
      [vethLink({ inet6_addr_gen_mode: 'eui64' })],
      `${NAME}: makes itself IPv6 addresses`,
    ],
    [
      'not flooding',
      veth(),
      [
        vethLink({
          linkinfo: {
            info_kind: 'veth',
            ...slave,
            info_slave_data: { ...slaveData, bcast_flood: false },
          },
        }),
      ],
      `${NAME}: does not flood`,
    ],
    [
      'not learning where its network does',
      veth(),
      [vethLink(), vxlan(true)],
      `${NAME}: learning off`,
    ],
    ['learning as its network does', veth(), [vethLink(), vxlan(false)], ''],
    ['half made', veth(), [linkJson(NAME, { group: GROUP })], `${NAME}: creation was broken off`],
    ["with somebody's link in its place", veth(), [linkJson(NAME)], `FOREIGN_OBJECT ${NAME}`],
    [
      "with another endpoint's link in its place",
      veth(),
      [vethLink({ ifalias: 'nfvd:port/db@x' })],
      `FOREIGN_OBJECT ${NAME}`,
    ],
    [
      'under another name',
      veth({ hostInterface: 'vweb' }),
      [vethLink()],
      `interface ${NAME}, not vweb`,
    ],
    [
      'a tap instead of a veth',
      veth(),
      [tapLink()],
      'port tap of user 107 multi_queue, not veth eth0 in blue',
    ],
    ['a tap as it should be', tap({ ownerUid: 107, multiQueue: true }), [tapLink()], ''],
    [
      'a tap of another owner',
      tap({ ownerUid: 108, multiQueue: true }),
      [tapLink()],
      'port tap of user 107 multi_queue, not tap of user 108 multi_queue',
    ],
    [
      'a tap with one queue',
      tap({ ownerUid: 107, multiQueue: true }),
      [tapLink({ linkinfo: { info_kind: 'tun', info_data: {}, ...slave } })],
      'port tap of user 107, not tap of user 107 multi_queue',
    ],
    [
      'a tap that attests nothing',
      tap({ ownerUid: 107, multiQueue: true }),
      [tapLink({ ifalias: 'nfvd:port/web' })],
      'port tap of user -1 multi_queue, not tap of user 107 multi_queue',
    ],
  ];
  for (const [title, wanted, links, text] of cases) {
    it(title, () => {
      assert.equal(told(wanted, ...links), text);
    });
  }

  it('is found by its alias, whatever its name, and told with what can be read', () => {
    const sight = see(undefined, vethLink({ ifname: 'renamed', master: 'nfvb8', mtu: 1300 }));
    assert.ok(sight !== undefined && !(sight instanceof NfvError));
    const { vni, mac, addresses, mtu, port: found } = sight.payload;
    assert.deepEqual([vni, mac, addresses, mtu], [8, MAC, ['?'], 1300]);
    assert.equal(found.kind === 'veth' && found.hostInterface, 'renamed');
  });

  it('is removed by the made-up endpoint of what was left half made', () => {
    const left = linkJson('nfvp00', { group: GROUP });
    const view = viewOf(left, vethLink(), linkJson('nfvb9', { group: GROUP }), linkJson('eth0'));
    assert.deepEqual(
      [...port.list(view, new Memory())],
      [`port/${leftoverEndpoint('nfvp00')}`, 'port/web'],
    );
    const sight = port.observe([leftoverEndpoint('nfvp00')], undefined, view, new Memory());
    assert.ok(sight !== undefined && !(sight instanceof NfvError));
    assert.match(sight.defects.join(), /creation was broken off/);
    assert.equal(leftoverName(leftoverEndpoint('nfvp00')), 'nfvp00');
    assert.equal(leftoverName('web'), undefined);
  });

  it('is removed by a made-up endpoint where another link is its port', () => {
    const double = vethLink({ ifname: 'renamed' });
    const view = viewOf(vethLink(), double);
    const keys = [...port.list(view, new Memory())];
    assert.deepEqual([...new Set(keys)], ['port/web', `port/${leftoverEndpoint('renamed')}`]);
    const sight = port.observe([leftoverEndpoint('renamed')], undefined, view, new Memory());
    assert.ok(sight !== undefined && !(sight instanceof NfvError));
  });

  it('is read where it is known to be; else among all links, unless all were read', () => {
    const memory = new Memory();
    const reads = (wanted?: PortItem): Wants => {
      const wants = new Wants(false);
      port.reads(['web'], wanted, wants, memory);
      return wants;
    };
    assert.equal(reads().allLinks, true);
    memory.primed = true;
    assert.equal(reads().allLinks, false);
    notePorts(viewOf(vethLink({ ifname: 'renamed', master: '' })), memory);
    assert.deepEqual(memory.portOf('web'), { endpoint: 'web', link: 'renamed', vni: 0 });
    assert.deepEqual([...reads(veth()).links], ['renamed', NAME, 'nfvx7', 'nfvb7']);
  });
});
