import assert from 'node:assert/strict';
import { once } from 'node:events';
import fc from 'fast-check';
import type { NvaEvent } from '../../../../src/model/observation.js';
import { EventMerge, type Teller } from '../../../../src/nva/replicas/event-merge.js';
import { settle } from '../../../support/fake-clock.js';
import { nvaEvent } from '../../../support/nva-events.js';

describe('nva/event-merge', () => {
  let stop: AbortController;
  let merge: EventMerge;

  beforeEach(() => {
    stop = new AbortController();
    merge = new EventMerge(stop.signal);
  });

  const all = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { resource } of merge.read()) found.push(resource);
    return found;
  };
  const tells =
    (name: string, times: readonly number[]) =>
    async (teller: Teller): Promise<void> => {
      for (const at of times) await teller.tell(nvaEvent(`${name}${at}`, at));
    };
  const opened = (): (() => Promise<string>) => {
    const reading = merge.read();
    return async () => {
      const read = await reading.next();
      return read.done === true ? 'the end' : read.value.resource;
    };
  };

  it('orders by time what each remembers', async () => {
    merge.add(true, tells('a', [1, 4, 5]));
    merge.add(true, tells('b', [2, 3, 6]));
    assert.deepEqual(await all(), ['a1', 'b2', 'b3', 'a4', 'a5', 'b6']);
    await merge.ended();
  });

  it('tells all of it, each in its own order, and by time where each is', async () => {
    const times = fc.array(fc.nat({ max: 50 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(fc.array(times, { maxLength: 5 }), async (lists) => {
        merge = new EventMerge(stop.signal);
        for (const [i, list] of lists.entries()) {
          const sorted = [...list].sort((a, b) => a - b);
          merge.add(true, tells(`${i}-`, sorted));
        }
        const found = (await all()).map((name) => name.split('-').map(Number));
        const expected = lists.flat().sort((a, b) => a - b);
        assert.deepEqual(
          found.map(([, at]) => at),
          expected,
        );
      }),
      { numRuns: 100 },
    );
  });

  it('waits for all that remember, and for nobody who has told it', async () => {
    const next = opened();
    let slow: Teller | undefined;
    merge.add(true, tells('a', [5]));
    merge.add(true, (teller) => {
      slow = teller;
      return new Promise(() => undefined);
    });
    const first = next();
    let isTold = false;
    void first.then(() => (isTold = true));
    await settle();
    assert.equal(isTold, false);
    slow?.remembered();
    assert.equal(await first, 'a5');
  });

  it('tells what comes later in the order in which it comes, whatever its time', async () => {
    const tellers: Teller[] = [];
    for (let i = 0; i < 2; i++) {
      merge.add(true, (teller) => {
        tellers.push(teller);
        teller.remembered();
        return new Promise(() => undefined);
      });
    }
    const next = opened();
    void tellers[1]?.tell(nvaEvent('late', 9));
    void tellers[0]?.tell(nvaEvent('early', 1));
    assert.deepEqual([await next(), await next()], ['late', 'early']);
  });

  it('holds one event of each, however slow the reader is', async () => {
    let told = 0;
    merge.add(false, async (teller) => {
      for (;;) {
        await teller.tell(nvaEvent(`e${told++}`));
        if (stop.signal.aborted) return;
      }
    });
    await settle();
    assert.equal(told, 1);
    const next = opened();
    assert.deepEqual([await next(), await next()], ['e0', 'e1']);
    await settle();
    assert.equal(told, 3);
    stop.abort();
    await merge.ended();
    assert.equal(await next(), 'the end');
  });

  it('ends with its reader, who waits, and with what waits for it', async () => {
    const next = opened();
    merge.add(true, async (teller) => {
      await teller.tell(nvaEvent('a'));
    });
    merge.add(true, async () => {
      await once(stop.signal, 'abort');
    });
    const waiting = next();
    await settle();
    stop.abort();
    assert.equal(await waiting, 'the end');
    await merge.ended();
  });

  it('fails with what one of them fails with', async () => {
    merge.add(true, () => Promise.reject(new Error('broken')));
    merge.add(true, tells('a', [1]));
    await assert.rejects(all(), /broken/);
  });

  it('ends when nobody tells', async () => {
    const events: NvaEvent[] = [];
    for await (const event of merge.read()) events.push(event);
    assert.deepEqual(events, []);
  });
});
