/** The checker of histories: small ones by hand, and random ones of a real register. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkRegister, type Action, type Operation } from '../../support/chaos/linearizable.js';

const read = (value: string): Action => ({ kind: 'read', value });
const write = (value: string): Action => ({ kind: 'write', value });
const swap = (from: string, value: string): Action => ({ kind: 'swap', from, value });
const refused = (from: string): Action => ({ kind: 'refused-swap', from });
const at = (start: number, end: number, action: Action): Operation => ({
  ...{ client: `c${start}`, action, start, end },
});

const CASES: readonly {
  readonly name: string;
  readonly is: 'linearizable' | 'not';
  readonly history: readonly Operation[];
}[] = [
  { name: 'nothing', is: 'linearizable', history: [] },
  {
    name: 'one after another',
    is: 'linearizable',
    history: [at(1, 2, read('0')), at(3, 4, write('a')), at(5, 6, read('a'))],
  },
  {
    name: 'a read of what was overwritten before it began',
    is: 'not',
    history: [at(1, 2, write('a')), at(3, 4, write('b')), at(5, 6, read('a'))],
  },
  {
    name: 'a read during a write may see it or not',
    is: 'linearizable',
    history: [at(1, 10, write('a')), at(2, 3, read('0')), at(4, 5, read('a'))],
  },
  {
    name: 'a read that goes back behind another one',
    is: 'not',
    history: [at(1, 10, write('a')), at(2, 3, read('a')), at(4, 5, read('0'))],
  },
  {
    name: 'two swaps from one value',
    is: 'not',
    history: [at(1, 10, swap('0', 'a')), at(2, 9, swap('0', 'b'))],
  },
  {
    name: 'a swap and one that is refused',
    is: 'linearizable',
    history: [at(1, 10, swap('0', 'a')), at(2, 9, refused('0'))],
  },
  { name: 'a swap refused for nothing', is: 'not', history: [at(1, 2, refused('0'))] },
  {
    name: 'a write without an answer that was done late',
    is: 'linearizable',
    history: [at(1, Infinity, write('a')), at(2, 3, read('0')), at(8, 9, read('a'))],
  },
  {
    name: 'one that was done only once',
    is: 'not',
    history: [
      ...[at(1, Infinity, write('a')), at(2, 3, read('a'))],
      ...[at(4, 5, write('b')), at(6, 7, read('a'))],
    ],
  },
  {
    name: 'one that nobody saw, but that explains a refusal',
    is: 'linearizable',
    history: [at(1, Infinity, write('a')), at(2, 3, refused('0')), at(4, 5, write('b'))],
  },
  {
    name: 'what nobody ever wrote',
    is: 'not',
    history: [at(1, 2, write('a')), at(3, 4, read('z'))],
  },
  {
    name: 'a write seen before it began',
    is: 'not',
    history: [at(1, 2, read('a')), at(3, 4, write('a'))],
  },
];

/** A register, by operations that take effect at moments of their own and overlap. */
const histories = fc
  .array(
    fc.record({
      client: fc.integer({ min: 0, max: 3 }),
      kind: fc.constantFrom('read', 'write', 'swap', 'wrong swap'),
      early: fc.integer({ min: 0, max: 30 }),
      late: fc.integer({ min: 0, max: 30 }),
      isLost: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
    { maxLength: 60 },
  )
  .map((drawn) => {
    let value = '0';
    return drawn.map(({ client, kind, early, late, isLost }, i): Operation => {
      const moment = i * 10;
      const from = value;
      let action: Action;
      if (kind === 'read') action = read(value);
      else if (kind === 'wrong swap') action = refused(`${i}.none`);
      else action = kind === 'write' ? write(String(i + 1)) : swap(from, String(i + 1));
      if ('value' in action) ({ value } = action);
      const end = isLost && kind === 'write' ? Infinity : moment + late;
      return { client: `c${client}`, action, start: moment - early, end };
    });
  });

describe('chaos: histories of a register', () => {
  for (const { name, is, history } of CASES) {
    it(`${name}: ${is}`, () => {
      assert.equal(checkRegister('0', history).kind, is);
      assert.equal(checkRegister('0', [...history].reverse()).kind, is);
    });
  }

  it('whatever a register did is linearizable', () => {
    fc.assert(
      fc.property(histories, (history) => checkRegister('0', history).kind === 'linearizable'),
    );
  });

  it('a value read after it was overwritten is found, wherever it is', () => {
    const stale = fc.tuple(fc.integer({ min: 2, max: 50 }), fc.integer({ min: 1, max: 48 }));
    fc.assert(
      fc.property(stale, ([count, back]) => {
        fc.pre(back < count);
        const history = Array.from({ length: count }, (_, i) =>
          at(10 * i, 10 * i + 12, write(String(i))),
        );
        const seen = count - 1 - back;
        history.push(at(10 * count + 20, 10 * count + 21, read(String(seen))));
        // The last two may have come in either order.
        const { kind } = checkRegister('none', history);
        assert.equal(kind, back === 1 ? 'linearizable' : 'not');
      }),
    );
  });

  it('is not slow: 20,000 operations of three clients', () => {
    const history = Array.from({ length: 20_000 }, (_, i) =>
      at(10 * i, 10 * i + 25, i % 2 === 0 ? write(String(i)) : read(String(i - 1))),
    );
    assert.equal(checkRegister('0', history).kind, 'linearizable');
  }).timeout(20_000);
});
