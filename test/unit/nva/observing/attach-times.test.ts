import assert from 'node:assert/strict';
import { AttachTimes } from '../../../../src/nva/observing/attach-times.js';
import type { ItemDelta } from '../../../../src/nva/compiler/deltas.js';

const removing = (...keys: string[]): ItemDelta => ({
  upserts: new Map(),
  removes: new Set(keys),
  before: new Map(),
});

describe('attach times', () => {
  let applied: Set<string>;
  let on: string[];
  let all: number[];
  let times: AttachTimes;

  beforeEach(() => {
    applied = new Set();
    on = [];
    all = [];
    times = new AttachTimes({
      isApplied: (nve, key) => applied.has(`${nve} ${key}`),
      appliedOn: (nve, ms) => on.push(`${nve} ${ms}`),
      appliedByAll: (ms) => all.push(ms),
    });
  });

  const apply = (nve: string, key: string, now: number): void => {
    applied.add(`${nve} ${key}`);
    times.progressed(nve, [key], now);
  };

  it('are from the commit to the last NVE, each of which has its own', () => {
    times.changed(
      ['e1'],
      new Map([
        ['a', removing('port/e1', 'mac/1')],
        ['b', removing('mac/1')],
      ]),
      100,
    );
    apply('a', 'port/e1', 110);
    apply('b', 'mac/1', 130);
    assert.deepEqual([on, all], [['b 30'], []]);
    apply('a', 'mac/1', 150);
    assert.deepEqual([on, all, times.underWay], [['b 30', 'a 50'], [50], 0]);
  });

  it('wait for what is reported and not applied', () => {
    times.changed(['e1'], new Map([['a', removing('x')]]), 0);
    times.progressed('a', ['x'], 10);
    times.progressed('a', 'all', 20);
    assert.deepEqual(all, []);
    applied.add('a x');
    times.progressed('a', 'all', 30);
    assert.deepEqual(all, [30]);
  });

  it('are none where no NVE has anything to do', () => {
    times.changed(['e1'], new Map(), 0);
    assert.equal(times.underWay, 0);
  });

  it('are those of the last change of an endpoint, and of none that is gone', () => {
    times.changed(['e1'], new Map([['a', removing('x')]]), 0);
    times.changed(['e1'], new Map([['a', removing('x')]]), 50);
    times.changed(['e2'], new Map([['a', removing('x')]]), 0);
    times.gone('e2');
    apply('a', 'x', 60);
    assert.deepEqual(all, [10]);
  });

  it('do not wait for an NVE that is deleted', () => {
    times.changed(
      ['e1'],
      new Map([
        ['a', removing('x')],
        ['b', removing('x')],
      ]),
      0,
    );
    apply('a', 'x', 5);
    times.forget('b', 9);
    assert.deepEqual([all, times.underWay], [[9], 0]);
  });

  it('are the same for all of one commit, but for those that change again', () => {
    times.changed(['e1', 'e2', 'e3'], new Map([['a', removing('x', 'y')]]), 0);
    times.changed(['e3'], new Map([['a', removing('z')]]), 10);
    apply('a', 'x', 20);
    assert.deepEqual([on, all, times.underWay], [[], [], 3]);
    apply('a', 'y', 30);
    assert.deepEqual([on, all, times.underWay], [['a 30', 'a 30'], [30, 30], 1]);
    apply('a', 'z', 40);
    assert.deepEqual(all, [30, 30, 30]);
    assert.equal(times.underWay, 0);
  });

  it('are bounded: the oldest is given up', () => {
    for (let i = 0; i <= 10_000; i++)
      times.changed([`e${i}`], new Map([['a', removing(`x${i}`)]]), i);
    assert.deepEqual([times.underWay, times.givenUp], [10_000, 1]);
    apply('a', 'x0', 20_000);
    assert.deepEqual(all, []);
    apply('a', 'x1', 20_000);
    assert.deepEqual(all, [19_999]);
  });
});
