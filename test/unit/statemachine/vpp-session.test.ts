import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createActor } from 'xstate';
import { MachineClock } from '../../../src/statemachine/machine-clock.js';
import {
  vppBackoffMs,
  vppSessionMachine,
  type VppSessionEvent,
} from '../../../src/statemachine/vpp-session.js';
import { FakeClock } from '../../support/fake-clock.js';
import { runs } from '../../support/runs.js';

type Name = VppSessionEvent['type'] | 'TIME';
type Row = readonly [next: string, ...actions: string[]];

const STOP: Row = ['disconnected', 'disconnect'];
const LOST: Row = ['lost', 'disconnect'];

/** What the machine must do, written down by hand; whatever is not here changes nothing. */
const TABLE: Readonly<Record<string, Partial<Record<Name, Row>>>> = {
  disconnected: { START: ['connecting', 'connect'] },
  connecting: { CONNECTED: ['binding', 'bind'], LOST, STOP },
  binding: { BOUND: ['ready', 'open'], LOST, STOP, TIME: ['lost', 'giveUpBinding', 'disconnect'] },
  ready: { SLOW: ['degraded', 'tellSlow'], LOST, STOP },
  degraded: { RECOVERED: ['ready', 'tellRecovered'], LOST, STOP },
  lost: { STOP, TIME: ['connecting', 'connect'] },
};

const input = { initialMs: 100, maxMs: 5_000, bindMs: 10_000, random: () => 1 };

function start() {
  const clock = new FakeClock();
  const done: string[] = [];
  const says = (name: string) => () => void done.push(name);
  const machine = vppSessionMachine.provide({
    actions: {
      connect: says('connect'),
      bind: says('bind'),
      giveUpBinding: says('giveUpBinding'),
      open: says('open'),
      tellSlow: says('tellSlow'),
      tellRecovered: says('tellRecovered'),
      disconnect: says('disconnect'),
    },
  });
  const actor = createActor(machine, { input, clock: new MachineClock(clock) });
  actor.start();
  return { actor, clock, done };
}

const EVENTS: readonly Name[] = [
  'START',
  'CONNECTED',
  'BOUND',
  'SLOW',
  'RECOVERED',
  'LOST',
  'STOP',
  'TIME',
];

describe('VPP session machine', () => {
  it('does what the table says, after any events', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...EVENTS), { maxLength: 60 }), async (events) => {
        const { actor, clock, done } = start();
        let state = 'disconnected';
        for (const event of events) {
          done.length = 0;
          const [next, ...actions] = TABLE[state]?.[event] ?? [state];
          if (event !== 'TIME') actor.send({ type: event });
          else if (clock.nextIn !== undefined) await clock.advance(clock.nextIn);
          assert.equal(actor.getSnapshot().value, next, `${state}, ${event}`);
          assert.deepEqual(done, actions, `${state}, ${event}`);
          assert.equal(clock.pending, ['lost', 'binding'].includes(next) ? 1 : 0);
          state = next;
        }
      }),
      { numRuns: runs(300) },
    );
  });

  it('waits longer after each failure in a row, and starts over once bound', async () => {
    const { actor, clock } = start();
    actor.send({ type: 'START' });
    const waits: (number | undefined)[] = [];
    for (let i = 0; i < 8; i++) {
      actor.send({ type: 'LOST' });
      waits.push(clock.nextIn);
      await clock.advance(clock.nextIn ?? 0);
    }
    assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    actor.send({ type: 'CONNECTED' });
    actor.send({ type: 'BOUND' });
    actor.send({ type: 'LOST' });
    assert.equal(clock.nextIn, 100);
  });

  it('does not start over after a connection that could not be bound', async () => {
    const { actor, clock } = start();
    actor.send({ type: 'START' });
    const waits: (number | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      actor.send({ type: 'CONNECTED' });
      actor.send({ type: 'LOST' });
      waits.push(clock.nextIn);
      await clock.advance(clock.nextIn ?? 0);
    }
    assert.deepEqual(waits, [100, 200, 400]);
  });

  it('tries for ever, and never waits longer than the cap nor shorter than half of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.double({ min: 0, max: 1 }), (n, r) => {
        const wait = vppBackoffMs({
          ...input,
          failures: n,
          random: () => (Number.isNaN(r) ? 0 : r),
        });
        assert.ok(wait >= 50 && wait <= 5_000, String(wait));
        if (n > 7) assert.ok(wait >= 2_500, String(wait));
      }),
    );
  });
});
