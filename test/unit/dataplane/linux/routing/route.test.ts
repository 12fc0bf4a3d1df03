/** Answers are those of iproute2 6.1. */
import assert from 'node:assert/strict';
import { Memory } from '../../../../../src/dataplane/linux/memory.js';
import { route } from '../../../../../src/dataplane/linux/routing/route.js';
import { parseRoutes } from '../../../../../src/dataplane/linux/routing/router-routes.js';
import { FakeDoors } from '../../../../support/fake-doors.js';
import { dropRoute, hop, routeTo } from '../../../../support/routing-items.js';

const COMMON = { table: 'main', protocol: '78', scope: 'global', flags: [] };
const V6 = { metric: 1024, pref: 'medium' };
const MANY = [
  { gateway: 'fd00::9', dev: 'gw7', weight: 2, flags: ['onlink'] },
  { gateway: 'fd00::8', dev: 'gw8', weight: 1, flags: ['dead'] },
];

describe('routes of a router', () => {
  for (const [title, row, prefix, via] of [
    [
      'by one next hop',
      { type: 'unicast', dst: '10.9.0.0/24', gateway: '10.0.0.9', dev: 'gw7', ...COMMON },
      '10.9.0.0/24',
      { kind: 'next_hops', nextHops: [hop('10.0.0.9', 7)] },
    ],
    [
      'to a host',
      { type: 'unicast', dst: '10.9.0.1', gateway: '10.0.0.9', dev: 'eth0', ...COMMON },
      '10.9.0.1/32',
      { kind: 'next_hops', nextHops: [hop('10.0.0.9', -1)] },
    ],
    ['that drop', { type: 'blackhole', dst: 'default', ...COMMON }, '0.0.0.0/0', { kind: 'drop' }],
    [
      'that drop, of IPv6',
      { type: 'blackhole', dst: 'default', dev: 'lo', ...COMMON, ...V6 },
      '::/0',
      { kind: 'drop' },
    ],
    [
      'by several',
      { type: 'unicast', dst: 'fd09::/64', ...COMMON, ...V6, nexthops: MANY },
      'fd09::/64',
      { kind: 'next_hops', nextHops: [hop('fd00::9', 7, 2), hop('fd00::8', 8)] },
    ],
    [
      'to another router',
      { type: 'unicast', dst: 'fd0b::1', gateway: 'fe80::1', dev: 'vrf43', ...COMMON, ...V6 },
      'fd0b::1/128',
      { kind: 'vrf', vrf: 43 },
    ],
  ] as const) {
    it(`are read ${title}`, () => {
      const [found] = parseRoutes([row]);
      assert.deepEqual([found?.prefix, found?.via, found?.ours], [prefix, via, true]);
      assert.deepEqual(found?.defects, 'nexthops' in row ? ['dead'] : []);
    });
  }

  it('are not those of other tables, nor of other protocols', () => {
    const row = { type: 'unicast', dst: '10.0.0.0/24', dev: 'gw7', ...COMMON };
    assert.deepEqual(parseRoutes([{ ...row, table: 'local' }]), []);
    assert.equal(parseRoutes([{ ...row, protocol: 'kernel' }])[0]?.ours, false);
  });

  const ITEM = routeTo(7, '10.9.0.0/16', hop('10.0.0.9', 100), hop('10.0.0.8', 0, 3));
  const WORDS =
    '10.9.0.0/16 proto 78 nexthop via 10.0.0.9 dev gw100 onlink weight 1 ' +
    'nexthop via 10.0.0.8 weight 3';

  it('are added, replaced only if they are ours, and removed by their protocol', async () => {
    const doors = new FakeDoors();
    await route.create(ITEM, doors, new Memory());
    await route.update(ITEM, ITEM, doors, new Memory());
    await route.update(dropRoute(7, 'fd00::/8'), ITEM, doors, new Memory());
    await route.remove(ITEM, doors, new Memory());
    assert.deepEqual(doors.said, [
      `ip -n nfvr7 route add ${WORDS}`,
      `ip -n nfvr7 route replace ${WORDS}`,
      'ip -n nfvr7 route replace blackhole fd00::/8 proto 78',
      'ip -n nfvr7 route del 10.9.0.0/16 proto 78',
    ]);
    await route.remove(
      ITEM,
      doors.fail(/route del/, 'RTNETLINK answers: No such process\n'),
      new Memory(),
    );
  });

  for (const [protocol, done] of [
    ['78', true],
    ['static', false],
  ] as const) {
    it(`${done ? 'take' : 'do not take'} the place of one of protocol ${protocol}`, async () => {
      const there = { type: 'blackhole', dst: '10.9.0.0/16', ...COMMON, protocol };
      const doors = new FakeDoors()
        .fail(/route add/, 'RTNETLINK answers: File exists\n')
        .answer(/route show/, [there]);
      const work = route.create(ITEM, doors, new Memory());
      if (done) await work;
      else await assert.rejects(work, { code: 'FOREIGN_OBJECT' });
      assert.equal(
        doors.said.some((words) => words.includes('route replace')),
        done,
      );
    });
  }

  it('wait for a gateway with the subnet of their next hop', async () => {
    const doors = new FakeDoors().fail(/route add/, 'Error: Nexthop has invalid gateway.\n');
    await assert.rejects(route.create(ITEM, doors, new Memory()), {
      code: 'ITEM_BLOCKED',
      message: /no gateway of vrf\/7 has the subnet of next hop 10\.0\.0\.8/,
    });
  });
});
