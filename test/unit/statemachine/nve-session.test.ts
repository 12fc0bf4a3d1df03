import assert from 'node:assert/strict';
import { createActor, transition, type SnapshotFrom } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { MachineClock } from '../../../src/statemachine/machine-clock.js';
import {
  backoffMs,
  nveSessionMachine,
  returnDelayMs,
  type NveSessionEvent,
  type NveSessionInput,
} from '../../../src/statemachine/nve-session.js';
import { FakeClock } from '../../support/fake-clock.js';

const INPUT: NveSessionInput = {
  replicas: 2,
  initialMs: 100,
  soonMs: 300,
  soonRounds: 5,
  maxMs: 1000,
  returnMs: 60_000,
  random: () => 1,
};

type EventType = NveSessionEvent['type'];
const EVENTS: readonly EventType[] = [
  'WELCOME_IN_STEP',
  'WELCOME_COMPARE',
  'COMPLETE',
  'LOST',
  'BETTER',
  'STOP',
];
const eventOf = (type: EventType): NveSessionEvent =>
  type === 'BETTER' ? { type, replica: 0 } : { type };

/** For each state, the state and the actions after each event; without a row nothing happens. */
const TABLE: Readonly<Record<string, Partial<Record<EventType, readonly [string, ...string[]]>>>> =
  {
    connecting: {
      WELCOME_IN_STEP: ['inStep', 'startReporting', 'countArrival'],
      WELCOME_COMPARE: ['comparing', 'sendHeldItems'],
      LOST: ['waiting', 'disconnect', 'countFailure'],
      STOP: ['stopped', 'disconnect'],
    },
    comparing: {
      COMPLETE: ['inStep', 'startReporting', 'countArrival'],
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
    events: EVENTS.map(eventOf),
    limit: 200,
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
        const [after, done] = transition(nveSessionMachine, before, eventOf(type));
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

  it('looks for an earlier replica while it is with a later one, less often after each vain return', async () => {
    const clock = new FakeClock();
    const done: string[] = [];
    const machine = nveSessionMachine.provide({
      actions: {
        connect: ({ context }) => done.push(`connect ${context.replica}`),
        disconnect: () => done.push('disconnect'),
        startReporting: () => done.push('report'),
        lookForBetter: () => done.push('look'),
      },
    });
    const actor = createActor(machine, { input: INPUT, clock: new MachineClock(clock) }).start();
    const told = async (ms: number, ...events: NveSessionEvent[]): Promise<string> => {
      for (const event of events) actor.send(event);
      await clock.advance(ms);
      return done.splice(0).join(', ');
    };
    assert.equal(await told(600_000, { type: 'WELCOME_IN_STEP' }), 'connect 0, report');
    assert.equal(await told(0, { type: 'LOST' }), 'disconnect, connect 1');
    assert.equal(await told(59_999, { type: 'WELCOME_IN_STEP' }), 'report');
    assert.equal(await told(1), 'look');
    assert.equal(await told(60_000), 'look');
    assert.equal(await told(0, { type: 'BETTER', replica: 1 }), '', 'it is no earlier one');
    // It is there, and does not take us.
    const vain = [{ type: 'BETTER', replica: 0 }, { type: 'LOST' }] as const;
    assert.equal(await told(0, ...vain), 'disconnect, connect 0, disconnect, connect 1');
    assert.equal(await told(119_999, { type: 'WELCOME_IN_STEP' }), 'report');
    assert.equal(await told(1), 'look');
    const better = [{ type: 'BETTER', replica: 0 }, { type: 'WELCOME_IN_STEP' }] as const;
    assert.equal(await told(600_000, ...better), 'disconnect, connect 0, report');
    assert.deepEqual(
      [actor.getSnapshot().context.vain, actor.getSnapshot().context.failures],
      [0, 0],
    );
    actor.stop();
  });

  it('stays where it is if it is to', async () => {
    const clock = new FakeClock();
    const input = { ...INPUT, returnMs: 0 };
    const actor = createActor(nveSessionMachine, { input, clock: new MachineClock(clock) }).start();
    actor.send({ type: 'LOST' });
    await clock.advance(0);
    actor.send({ type: 'WELCOME_IN_STEP' });
    await clock.advance(0);
    assert.equal(actor.getSnapshot().value, 'inStep');
    actor.stop();
  });

  const returns: [vain: number, ms: number][] = [
    [0, 60_000],
    [1, 120_000],
    [5, 1_920_000],
    [6, 3_600_000],
    [1000, 3_600_000],
  ];
  for (const [vain, ms] of returns) {
    it(`looks after ${ms} ms at most after ${vain} returns in vain`, () => {
      assert.equal(returnDelayMs({ ...INPUT, vain }), ms);
      assert.equal(returnDelayMs({ ...INPUT, vain, random: () => 0 }), ms / 2);
    });
  }

  const backoffs: [failures: number, replicas: number, ms: number][] = [
    [1, 1, 100],
    [2, 1, 200],
    [3, 1, 300],
    [5, 1, 300],
    [6, 1, 600],
    [7, 1, 1000],
    [1000, 1, 1000],
    [2 ** 40, 1, 1000],
    [1, 3, 0],
    [2, 3, 0],
    [3, 3, 100],
    [4, 3, 0],
    [6, 3, 200],
    [15, 3, 300],
    [18, 3, 600],
  ];
  for (const [failures, replicas, ms] of backoffs) {
    it(`waits ${ms} ms at most after ${failures} failures with ${replicas} replicas`, () => {
      const context = { ...INPUT, replicas, failures, replica: 0 };
      assert.equal(backoffMs(context), ms);
      assert.equal(backoffMs({ ...context, random: () => 0 }), ms / 2);
    });
  }
});
