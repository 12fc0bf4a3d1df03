import assert from 'node:assert/strict';
import { initialTransition, transition, type SnapshotFrom } from 'xstate';
import { endpointMachine, type EndpointEvent } from '../../../src/statemachine/endpoint.js';

type EventType = EndpointEvent['type'];
const INPUT = { cause: 'CREATE', migrationId: '' } as const;

function after(events: readonly EventType[], input = INPUT): SnapshotFrom<typeof endpointMachine> {
  let [snapshot] = initialTransition(endpointMachine, input);
  for (const type of events) [snapshot] = transition(endpointMachine, snapshot, { type });
  return snapshot;
}

/** RFC 8394 §3.2, figure 6: where each report leads from each state. */
const TABLE: readonly [from: readonly EventType[], state: string, to: Record<EventType, string>][] =
  [
    [[], 'INIT', { HELD: 'ASSOCIATED', FORWARDS: 'ACTIVATED', GONE: 'INIT' }],
    [['HELD'], 'ASSOCIATED', { HELD: 'ASSOCIATED', FORWARDS: 'ACTIVATED', GONE: 'INIT' }],
    [['FORWARDS'], 'ACTIVATED', { HELD: 'ASSOCIATED', FORWARDS: 'ACTIVATED', GONE: 'INIT' }],
  ];

describe('an endpoint on one NVE', () => {
  for (const [events, state, row] of TABLE) {
    it(`is ${state} after ${events.join() || 'nothing'}`, () => {
      assert.equal(after(events).value, state);
    });
    for (const type of ['HELD', 'FORWARDS', 'GONE'] as const) {
      it(`${state}: ${type} leads to ${row[type]}`, () => {
        assert.equal(after([...events, type]).value, row[type]);
      });
    }
  }

  const causes: readonly [events: readonly EventType[], cause: string][] = [
    [[], 'CREATE'],
    [['FORWARDS'], 'CREATE'],
    [['HELD', 'FORWARDS'], 'CREATE'],
    [['FORWARDS', 'HELD'], 'CREATE'],
    [['FORWARDS', 'HELD', 'FORWARDS'], 'RESUME'],
    [['FORWARDS', 'HELD', 'GONE', 'FORWARDS'], 'CREATE'],
  ];
  for (const [events, cause] of causes) {
    it(`has the cause ${cause} after ${events.join(', ') || 'nothing'}`, () => {
      assert.equal(after(events).context.cause, cause);
    });
  }

  it('keeps the migration that brought it', () => {
    const input = { cause: 'MIGRATE', migrationId: 'm-1' } as const;
    const [snapshot] = initialTransition(endpointMachine, input);
    const [held] = transition(endpointMachine, snapshot, { type: 'HELD' });
    const [active] = transition(endpointMachine, held, { type: 'FORWARDS' });
    assert.deepEqual([active.value, active.context.cause], ['ACTIVATED', 'MIGRATE']);
    assert.equal(active.context.migrationId, 'm-1');
  });
});
