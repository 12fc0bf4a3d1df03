import assert from 'node:assert/strict';
import { checkRouter, NEW_ROUTER, type RouterSpec } from '../../../src/model/router.js';
import { gatewayNves, holdsTransit, type RouterExit } from '../../../src/model/router-exit.js';
import { told, violationsOf } from '../../support/violations.js';

const exit = (subnet: string, ...gateways: (readonly [string, string])[]): RouterExit => ({
  subnet,
  gateways: gateways.map(([nve, address]) => ({ nve, address })),
});
const one = exit('up', ['a', '192.0.2.1']);
const many = (count: number): (readonly [string, string])[] =>
  Array.from({ length: count }, (_, i) => [`n${i}`, `192.0.2.${i + 1}`] as const);

describe('exits of a router', () => {
  it('are made canonical; without any there is no transit', () => {
    const exits = [exit('up', ['a', 'FD00:0::0001'])];
    const checked = checkRouter({ ...NEW_ROUTER, exits, transitVni: 5 });
    assert.deepEqual(checked.exits, [exit('up', ['a', 'fd00::1'])]);
    assert.equal(checked.transitVni, 5);
    assert.equal(checkRouter({ ...NEW_ROUTER, transitVni: 5 }).transitVni, 0);
  });

  it('name each NVE once', () => {
    const exits = [
      exit('v4', ['b', '192.0.2.1'], ['a', '192.0.2.2']),
      exit('v6', ['a', 'fd00::1']),
    ];
    assert.deepEqual([...gatewayNves(exits)], ['b', 'a']);
  });

  it("no prefix with one of the transit's addresses goes with them", () => {
    for (const prefix of ['192.0.0.0/24', '192.0.0.8/32', 'fd8c:51d7:3e60::/48', 'fd00::/8']) {
      assert.ok(holdsTransit(prefix), prefix);
    }
    for (const prefix of ['192.0.2.0/24', 'fd8c:51d7:3e61::/48', '10.0.0.0/8']) {
      assert.ok(!holdsTransit(prefix), prefix);
    }
  });

  const bad: [name: string, given: Partial<RouterSpec>, expected: string[]][] = [
    [
      'five of them',
      { exits: [1, 2, 3, 4, 5].map((n) => exit(`up${n}`, ['a', '192.0.2.1'])) },
      ['router.exits: 5 of them: too many'],
    ],
    [
      'more parts than one transaction takes',
      {
        subnets: Array.from({ length: 8 }, (_, i) => `s${i}`),
        exits: [exit('up', ...many(7))],
      },
      ['router.exits: 16 subnets, exits and gateways: too many'],
    ],
    [
      'no id of a subnet',
      { exits: [exit('Up', ['a', '192.0.2.1'])] },
      ['router.exits[0].subnet: Up: not an id'],
    ],
    [
      'a subnet twice, and one that it has otherwise',
      { subnets: ['s'], exits: [one, one, exit('s', ['a', '192.0.2.1'])] },
      [
        'router.exits[1].subnet: up: given twice',
        'router.exits[2].subnet: s: a subnet that the router has on all its NVEs',
      ],
    ],
    [
      'no gateway',
      { exits: [exit('up')] },
      ['router.exits[0].gateways: 0 of them: too few or too many'],
    ],
    [
      'nine gateways',
      { exits: [exit('up', ...many(9))] },
      ['router.exits[0].gateways: 9 of them: too few or too many'],
    ],
    [
      'a gateway twice, or an address',
      { exits: [exit('up', ['a', '192.0.2.1'], ['a', '192.0.2.2'], ['b', '192.0.2.1'])] },
      [
        'router.exits[0].gateways[1].nve: a: given twice',
        'router.exits[0].gateways[2].address: 192.0.2.1: given twice',
      ],
    ],
    [
      'what is no NVE, and no address',
      { exits: [exit('up', ['A', '192.0.2.1'], ['b', '192.0.2.0/24'], ['c', '224.0.0.1'])] },
      [
        'router.exits[0].gateways[0].nve: A: not an id',
        'router.exits[0].gateways[1].address: 192.0.2.0/24: not a unicast IP address',
        'router.exits[0].gateways[2].address: 224.0.0.1: not a unicast IP address',
      ],
    ],
    ...[-1, 0x100_0000, 1.5].map((transitVni): [string, Partial<RouterSpec>, string[]] => [
      `the transit VNI ${transitVni}`,
      { exits: [one], transitVni },
      [`router.transit_vni: ${transitVni}: not a VNI`],
    ]),
  ];
  for (const [name, given, expected] of bad) {
    it(`are refused: ${name}`, () => {
      const found = violationsOf(() => checkRouter({ ...NEW_ROUTER, ...given }));
      assert.deepEqual(told(found), expected);
    });
  }
});
