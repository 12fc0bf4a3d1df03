import assert from 'node:assert/strict';
import { Memory } from '../../../../../src/dataplane/linux/memory.js';
import { route } from '../../../../../src/dataplane/linux/routing/route.js';
import { FakeDoors, linkJson } from '../../../../support/fake-doors.js';
import { hop, routeTo } from '../../../../support/routing-items.js';

const at = (name: string, ...addresses: (readonly [string, number, string])[]): object => ({
  ...linkJson(name),
  addr_info: addresses.map(([local, prefixlen, scope]) => ({ local, prefixlen, scope })),
});

/** A router with two gateways, one that the next hops are by and one that is to go, and what somebody put there. */
const THERE = [
  at('gw100', ['fd00::2', 64, 'global'], ['fe80::1', 64, 'link'], ['10.0.0.2', 24, 'global']),
  at('gw200', ['fd00::1', 64, 'global'], ['fe80::1', 64, 'link'], ['10.0.0.9', 24, 'global']),
  at('eth7', ['fd00::7', 64, 'global'], ['10.0.0.9', 24, 'global']),
];

describe('routes by another gateway than the one that has their next hop', () => {
  for (const [family, prefix, address, away, back] of [
    ['IPv6', 'fd09::/48', 'fd00::9', 'fd00::1/64 dev gw200', 'fd00::1/64 dev gw200 nodad'],
    ['IPv4', '10.9.0.0/16', '10.0.0.9', '10.0.0.9/24 dev gw200', '10.0.0.9/24 dev gw200'],
  ] as const) {
    it(`are made without the address of that, which is back also when they fail: ${family}`, async () => {
      const doors = new FakeDoors()
        .answer(/addr show/, THERE)
        .fail(/route add/, 'Error: Nexthop has invalid gateway.');
      const wanted = routeTo(7, prefix, hop(address, 100));
      await assert.rejects(route.create(wanted, doors, new Memory()), /invalid gateway/);
      const changed = doors.said.filter((line) => !line.includes(' show'));
      const add = `ip -n nfvr7 route add ${prefix} proto 78 via ${address} dev gw100 onlink`;
      assert.deepEqual(changed, [
        add,
        `ip -n nfvr7 addr del ${away}`,
        add,
        `undo -n nfvr7 addr replace ${back}`,
      ]);
    });
  }

  it('take no address of theirs away, nor anybody else’s, and are refused in the kernel’s words', async () => {
    const doors = new FakeDoors()
      .answer(/addr show/, [THERE[0], THERE[2]])
      .fail(/route add/, 'Error: Nexthop has invalid gateway.');
    const wanted = routeTo(7, 'fd09::/48', hop('fd00::9', 100));
    await assert.rejects(route.create(wanted, doors, new Memory()), /invalid gateway/);
    assert.ok(!doors.said.some((line) => line.includes('addr del')));
  });
});
