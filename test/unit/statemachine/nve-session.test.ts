import assert from 'node:assert/strict';
import { createActor, transition, type SnapshotFrom } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { MachineClock } from '../../../src/statemachine/machine-clock.js';
import {
  backoffMs,
  nveSessionMachine,
  type NveSessionEvent,
  type NveSessionInput,
} from '../../../src/statemachine/nve-session.js';
import { FakeClock } from '../../support/fake-clock.js';

const INPUT: NveSessionInput = { replicas: 2, initialMs: 100, maxMs: 1000, random: () => 1 };

type EventType = NveSessionEvent['type'];
const EVENTS: readonly EventType[] = [
  'WELCOME_IN_STEP',
  'WELCOME_COMPARE',
  'COMPLETE',
  'LOST',
  'STOP',
];

/** For each state, the state and the actions after each event; without a row nothing happens. */
const TABLE: Readonly<Record<string, Partial<Record<EventType, readonly [string, ...string[]]>>>> =
  {
    connecting: {
      WELCOME_IN_STEP: ['inStep', 'forgetFailures', 'startReporting'],
      WELCOME_COMPARE: ['comparing', 'sendHeldItems'],
      LOST: ['waiting', 'disconnect', 'countFailure'],
      STOP: ['stopped', 'disconnect'],
    },
    comparing: {
      COMPLETE: ['inStep', 'forgetFailures', 'startReporting'],
      LOST: ['waiting', 'disconnect', 'countFailure'],
      STOP: ['stopped', 'disconnect'],
    },
    inStep: {
      LOST: ['waiting', 'disconnect', 'countFailure'],
      STOP: ['stopped', 'disconnect'],
    },
    waiting: { STOP: ['stopped', 'disconnect'] },
  };

type SessionSnapshot = SnapshotFrom<typeof nveSessionMachine>;

/** A snapshot in each state, by the shortest way there. */
function reached(): Map<string, SessionSnapshot> {
  const paths = getShortestPaths(nveSessionMachine, {
    input: INPUT,
    events: EVENTS.map((type) => ({ type })),
    serializeState: ({ value }) => value,
  });
  return new Map(paths.map(({ state }) => [state.value, state]));
}

describe("an agent's session with its NVA", () => {
  it('gets to every state', () => {
    assert.deepEqual([...reached().keys()].sort(), [...Object.keys(TABLE), 'stopped'].sort());
    assert.equal(reached().get('stopped')?.status, 'done');
  });

  for (const [state, row] of Object.entries(TABLE)) {
    for (const type of EVENTS) {
      const [next, ...actions] = row[type] ?? [state];
      it(`${state}: ${type} leads to ${next}${actions.map((a) => `, ${a}`).join('')}`, () => {
        const before = reached().get(state);
        assert.ok(before !== undefined);
        const [after, done] = transition(nveSessionMachine, before, { type });
        assert.equal(after.value, next);
        const named = done
          .map((action) => action.type)
          .filter((name) => !name.startsWith('xstate.'));
        // Those that only change the context are done by xstate itself.
        const effects = actions.filter((name) => !/^(count|forget)/.test(name));
        assert.deepEqual(named, effects);
      });
    }
  }

  it('tries the next replica at once, waits after a round, and starts anew once it was in step', async () => {
    const clock = new FakeClock();
    const tried: number[] = [];
    const machine = nveSessionMachine.provide({
      actions: { connect: ({ context }) => tried.push(context.replica) },
    });
    const actor = createActor(machine, { input: INPUT, clock: new MachineClock(clock) }).start();
    assert.deepEqual(tried, [0]);
    actor.send({ type: 'LOST' });
    await clock.advance(0);
    assert.deepEqual(tried, [0, 1]);
    actor.send({ type: 'LOST' });
    await clock.advance(99);
    assert.deepEqual(tried, [0, 1]);
    await clock.advance(1);
    assert.deepEqual(tried, [0, 1, 0]);
    actor.send({ type: 'WELCOME_COMPARE' });
    actor.send({ type: 'COMPLETE' });
    assert.equal(actor.getSnapshot().context.failures, 0);
    actor.send({ type: 'LOST' });
    await clock.advance(0);
    assert.deepEqual(tried, [0, 1, 0, 1]);
    actor.send({ type: 'STOP' });
    assert.equal(actor.getSnapshot().status, 'done');
    assert.equal(clock.pending, 0);
  });

  const backoffs: [failures: number, replicas: number, ms: number][] = [
    [1, 1, 100],
    [2, 1, 200],
    [3, 1, 400],
    [5, 1, 1000],
    [1000, 1, 1000],
    [1, 3, 0],
    [2, 3, 0],
    [3, 3, 100],
    [4, 3, 0],
    [6, 3, 200],
  ];
  for (const [failures, replicas, ms] of backoffs) {
    it(`waits ${ms} ms at most after ${failures} failures with ${replicas} replicas`, () => {
      const context = { ...INPUT, replicas, failures, replica: 0 };
      assert.equal(backoffMs(context), ms);
      assert.equal(backoffMs({ ...context, random: () => 0 }), ms / 2);
    });
  }
});
