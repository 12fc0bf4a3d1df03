import assert from 'node:assert/strict';
import { Teller } from '../../../../src/dataplane/linux/teller.js';
import { FakeClock } from '../../../support/fake-clock.js';

describe('Teller', () => {
  let clock: FakeClock;
  let told: (string[] | 'unknown')[];
  let teller: Teller;
  let more: string[];

  beforeEach(() => {
    clock = new FakeClock();
    told = [];
    more = [];
    teller = new Teller(
      clock,
      (keys) => told.push(keys === 'unknown' ? keys : [...keys]),
      () => more.splice(0),
    );
  });

  it('gathers what comes together', async () => {
    teller.add('a');
    teller.add('b');
    teller.add('a');
    assert.deepEqual(told, []);
    await clock.advance(10);
    assert.deepEqual(told, [['a', 'b']]);
    assert.equal(clock.pending, 0);
  });

  it('tells a key once a second, others at once, and the last change always', async () => {
    for (let ms = 0; ms < 2500; ms += 50) {
      teller.add('a');
      if (ms === 500) teller.add('b');
      await clock.advance(50);
    }
    await clock.advance(5000);
    assert.deepEqual(
      told.flat().filter((key) => key === 'b'),
      ['b'],
    );
    const times = told.flat().filter((key) => key === 'a').length;
    assert.ok(times === 3 || times === 4, `${times} times`);
    assert.equal(clock.pending, 0);
  });

  it('tells a change that came while it paused, when the pause is over', async () => {
    teller.add('a');
    await clock.advance(10);
    teller.add('a');
    await clock.advance(500);
    assert.deepEqual(told, [['a']]);
    await clock.advance(600);
    assert.deepEqual(told, [['a'], ['a']]);
  });

  it('tells "unknown" instead of keys', async () => {
    teller.add('a');
    teller.unknown();
    await clock.advance(10);
    assert.deepEqual(told, ['unknown']);
    await clock.advance(5000);
    assert.deepEqual(told, ['unknown']);
  });

  it('asks for more when it tells', async () => {
    more.push('late');
    teller.soon();
    await clock.advance(10);
    assert.deepEqual(told, [['late']]);
    teller.soon();
    await clock.advance(10);
    assert.deepEqual(told, [['late']]);
  });

  it('tells nothing more when it is closed', async () => {
    teller.add('a');
    await clock.advance(10);
    teller.add('a');
    await clock.advance(10);
    teller.close();
    await clock.advance(5000);
    assert.deepEqual(told, [['a']]);
    assert.equal(clock.pending, 0);
  });
});
