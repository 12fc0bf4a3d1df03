import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addressAt, numberOf } from '../../../src/model/address-numbers.js';
import { parseIp } from '../../../src/model/addresses.js';
import {
  checkSubnet,
  FIRST_ADDRESS,
  NEW_SUBNET,
  overlap,
  poolSpans,
  subnetHolds,
  type SubnetSpec,
} from '../../../src/model/subnet.js';
import { told, violationsOf } from '../../support/violations.js';

const subnet = (fields: Partial<SubnetSpec> = {}): SubnetSpec => ({
  ...NEW_SUBNET,
  network: 'blue',
  prefix: '10.0.0.0/24',
  ...fields,
});

describe('checkSubnet', () => {
  const good: [name: string, given: Partial<SubnetSpec>, canonical: Partial<SubnetSpec>][] = [
    ['the first address as the gateway', {}, { gateway: '10.0.0.1' }],
    ['no gateway', { gateway: '' }, { gateway: '' }],
    ['a gateway', { gateway: '10.0.0.254' }, { gateway: '10.0.0.254' }],
    [
      'the first address of a point-to-point link',
      { prefix: '10.0.0.0/31' },
      { gateway: '10.0.0.0' },
    ],
    ['the only address', { prefix: '10.0.0.7/32' }, { gateway: '10.0.0.7' }],
    [
      'IPv6, however it is written',
      { prefix: 'FD00:0:0::/64', gateway: 'fd00::0:0005' },
      { prefix: 'fd00::/64', gateway: 'fd00::5' },
    ],
    ['the first address of IPv6', { prefix: 'fd00::/64' }, { gateway: 'fd00::1' }],
    [
      'pools, however they are written',
      {
        prefix: 'fd00::/64',
        gateway: '',
        pools: [{ first: 'FD00::0001', last: 'fd00:0::9' }],
      },
      { prefix: 'fd00::/64', gateway: '', pools: [{ first: 'fd00::1', last: 'fd00::9' }] },
    ],
    [
      'pools side by side, of one address too',
      {
        gateway: '',
        pools: [
          { first: '10.0.0.9', last: '10.0.0.9' },
          { first: '10.0.0.1', last: '10.0.0.8' },
        ],
      },
      { gateway: '' },
    ],
  ];
  for (const [name, given, canonical] of good) {
    it(`takes ${name}`, () => {
      assert.deepEqual(checkSubnet(subnet(given)), subnet({ ...given, ...canonical }));
    });
  }

  const range = 'give its lowest and its highest address, both in the prefix';
  const bad: [name: string, given: Partial<SubnetSpec>, expected: string[]][] = [
    ['no network', { network: '' }, ['subnet.network: (empty): not an id']],
    ['no prefix', { prefix: '' }, ['subnet.prefix: (empty): not an IP prefix']],
    ['host bits', { prefix: '10.0.0.1/24' }, ['subnet.prefix: 10.0.0.1/24: not an IP prefix']],
    ['everything', { prefix: '0.0.0.0/0' }, ['subnet.prefix: 0.0.0.0/0: not for hosts']],
    ['multicast', { prefix: '224.0.0.0/8' }, ['subnet.prefix: 224.0.0.0/8: not for hosts']],
    ['IPv6 multicast', { prefix: 'ff00::/64' }, ['subnet.prefix: ff00::/64: not for hosts']],
    ['link-local', { prefix: 'fe80::/64' }, ['subnet.prefix: fe80::/64: not for hosts']],
    [
      'IPv4 link-local',
      { prefix: '169.254.0.0/16' },
      ['subnet.prefix: 169.254.0.0/16: not for hosts'],
    ],
    ...['10.0.0.0', '10.0.0.255', '10.0.1.1', 'fd00::1', 'x', '10.0.0.1/24'].map(
      (gateway): [string, Partial<SubnetSpec>, string[]] => [
        `the gateway ${gateway}`,
        { gateway },
        [`subnet.gateway: ${gateway}: no address that a host of 10.0.0.0/24 can have`],
      ],
    ),
    [
      "the routers' anycast address as the gateway",
      { prefix: 'fd00::/64', gateway: 'fd00::' },
      ['subnet.gateway: fd00::: no address that a host of fd00::/64 can have'],
    ],
    [
      'ranges that are none',
      {
        pools: [
          { first: '10.0.0.9', last: '10.0.0.8' },
          { first: 'x', last: '10.0.0.8' },
          { first: '10.0.0.8', last: '10.0.1.8' },
          { first: 'fd00::1', last: 'fd00::2' },
        ],
      },
      [
        'subnet.pools[0]: 10.0.0.9-10.0.0.8: no range of addresses of 10.0.0.0/24',
        'subnet.pools[1]: x-10.0.0.8: no range of addresses of 10.0.0.0/24',
        'subnet.pools[2]: 10.0.0.8-10.0.1.8: no range of addresses of 10.0.0.0/24',
        'subnet.pools[3]: fd00::1-fd00::2: no range of addresses of 10.0.0.0/24',
      ],
    ],
    [
      'ranges that overlap',
      {
        pools: [
          { first: '10.0.0.10', last: '10.0.0.20' },
          { first: '10.0.0.20', last: '10.0.0.30' },
          { first: '10.0.0.1', last: '10.0.0.99' },
        ],
      },
      [
        'subnet.pools[1]: 10.0.0.20-10.0.0.30: overlaps with another range',
        'subnet.pools[2]: 10.0.0.1-10.0.0.99: overlaps with another range',
      ],
    ],
    [
      '17 ranges',
      {
        pools: Array.from({ length: 17 }, (_, i) => ({
          first: `10.0.0.${i + 1}`,
          last: `10.0.0.${i + 1}`,
        })),
      },
      ['subnet.pools: 17 ranges: too many'],
    ],
    [
      'everything at once',
      { displayName: '\n', labels: { A: '' }, network: 'X', prefix: 'x' },
      [
        'subnet.display_name: \n: has control characters',
        'subnet.labels: A: not a label key',
        'subnet.network: X: not an id',
        'subnet.prefix: x: not an IP prefix',
      ],
    ],
  ];
  for (const [name, given, expected] of bad) {
    it(`refuses ${name}`, () => {
      const found = violationsOf(() => checkSubnet(subnet(given)));
      assert.deepEqual(told(found), expected);
    });
  }

  it('says what would be right', () => {
    const pools = [{ first: 'a', last: 'b' }];
    const found = violationsOf(() => checkSubnet(subnet({ gateway: '10.0.0.0', pools })));
    assert.deepEqual(
      found.map(({ remedy }) => remedy),
      ['give one from 10.0.0.1 to 10.0.0.254, or leave it out', range],
    );
  });

  it('changes nothing of what it has made', () => {
    const byte = fc.integer({ min: 1, max: 254 });
    const given = fc.record({
      gateway: fc.oneof(
        fc.constantFrom('', FIRST_ADDRESS),
        byte.map((b) => `10.0.0.${b}`),
      ),
      pools: fc.constantFrom([], [{ first: '10.0.0.10', last: '10.0.0.20' }]),
    });
    fc.assert(
      fc.property(given, (fields) => {
        const checked = checkSubnet(subnet(fields));
        assert.deepEqual(checkSubnet(checked), checked);
      }),
    );
  });
});

