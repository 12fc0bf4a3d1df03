import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { Ring } from '../../../../src/vpp-api/ffi/ring.js';

const BYTES = 256;

/** Writes as the thread that reads does. @returns false: no room */
function put(ring: Ring, message: Buffer): boolean {
  const place = ring.reserve(message.length);
  if (place === undefined) return false;
  message.copy(Buffer.from(ring.memory, Ring.origin + place, message.length));
  ring.commit(place, message.length, false);
  return true;
}

/** A thread that takes one message after the other, with a millisecond between them. */
async function startTaker(memory: SharedArrayBuffer): Promise<Worker> {
  const module = new URL('../../../../src/vpp-api/ffi/ring.js', import.meta.url).href;
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(${JSON.stringify(module)}).then(({ Ring }) => {
      const ring = new Ring(workerData);
      parentPort.postMessage('ready');
      setInterval(() => ring.drain(1, () => undefined), 1);
    });`;
  const worker = new Worker(code, { eval: true, workerData: memory });
  await once(worker, 'message');
  return worker;
}

function takeAll(ring: Ring, max: number): Buffer[] {
  const taken: Buffer[] = [];
  ring.drain(max, (message) => taken.push(Buffer.from(message)));
  return taken;
}

describe('Ring', () => {
  it('hands on every message once, whole and in order, whatever the sizes', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: BYTES / 2 - 8 }), { maxLength: 40 });
    const turns = fc.array(fc.nat(5), { minLength: 200, maxLength: 200 });
    fc.assert(
      fc.property(messages, turns, (sent, takes) => {
        const ring = new Ring(Ring.allocate(BYTES));
        const got: Buffer[] = [];
        const waiting = sent.map((bytes) => Buffer.from(bytes));
        for (const take of takes) {
          const [next] = waiting;
          if (next !== undefined && put(ring, next)) waiting.shift();
          got.push(...takeAll(ring, take));
        }
        for (const message of waiting) {
          got.push(...takeAll(ring, 100));
          assert.ok(put(ring, message), 'an empty ring has room for any message');
        }
        got.push(...takeAll(ring, 100));
        assert.deepEqual(
          got,
          sent.map((bytes) => Buffer.from(bytes)),
        );
      }),
    );
  });

  it('has room for the longest message wherever it is empty', () => {
    const ring = new Ring(Ring.allocate(BYTES));
    for (let i = 0; i < 3 * BYTES; i++) {
      assert.ok(put(ring, Buffer.alloc(i % 5)));
      assert.equal(takeAll(ring, 1).length, 1);
      assert.ok(put(ring, Buffer.alloc(ring.maxMessageBytes)), String(i));
      assert.equal(takeAll(ring, 1).length, 1);
    }
  });

  it('refuses what it has no room for, and keeps what it has', () => {
    const ring = new Ring(Ring.allocate(BYTES));
    const message = Buffer.alloc(ring.maxMessageBytes, 7);
    assert.ok(put(ring, message));
    assert.ok(put(ring, message));
    assert.equal(put(ring, Buffer.alloc(16)), false);
    assert.deepEqual(takeAll(ring, 9), [message, message]);
  });

  it('waits for as much room as a message needs, not only for the first that is made', async () => {
    const ring = new Ring(Ring.allocate(BYTES));
    while (put(ring, Buffer.alloc(4)));
    const taker = await startTaker(ring.memory);
    try {
      assert.equal(typeof ring.reserveWithin(ring.maxMessageBytes, 10_000), 'number');
    } finally {
      await taker.terminate();
    }
  });

  it('waits no longer than it is told to', () => {
    const ring = new Ring(Ring.allocate(BYTES));
    while (put(ring, Buffer.alloc(4)));
    assert.equal(ring.reserveWithin(4, 1), undefined);
  });

  it('tells the writer once that the reader sleeps', () => {
    const ring = new Ring(Ring.allocate(BYTES));
    assert.ok(ring.sleep());
    assert.equal(ring.commit(ring.reserve(4) ?? 0, 4, false), true);
    assert.equal(ring.commit(ring.reserve(4) ?? 0, 4, false), false);
    assert.equal(ring.sleep(), false, 'there is something to take');
    takeAll(ring, 2);
    assert.ok(ring.sleep());
  });

  it('counts answers, and nothing else', () => {
    const ring = new Ring(Ring.allocate(BYTES));
    for (const isAnswer of [true, false, true]) ring.commit(ring.reserve(4) ?? 0, 4, isAnswer);
    assert.equal(ring.count, 2);
  });

  it('goes on after a message that its taker failed at', () => {
    const ring = new Ring(Ring.allocate(BYTES));
    put(ring, Buffer.from([1]));
    put(ring, Buffer.from([2]));
    assert.throws(() =>
      ring.drain(2, () => {
        throw new Error('no');
      }),
    );
    assert.deepEqual(takeAll(ring, 2), [Buffer.from([2])]);
  });
});
