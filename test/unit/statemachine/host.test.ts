/**
 * Every transition from every state that can be reached, its context with it: what holds for each
 * of them holds on every path.
 */
import assert from 'node:assert/strict';
import { createActor } from 'xstate';
import { hostMachine, type HostEvent } from '../../../src/statemachine/host.js';
import { MachineClock } from '../../../src/statemachine/machine-clock.js';
import { FakeClock } from '../../support/fake-clock.js';

const EVENTS: HostEvent[] = [
  { type: 'NO_PROFILE' },
  { type: 'AS_WANTED' },
  { type: 'DRIFTED' },
  { type: 'RESUME', steps: 2, step: 1 },
  { type: 'RESUME', steps: 2, step: 2 },
  { type: 'TAKE_BACK' },
  { type: 'STILL_UNCONFIRMED', confirmMs: 5000 },
  { type: 'PLANNED', steps: 2 },
  { type: 'PLANNED', steps: 0 },
  { type: 'DISCARD' },
  { type: 'APPLY', confirmMs: undefined },
  { type: 'APPLY', confirmMs: 5000 },
  { type: 'STEP_BEGUN' },
  { type: 'STEP_MADE' },
  { type: 'STEP_DONE' },
  { type: 'VERIFIED' },
  { type: 'CONFIRM' },
  { type: 'FAILED', trouble: 'no', needsReboot: false },
  { type: 'FAILED', trouble: 'no', needsReboot: true },
  { type: 'UNDO' },
  { type: 'UNDONE', hasProfile: false },
  { type: 'UNDONE', hasProfile: true },
  { type: 'NOT_RESTORED', trouble: 'no' },
  { type: 'LOOK_AGAIN' },
];

type Snapshot = ReturnType<ReturnType<typeof createActor<typeof hostMachine>>['getSnapshot']>;

/** `applying.making`, as one word. */
function nameOf({ value }: Snapshot): string {
  if (typeof value === 'string') return value;
  return Object.entries(value)
    .map(([outer, inner]) => `${outer}.${inner}`)
    .join();
}

/** Each state that can be reached, and what each event leads to from there. */
function explore(): Map<string, { snapshot: Snapshot; next: Map<HostEvent, Snapshot> }> {
  const found = new Map<string, { snapshot: Snapshot; next: Map<HostEvent, Snapshot> }>();
  const key = (s: Snapshot): string => `${nameOf(s)} ${JSON.stringify(s.context)}`;
  const at = (path: readonly HostEvent[]): Snapshot => {
    const actor = createActor(hostMachine, { clock: new MachineClock(new FakeClock()) }).start();
    for (const event of path) actor.send(event);
    return actor.getSnapshot();
  };
  const queue: HostEvent[][] = [[]];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    const snapshot = at(path);
    if (found.has(key(snapshot))) continue;
    const next = new Map<HostEvent, Snapshot>();
    for (const event of EVENTS) {
      if (!snapshot.can(event)) continue;
      next.set(event, at([...path, event]));
      queue.push([...path, event]);
    }
    found.set(key(snapshot), { snapshot, next });
  }
  return found;
}

describe('the host machine', () => {
  const all = [...explore().values()];
  const names = new Set(all.map(({ snapshot }) => nameOf(snapshot)));

  it('reaches every state', () => {
    assert.deepEqual([...names].sort(), [
      'applying.beginning',
      'applying.making',
      'applying.readingBack',
      'discovering',
      'drifted',
      'failed',
      'idle',
      'planned',
      'ready',
      'unconfirmed',
      'undoing',
      'verifying',
      'waitingForReboot',
    ]);
  });

  it('has a way on from every state', () => {
    for (const { snapshot, next } of all) assert.ok(next.size > 0, nameOf(snapshot));
  });

  it('is ready only by being looked at, verified or confirmed', () => {
    for (const { snapshot, next } of all) {
      for (const [event, to] of next) {
        if (nameOf(to) !== 'ready' || nameOf(snapshot) === 'ready') continue;
        assert.ok(['AS_WANTED', 'VERIFIED', 'CONFIRM'].includes(event.type), event.type);
      }
    }
  });

  it('is never ready unconfirmed when it must be confirmed', () => {
    for (const { snapshot, next } of all) {
      if (nameOf(snapshot) !== 'verifying' || snapshot.context.confirmMs === undefined) continue;
      for (const to of next.values()) assert.notEqual(nameOf(to), 'ready');
    }
  });

  it('changes nothing without a plan or the journal', () => {
    for (const { snapshot, next } of all) {
      const from = nameOf(snapshot);
      for (const [event, to] of next) {
        if (nameOf(to) !== 'applying.beginning' || from.startsWith('applying')) continue;
        assert.ok(
          (from === 'planned' && event.type === 'APPLY') ||
            (from === 'discovering' && event.type === 'RESUME'),
          `${from} ${event.type}`,
        );
      }
    }
  });

  it('leaves a failure by undoing only', () => {
    const failed = all.filter(({ snapshot }) => nameOf(snapshot) === 'failed');
    assert.ok(failed.length > 0);
    for (const { next } of failed) {
      assert.deepEqual(
        [...next.keys()].map(({ type }) => type),
        ['UNDO'],
      );
    }
  });

  it('undoes after every failure of a step, and waits for a boot where only that helps', () => {
    for (const { snapshot, next } of all) {
      const from = nameOf(snapshot);
      for (const [event, to] of next) {
        if (event.type === 'FAILED') assert.equal(nameOf(to), 'undoing');
        if (event.type !== 'UNDONE') continue;
        const expected = snapshot.context.needsReboot ? 'waitingForReboot' : 'discovering';
        assert.equal(nameOf(to), expected, from);
      }
    }
  });

  it('does each step once, in order', () => {
    const actor = createActor(hostMachine, { clock: new MachineClock(new FakeClock()) }).start();
    for (const event of [
      { type: 'NO_PROFILE' },
      { type: 'PLANNED', steps: 2 },
      { type: 'APPLY', confirmMs: undefined },
    ] as const) {
      actor.send(event);
    }
    const seen: string[] = [];
    actor.subscribe((s) => seen.push(`${nameOf(s)} ${s.context.step}`));
    for (let i = 0; i < 2; i++) {
      for (const type of ['STEP_BEGUN', 'STEP_MADE', 'STEP_DONE'] as const) actor.send({ type });
    }
    assert.deepEqual(seen, [
      'applying.making 0',
      'applying.readingBack 0',
      'applying.beginning 1',
      'applying.making 1',
      'applying.readingBack 1',
      'verifying 2',
    ]);
  });

  it('undoes by itself what is not confirmed in time', async () => {
    const clock = new FakeClock();
    const actor = createActor(hostMachine, { clock: new MachineClock(clock) }).start();
    actor.send({ type: 'STILL_UNCONFIRMED', confirmMs: 5000 });
    await clock.advance(4999);
    assert.equal(nameOf(actor.getSnapshot()), 'unconfirmed');
    await clock.advance(1);
    assert.equal(nameOf(actor.getSnapshot()), 'undoing');
  });
});
