import assert from 'node:assert/strict';
import { EventLoopTurns } from '../../../../src/nva/sessions/event-loop-turns.js';

describe('turns of the event loop', () => {
  it('are given one by one, in order, with the work of others in between', async () => {
    const turns = new EventLoopTurns();
    const order: string[] = [];
    let go = true;
    const other = (): void => {
      order.push('other');
      if (go) setImmediate(other);
    };
    setImmediate(other);
    await Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        await turns.take();
        order.push(name);
      }),
    );
    go = false;
    const mine = order.filter((entry) => entry !== 'other');
    assert.deepEqual(mine, ['a', 'b', 'c']);
    assert.ok(order.slice(order.indexOf('a'), order.indexOf('b')).includes('other'), order.join());
    assert.ok(order.slice(order.indexOf('b'), order.indexOf('c')).includes('other'), order.join());
  });
});
