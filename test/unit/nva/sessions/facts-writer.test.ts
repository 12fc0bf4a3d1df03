import assert from 'node:assert/strict';
import { FACTS_PAUSE_MS, FactsWriter } from '../../../../src/nva/sessions/facts-writer.js';
import { FakeClock, settle } from '../../../support/fake-clock.js';

function bench() {
  const clock = new FakeClock();
  const over = new AbortController();
  const written: number[] = [];
  const writer = new FactsWriter<number>(
    (facts) => {
      written.push(facts);
      return Promise.resolve();
    },
    clock,
    over.signal,
  );
  return { clock, over, written, writer };
}

describe('what an NVE says of its host', () => {
  it('is written at once, and then once a pause, the latest of it', async () => {
    const { clock, written, writer } = bench();
    for (let n = 1; n <= 1000; n++) writer.tell(n);
    await settle();
    assert.deepEqual(written, [1]);
    await clock.advance(FACTS_PAUSE_MS - 1);
    assert.deepEqual(written, [1]);
    await clock.advance(1);
    assert.deepEqual(written, [1, 1000]);
  });

  it('is written at once again after a pause with nothing', async () => {
    const { clock, written, writer } = bench();
    writer.tell(1);
    await settle();
    await clock.advance(FACTS_PAUSE_MS);
    writer.tell(2);
    await settle();
    assert.deepEqual(written, [1, 2]);
  });

  it('is not written any more when its session is over, and leaves no timer', async () => {
    const { clock, over, written, writer } = bench();
    writer.tell(1);
    writer.tell(2);
    await settle();
    over.abort();
    assert.equal(clock.pending, 0);
    writer.tell(3);
    await clock.advance(FACTS_PAUSE_MS);
    assert.deepEqual(written, [1]);
  });

  it('leaves no timer when its session ends in the middle of a write', async () => {
    const { clock, over, writer } = bench();
    writer.tell(1);
    over.abort();
    await settle();
    assert.equal(clock.pending, 0);
  });
});
