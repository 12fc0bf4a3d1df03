import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { NfvError } from '../../../../src/errors.js';
import { EventQueue, type VppEvent } from '../../../../src/vpp-api/client/event-queue.js';

async function all(queue: EventQueue): Promise<VppEvent[]> {
  const events: VppEvent[] = [];
  for await (const event of queue.read()) events.push(event);
  return events;
}

const event = (n: number): VppEvent => ({ kind: 'event', name: 'e', fields: { n } });

describe('EventQueue', () => {
  it('gives what came before its end, then ends', async () => {
    const queue = new EventQueue(4);
    const reader = all(queue);
    queue.push('e', { n: 1 });
    queue.push('e', { n: 2 });
    queue.end();
    assert.deepEqual(await reader, [event(1), event(2)]);
  });

  it('fails with what ended it, after what came before', async () => {
    const queue = new EventQueue(4);
    queue.push('e', { n: 1 });
    queue.end(new NfvError('SHUTTING_DOWN', 'over'));
    const reader = queue.read();
    assert.deepEqual((await reader.next()).value, event(1));
    await assert.rejects(reader.next(), { code: 'SHUTTING_DOWN' });
  });

  it('gives each event to one of two readers, and ends both', async () => {
    const queue = new EventQueue(4);
    const readers = [all(queue), all(queue)];
    // Both wait by then.
    await new Promise((resolve) => setImmediate(resolve));
    for (const n of [1, 2, 3]) queue.push('e', { n });
    queue.end();
    const events = (await Promise.all(readers)).flat();
    assert.equal(events.length, 3);
    for (const n of [1, 2, 3]) assert.ok(events.some((each) => isDeepStrictEqual(each, event(n))));
  });

  it('drops what it has no room for, and says how much', async () => {
    const queue = new EventQueue(2);
    for (const n of [1, 2, 3, 4]) queue.push('e', { n });
    queue.end();
    const gap: VppEvent = { kind: 'gap', reason: 'overflow', dropped: 2 };
    assert.deepEqual(await all(queue), [event(1), event(2), gap]);
  });
});