describe('subnetHolds', () => {
  const rows: [prefix: string, ip: string, holds: boolean][] = [
    ['10.0.0.0/24', '10.0.0.0', true],
    ['10.0.0.0/24', '10.0.0.255', true],
    ['10.0.0.0/24', '10.0.1.0', false],
    ['10.0.0.0/24', 'fd00::1', false],
    ['fd00::/64', 'fd00::1', true],
    ['fd00::/64', 'fd00:0:0:1::1', false],
    ['fd00::/64', 'x', false],
  ];
  for (const [prefix, ip, holds] of rows) {
    it(`${prefix} ${holds ? 'has' : 'does not have'} ${ip}`, () => {
      assert.equal(subnetHolds(subnet({ prefix }), ip), holds);
    });
  }
});

describe('overlap', () => {
  const rows: [a: string, b: string, is: boolean][] = [
    ['10.0.0.0/24', '10.0.0.0/24', true],
    ['10.0.0.0/24', '10.0.0.128/25', true],
    ['10.0.0.0/25', '10.0.0.128/25', false],
    ['10.0.0.0/8', '10.255.0.0/16', true],
    ['10.0.0.0/8', '11.0.0.0/16', false],
    ['::/0', '10.0.0.0/8', false],
    ['fd00::/32', 'fd00:0:1::/48', true],
    ['fd00::/32', 'fd00:1::/48', false],
    ['x', '10.0.0.0/8', false],
  ];
  for (const [a, b, is] of rows) {
    it(`${a} and ${b}: ${is ? 'yes' : 'no'}`, () => {
      assert.equal(overlap(a, b), is);
      assert.equal(overlap(b, a), is);
    });
  }

  it('is the same as having an address in common', () => {
    const prefix = fc
      .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }))
      .map(([n, length]) => {
        const host = 32 - length;
        return { first: (n >> host) << host, size: 1 << host, length };
      });
    fc.assert(
      fc.property(prefix, prefix, (a, b) => {
        const text = ({ first, length }: { first: number; length: number }): string =>
          `10.0.0.${first}/${length}`;
        const common = a.first < b.first + b.size && b.first < a.first + a.size;
        assert.equal(overlap(text(a), text(b)), common);
      }),
    );
  });
});

describe('poolSpans', () => {
  const spansOf = (fields: Partial<SubnetSpec>): string[] =>
    poolSpans(subnet(fields)).map(({ first, last }) => {
      const family = fields.prefix?.includes(':') === true ? 'IPV6' : 'IPV4';
      return `${addressAt(family, first)} ${addressAt(family, last)}`;
    });

  it('are all that hosts can have where there are no pools', () => {
    assert.deepEqual(spansOf({}), ['10.0.0.1 10.0.0.254']);
    assert.deepEqual(spansOf({ prefix: '10.0.0.0/31' }), ['10.0.0.0 10.0.0.1']);
    assert.deepEqual(spansOf({ prefix: 'fd00::/126' }), ['fd00::1 fd00::3']);
  });

  it('are the pools, in their order, without what no host can have', () => {
    const pools = [
      { first: '10.0.0.200', last: '10.0.0.255' },
      { first: '10.0.0.0', last: '10.0.0.9' },
    ];
    assert.deepEqual(spansOf({ pools }), ['10.0.0.200 10.0.0.254', '10.0.0.1 10.0.0.9']);
  });

  it('have no address that no host can have', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(byte, byte, (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        const pools = [{ first: `10.0.0.${low}`, last: `10.0.0.${high}` }];
        for (const { first, last } of poolSpans(subnet({ pools }))) {
          for (let n = first; n <= last; n++) {
            const host = n - numberOf(ipOf('10.0.0.0'));
            assert.ok(host >= 1n && host <= 254n && host >= BigInt(low) && host <= BigInt(high));
          }
        }
      }),
    );
  });

  function ipOf(text: string): NonNullable<ReturnType<typeof parseIp>> {
    const ip = parseIp(text);
    assert.ok(ip);
    return ip;
  }
});
