import assert from 'node:assert/strict';
import { createActor } from 'xstate';
import { nicMachine, type NicEvent } from '../../../src/statemachine/nic.js';

const TYPES = [
  'SEEN_WITH_KERNEL',
  'SEEN_WITH_VFIO',
  'SEEN_WITHOUT_DRIVER',
  'NOT_SEEN',
  'BIND',
  'RESTORE',
  'DONE',
  'FAILED',
  'HUNG',
  'FREED',
] as const satisfies NicEvent['type'][];

function stateAfter(path: readonly NicEvent['type'][]): string {
  const actor = createActor(nicMachine).start();
  for (const type of path) actor.send({ type });
  return actor.getSnapshot().value;
}

/** From each state: what each event leads to. */
function explore(): Map<string, Map<NicEvent['type'], string>> {
  const found = new Map<string, Map<NicEvent['type'], string>>();
  const queue: NicEvent['type'][][] = [[]];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    const state = stateAfter(path);
    if (found.has(state)) continue;
    const actor = createActor(nicMachine).start();
    for (const type of path) actor.send({ type });
    const types = TYPES.filter((type) => actor.getSnapshot().can({ type }));
    found.set(state, new Map(types.map((type) => [type, stateAfter([...path, type])])));
    for (const type of types) queue.push([...path, type]);
  }
  return found;
}

describe('the NIC machine', () => {
  const graph = explore();

  it('reaches every state', () => {
    assert.deepEqual([...graph.keys()].sort(), [
      'absent',
      'binding',
      'driverless',
      'kernel',
      'restoring',
      'stuck',
      'unknown',
      'vfio',
    ]);
  });

  it('never leaves a NIC without a driver for good', () => {
    for (const state of ['driverless', 'stuck', 'binding', 'restoring']) {
      const reached = new Set([state]);
      for (const from of reached) for (const to of graph.get(from)?.values() ?? []) reached.add(to);
      assert.ok(reached.has('kernel'), state);
    }
    assert.equal(graph.get('driverless')?.get('RESTORE'), 'restoring');
    assert.equal(graph.get('stuck')?.get('FREED'), 'restoring');
  });

  it('gives a NIC back when it could not be taken', () => {
    assert.equal(graph.get('binding')?.get('FAILED'), 'restoring');
  });

  it('comes to VFIO by binding only, or by being seen there', () => {
    for (const [from, next] of graph) {
      for (const [type, to] of next) {
        if (to !== 'vfio') continue;
        assert.ok(type === 'SEEN_WITH_VFIO' || (from === 'binding' && type === 'DONE'));
      }
    }
  });
});
