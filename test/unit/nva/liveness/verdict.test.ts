import assert from 'node:assert/strict';
import type { Reach, ReachState } from '../../../../src/model/query.js';
import { mostLost, verdictOf, type Finding } from '../../../../src/nva/liveness/verdict.js';

const reach = (remote: string, state: ReachState, local = '192.0.2.1'): Reach => {
  return { local, remote, state, detail: '' };
};

const finding = (prober: string, target: Reach, ...controls: Reach[]): Finding => {
  return { prober, reaches: [target], controls };
};

const GONE = '192.0.2.9';
const OTHER = '192.0.2.5';
const sees = reach(OTHER, 'REACHABLE');
const blind = reach(OTHER, 'UNREACHABLE');

describe('nva/liveness/verdict', () => {
  const cases: readonly (readonly [string, readonly Finding[], string])[] = [
    ['nobody was asked', [], 'unknown'],
    [
      'one does not reach it, and reaches others',
      [finding('a', reach(GONE, 'UNREACHABLE'), sees)],
      'dead',
    ],
    ['it reaches nobody at all', [finding('a', reach(GONE, 'UNREACHABLE'), blind)], 'unknown'],
    [
      'it reaches others from another address only',
      [finding('a', reach(GONE, 'UNREACHABLE'), reach(OTHER, 'REACHABLE', '198.51.100.1'))],
      'unknown',
    ],
    ['there is nobody else to be reached', [finding('a', reach(GONE, 'UNREACHABLE'))], 'unknown'],
    ['it cannot tell', [finding('a', reach(GONE, 'UNKNOWN'), sees)], 'unknown'],
    ['it says nothing', [{ prober: 'a', reaches: [], controls: [] }], 'unknown'],
    [
      'one of three reaches it',
      [
        finding('a', reach(GONE, 'UNREACHABLE'), sees),
        finding('b', reach(GONE, 'UNREACHABLE'), sees),
        finding('c', reach(GONE, 'REACHABLE'), blind),
      ],
      'reached',
    ],
    [
      'two do not, and one says nothing',
      [
        finding('a', reach(GONE, 'UNREACHABLE'), sees),
        finding('b', reach(GONE, 'UNKNOWN'), sees),
        finding('c', reach(GONE, 'UNREACHABLE'), sees),
      ],
      'dead',
    ],
  ];
  for (const [name, findings, kind] of cases) {
    it(`${kind}: ${name}`, () => {
      assert.equal(verdictOf(new Set([GONE]), findings).kind, kind);
    });
  }

  it('names those that did not reach it', () => {
    const findings = [
      finding('a', reach(GONE, 'UNREACHABLE'), sees),
      finding('b', reach(GONE, 'UNREACHABLE'), blind),
    ];
    assert.deepEqual(verdictOf(new Set([GONE]), findings), { kind: 'dead', witnesses: ['a'] });
  });

  it('takes all of its addresses', () => {
    const v6 = '2001:db8::9';
    const remotes = new Set([GONE, v6]);
    const a = finding('a', reach(GONE, 'UNREACHABLE'), sees);
    assert.equal(verdictOf(remotes, [a]).kind, 'unknown');
    const own = '2001:db8::1';
    const other = reach('2001:db8::5', 'REACHABLE', own);
    const b = finding('b', reach(v6, 'UNREACHABLE', own), other);
    assert.equal(verdictOf(remotes, [a, b]).kind, 'dead');
  });

  it('an NVE that nobody has an address of is not dead', () => {
    assert.equal(verdictOf(new Set(), []).kind, 'unknown');
  });

  for (const [total, share, atLeast, most] of [
    [4, 0.2, 1, 1],
    [500, 0.2, 1, 100],
    [9, 0.2, 0, 1],
    [4, 0, 0, 0],
    [3, 0.2, 2, 2],
  ] as const) {
    it(`of ${total}, a share of ${share} or ${atLeast}: ${most}`, () => {
      assert.equal(mostLost(total, share, atLeast), most);
    });
  }
});
