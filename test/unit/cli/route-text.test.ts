import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hopsText, parseRoute } from '../../../src/cli/route-text.js';

describe('parseRoute', () => {
  const rows: [text: string, route: object][] = [
    ['192.0.2.0/24 drop', { prefix: '192.0.2.0/24', nextHops: [], drop: true }],
    [
      '  ::/0   via  fd00::2 ',
      { prefix: '::/0', nextHops: [{ address: 'fd00::2', weight: 1 }], drop: false },
    ],
    [
      '0.0.0.0/0 via 10.0.0.2@255,10.0.0.3',
      {
        prefix: '0.0.0.0/0',
        nextHops: [
          { address: '10.0.0.2', weight: 255 },
          { address: '10.0.0.3', weight: 1 },
        ],
        drop: false,
      },
    ],
    // What is no address or weight, the model knows.
    ['x via y@0', { prefix: 'x', nextHops: [{ address: 'y', weight: 0 }], drop: false }],
  ];
  for (const [text, route] of rows) {
    it(`takes "${text}"`, () => {
      assert.deepEqual(parseRoute(text), route);
    });
  }

  const wrong = [
    '0.0.0.0/0',
    '0.0.0.0/0 via',
    '0.0.0.0/0 to 10.0.0.2',
    '0.0.0.0/0 drop now',
    '0.0.0.0/0 via 10.0.0.2, 10.0.0.3',
    '0.0.0.0/0 via 10.0.0.2,',
    '0.0.0.0/0 via @3',
    '0.0.0.0/0 via 10.0.0.2@',
    '0.0.0.0/0 via 10.0.0.2@x',
    '0.0.0.0/0 via 10.0.0.2@1@2',
    '0.0.0.0/0 via 10.0.0.2@9999999999',
  ];
  for (const text of wrong) {
    it(`refuses "${text}"`, () => {
      assert.throws(() => parseRoute(text), {
        code: 'INVALID_FIELD',
        message: `--route: ${text}: not a route`,
      });
    });
  }
});

describe('hopsText', () => {
  it('is what parseRoute takes', () => {
    const noNullPrototype = true;
    const hop = fc.record(
      { address: fc.ipV4(), weight: fc.integer({ min: 1, max: 255 }) },
      { noNullPrototype },
    );
    const nextHops = fc.array(hop, { minLength: 1, maxLength: 16 });
    const routes = fc.oneof(
      nextHops.map((hops) => ({ prefix: '0.0.0.0/0', nextHops: hops, drop: false })),
      fc.constant({ prefix: '10.0.0.0/8', nextHops: [], drop: true }),
    );
    fc.assert(
      fc.property(routes, (route) => {
        assert.deepEqual(parseRoute(`${route.prefix} ${hopsText(route)}`), route);
      }),
    );
  });
});
