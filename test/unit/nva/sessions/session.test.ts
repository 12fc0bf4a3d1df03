/** Sessions of many NVEs that lack much: each sends in turns with the others. */
import assert from 'node:assert/strict';
import type { Item } from '../../../../src/model/item.js';
import { MAX_ENTRIES, type FromNve } from '../../../../src/model/southbound.js';
import { CompiledItem } from '../../../../src/nva/compiler/items.js';
import { EventLoopTurns } from '../../../../src/nva/sessions/event-loop-turns.js';
import { settle } from '../../../support/fake-clock.js';
import { fakeStream } from '../../../support/fake-stream.js';
import { sessionOf } from '../../../support/session-of.js';

const ignore = (): void => undefined;

/** One that the NVE came to with nothing. */
function sessionWith(items: readonly Item[], turns: Pick<EventLoopTurns, 'take'>) {
  const { stream, sent } = fakeStream();
  return { session: sessionOf(stream, items, turns), sent, stream };
}

const items = (count: number): Item[] =>
  Array.from({ length: count }, (_, n) => {
    return new CompiledItem({ kind: 'flood_member', vni: 1, remote: `10.0.${n >> 8}.${n & 255}` });
  });

describe('a session with an NVE that lacks much', () => {
  for (const [count, turns] of [
    [1, 0],
    [100, 0],
    [101, 1],
    // What is left for the last delta is little.
    [MAX_ENTRIES + 1, 1],
    [2 * MAX_ENTRIES, 2],
  ] as const) {
    it(`takes ${turns} turns for ${count} items`, async () => {
      let taken = 0;
      const take = (): Promise<void> => {
        taken++;
        return Promise.resolve();
      };
      const { session, sent, stream } = sessionWith(items(count), { take });
      const ran = session.run();
      await settle();
      stream.end();
      await ran;
      assert.equal(taken, turns);
      assert.equal(sent.length, Math.ceil(count / MAX_ENTRIES));
    });
  }

  it('lets others have theirs in between, however many there are', async () => {
    const turns = new EventLoopTurns();
    const all = Array.from({ length: 20 }, () => sessionWith(items(500), turns));
    let atMost = 0;
    let before = 0;
    const look = (): void => {
      const now = all.reduce((sum, { sent }) => sum + sent.length, 0);
      atMost = Math.max(atMost, now - before);
      before = now;
      if (now < all.length) setImmediate(look);
    };
    setImmediate(look);
    const ran = all.map(({ session }) => session.run());
    while (before < all.length) await settle();
    assert.equal(atMost, 1);
    for (const { stream } of all) stream.end();
    await Promise.all(ran);
  });

  it('sends nothing more when it is over before its turn comes', async () => {
    let go: () => void = ignore;
    const take = (): Promise<void> => new Promise((resolve) => (go = resolve));
    const { session, sent, stream } = sessionWith(items(500), { take });
    const ran = session.run();
    await settle();
    stream.end();
    go();
    await ran;
    assert.deepEqual(sent, []);
  });
});

describe('a session with an NVE that has heard of a later revision than the store is at', () => {
  const reports = (settledRevision: number): FromNve => {
    return { kind: 'item_reports', epoch: 1, entries: [], settledRevision };
  };
  /** The store is at revision 1. */
  const ranWith = async (lacking: readonly Item[] | undefined, ...said: readonly FromNve[]) => {
    const { stream } = fakeStream(...said);
    const session = sessionOf(stream, lacking, new EventLoopTurns(), 63);
    const ran = session.run();
    await settle();
    stream.end();
    await ran;
    return session.progress;
  };
  const lacking = items(1);

  it('takes its word that all it was sent is tried', async () => {
    const { counts, idle } = await ranWith(lacking, reports(1));
    assert.deepEqual([counts, idle], [{ wanted: 1, applied: 1, failed: 0 }, true]);
  });

  it('takes no revision that it was not sent for one that it has tried', async () => {
    const { counts, idle } = await ranWith(lacking, reports(63));
    assert.deepEqual([counts, idle], [{ wanted: 1, applied: 0, failed: 0 }, false]);
  });

  it('takes it for what it held, where that is what it should have', async () => {
    const { settledRevision, idle } = await ranWith(undefined, reports(63));
    assert.deepEqual([settledRevision, idle], [1, true]);
  });
});
