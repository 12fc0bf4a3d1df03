import assert from 'node:assert/strict';
import { uplinkConfigs } from '../../../src/nve/uplink-config.js';

type Route = readonly [to: string, via: string];

/** `PATH: MESSAGE` of what is wrong with uplinks that have these routes. */
function faultsOf(...uplinks: readonly (readonly Route[])[]): readonly string[] {
  const all = uplinks.map((routes, i) => ({
    interface: `nic${i}`,
    addresses: [`192.0.${i}.1/24`, `2001:db8:${i}::1/64`],
    routes: routes.map(([to, via]) => ({ to, via })),
  }));
  const issues = uplinkConfigs.safeParse(all).error?.issues ?? [];
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('routes of uplinks', () => {
  it('are as many as there are destinations, over all uplinks', () => {
    const one: Route[] = [
      ['0.0.0.0/0', '192.0.0.254'],
      ['::/0', '2001:db8::2'],
      ['10.0.0.0/8', '192.0.0.254'],
    ];
    assert.deepEqual(faultsOf(one, [['10.0.0.0/16', '192.0.1.254']]), []);
  });

  for (const [what, uplinks, at, first] of [
    [
      'two default routes of two uplinks',
      [[['0.0.0.0/0', '192.0.0.254']], [['0.0.0.0/0', '192.0.1.254']]],
      '1.routes.0.to',
      'vpp.uplinks[0].routes[0]',
    ],
    [
      'two to one prefix of one uplink',
      [
        [
          ['10.0.0.0/8', '192.0.0.254'],
          ['10.0.0.0/8', '192.0.0.253'],
        ],
      ],
      '0.routes.1.to',
      'vpp.uplinks[0].routes[0]',
    ],
    [
      'one twice',
      [[], [['10.0.0.0/8', '192.0.0.254']], [['10.0.0.0/8', '192.0.0.254']]],
      '2.routes.0.to',
      'vpp.uplinks[1].routes[0]',
    ],
    [
      'two to one prefix that is written in two ways',
      [[['2001:db8:9::/48', '2001:db8::2']], [['2001:DB8:9:0::/48', '2001:db8:1::2']]],
      '1.routes.0.to',
      'vpp.uplinks[0].routes[0]',
    ],
  ] as const) {
    it(`are refused: ${what}`, () => {
      const fault = `${at}: the same destination as ${first}; give one way to it`;
      assert.deepEqual(faultsOf(...uplinks), [fault]);
    });
  }
});
