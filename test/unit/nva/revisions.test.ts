import assert from 'node:assert/strict';
import { Revisions } from '../../../src/nva/revisions.js';
import { settle } from '../../support/fake-clock.js';
import { usesOf } from '../../support/uses-of-signal.js';

const never = new AbortController().signal;

describe('waiting for a revision', () => {
  /** Which of the promises have settled. */
  async function settled(promises: readonly Promise<void>[]): Promise<number[]> {
    const done: number[] = [];
    for (const [i, promise] of promises.entries()) void promise.then(() => done.push(i));
    await settle();
    return done.sort();
  }

  it('lets go of those whose revision has come, and of no others', async () => {
    const revisions = new Revisions();
    revisions.advance(5);
    const waiting = [4, 5, 6, 8].map((revision) => revisions.reached(revision, never));
    assert.deepEqual(await settled(waiting), [0, 1]);
    revisions.advance(7);
    assert.deepEqual(await settled(waiting), [0, 1, 2]);
    revisions.advance(8);
    assert.deepEqual(await settled(waiting), [0, 1, 2, 3]);
  });

  it('never goes back', async () => {
    const revisions = new Revisions();
    revisions.advance(5);
    revisions.advance(3);
    assert.deepEqual(await settled([revisions.reached(5, never)]), [0]);
  });

  it('ends with the signal', async () => {
    const revisions = new Revisions();
    const stop = new AbortController();
    const waiting = [revisions.reached(1, stop.signal), revisions.reached(1, never)];
    stop.abort();
    assert.deepEqual(await settled(waiting), [0]);
    assert.deepEqual(await settled([revisions.reached(1, stop.signal)]), [0]);
  });

  it('ends with any of several signals, and leaves nothing on the others', async () => {
    const revisions = new Revisions();
    const [call, other, stop] = [0, 1, 2].map(() => new AbortController());
    assert.ok(call !== undefined && other !== undefined && stop !== undefined);
    const waiting = [
      revisions.reached(1, call.signal, stop.signal),
      revisions.reached(1, other.signal, stop.signal),
    ];
    call.abort();
    assert.deepEqual(await settled(waiting), [0]);
    assert.equal(usesOf(stop.signal), 1);
    assert.deepEqual(await settled([revisions.reached(1, stop.signal, call.signal)]), [0]);
    revisions.advance(1);
    assert.deepEqual([usesOf(stop.signal), usesOf(other.signal)], [0, 0]);
  });
});
