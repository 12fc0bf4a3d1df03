import assert from 'node:assert/strict';
import { createActor, setup } from 'xstate';
import { MachineClock } from '../../../src/statemachine/machine-clock.js';
import { FakeClock } from '../../support/fake-clock.js';

describe("our clock as a machine's", () => {
  let clock: FakeClock;
  let machines: MachineClock;
  let fired: string[];
  beforeEach(() => {
    clock = new FakeClock();
    machines = new MachineClock(clock);
    fired = [];
  });
  const set = (name: string, ms: number): number => machines.setTimeout(() => fired.push(name), ms);

  it('fires each timer once, at its time', async () => {
    set('later', 20);
    set('sooner', 10);
    await clock.advance(9);
    assert.deepEqual(fired, []);
    await clock.advance(1);
    assert.deepEqual(fired, ['sooner']);
    await clock.advance(1000);
    assert.deepEqual(fired, ['sooner', 'later']);
  });

  it('cancels only the timer that is named, before and after it fired', async () => {
    const first = set('first', 10);
    const second = set('second', 20);
    assert.notEqual(first, second);
    machines.clearTimeout(second);
    machines.clearTimeout(second);
    await clock.advance(15);
    machines.clearTimeout(first);
    machines.clearTimeout(99);
    set('third', 10);
    await clock.advance(1000);
    assert.deepEqual(fired, ['first', 'third']);
    assert.equal(clock.pending, 0);
  });

  it('drives the delays of a machine, and leaves none when it stops', async () => {
    const machine = setup({}).createMachine({
      initial: 'a',
      states: { a: { after: { 100: 'b' } }, b: { after: { 100: 'a' } } },
    });
    const actor = createActor(machine, { clock: machines });
    actor.start();
    await clock.advance(99);
    assert.equal(actor.getSnapshot().value, 'a');
    await clock.advance(1);
    assert.equal(actor.getSnapshot().value, 'b');
    actor.stop();
    assert.equal(clock.pending, 0);
  });
});
