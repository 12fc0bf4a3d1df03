import assert from 'node:assert/strict';
import {
  EventRing,
  isWanted,
  MAX_EVENTS,
  type Placed,
} from '../../../../src/nva/observing/event-ring.js';
import type { EventsRequest } from '../../../../src/model/observation.js';
import { ALL_EVENTS, nvaEvent } from '../../../support/nva-events.js';

describe('the ring of events', () => {
  let ring: EventRing;
  let stop: AbortController;

  beforeEach(() => {
    ring = new EventRing();
    stop = new AbortController();
  });

  const read = async (after?: number): Promise<Placed[]> => {
    const found: Placed[] = [];
    for await (const each of ring.read(false, stop.signal, after)) found.push(each);
    return found;
  };
  const places = (found: readonly Placed[]): string[] =>
    found.map(({ position, event }) => `${position} ${event?.resource ?? 'that is all'}`);
  const add = (from: number, to: number): void => {
    for (let i = from; i <= to; i++) ring.add(nvaEvent(`e${i}`));
  };

  it('has what happened, in order, and ends there', async () => {
    assert.deepEqual(places(await read()), ['0 that is all']);
    add(1, 2);
    assert.equal(ring.next, 3);
    assert.deepEqual(places(await read()), ['1 e1', '2 e2', '2 that is all']);
  });

  it('forgets the oldest, which who comes then is not told', async () => {
    add(1, MAX_EVENTS + 5);
    const found = places(await read());
    assert.equal(found.length, MAX_EVENTS + 1);
    assert.deepEqual([found[0], ...found.slice(-2)], ['6 e6', '10005 e10005', '10005 that is all']);
  });

  const RESUMED: readonly (readonly [title: string, after: number, first: readonly string[]])[] = [
    ['where it was', 10_003, ['10004 e10004', '10005 e10005', '10005 that is all']],
    ['with nothing new', 10_005, ['10005 that is all']],
    ['beyond what there is', 20_000, ['10005 that is all']],
    ['just where it is remembered', 5, ['6 e6', '7 e7', '8 e8']],
    ['where it is forgotten', 1, ['5 ', '6 e6', '7 e7']],
    ['where there was nothing yet', 0, ['5 ', '6 e6', '7 e7']],
  ];
  for (const [title, after, first] of RESUMED) {
    it(`goes on ${title}`, async () => {
      add(1, MAX_EVENTS + 5);
      const found = await read(after);
      assert.deepEqual(places(found).slice(0, 3), first);
      if (after < 5) {
        assert.deepEqual(
          [found[0]?.event?.kind, found[0]?.event?.message],
          ['MISSED', `${5 - after} events came faster than they were read`],
        );
      }
    });
  }

  it('goes on with what happens, and tells a slow reader what it missed', async () => {
    const reading = ring.read(true, stop.signal);
    const next = async (): Promise<Placed> => {
      const read = await reading.next();
      assert.ok(read.done !== true);
      return read.value;
    };
    assert.equal((await next()).event, undefined);
    const first = next();
    add(1, 1);
    assert.equal((await first).event?.resource, 'e1');
    add(2, MAX_EVENTS + 8);
    const { position, event } = await next();
    assert.deepEqual(
      [position, event?.kind, event?.message, event?.sequence],
      [8, 'MISSED', '7 events came faster than they were read', 0],
    );
    assert.equal((await next()).event?.resource, 'e9');
    stop.abort();
    await reading.return(undefined);
  });

  it('ends with its reader, who waits for news', async () => {
    const reading = ring.read(true, stop.signal);
    await reading.next();
    const next = reading.next();
    stop.abort();
    assert.equal((await next).done, true);
  });
});

describe('wanted events', () => {
  const EVENTS = [
    nvaEvent('endpoints/a', 0, { kind: 'CREATED', tenant: 'blue' }),
    nvaEvent('endpoints/b', 0, { kind: 'CREATED', tenant: 'red' }),
    nvaEvent('nves/x'),
    nvaEvent('networks/gone', 0, { kind: 'DELETED', tenant: undefined }),
    nvaEvent('', 0, { kind: 'MISSED' }),
  ];
  const rows: readonly (readonly [Partial<EventsRequest>, readonly number[]])[] = [
    [{}, [0, 1, 2, 3, 4]],
    [{ tenant: 'red' }, [1, 4]],
    [{ resource: 'endpoints/a' }, [0, 4]],
    [{ kinds: ['NVE_LOST', 'DELETED'] }, [2, 3, 4]],
    [{ kinds: ['CREATED'], tenant: 'blue', resource: 'endpoints/b' }, [4]],
  ];
  for (const [request, wanted] of rows) {
    it(`are those of ${JSON.stringify(request)}, and what was missed`, () => {
      const found = EVENTS.filter((event) => isWanted(event, { ...ALL_EVENTS, ...request }));
      assert.deepEqual(
        found,
        wanted.map((i) => EVENTS[i]),
      );
    });
  }
});
