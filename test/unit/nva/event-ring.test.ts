import assert from 'node:assert/strict';
import { EventRing, MAX_EVENTS, type NewEvent } from '../../../src/nva/event-ring.js';
import type { EventsRequest, NvaEvent } from '../../../src/model/observation.js';

const TIME = '2026-01-02T03:04:05.678Z';
const ALL: EventsRequest = { follow: false, kinds: [], tenant: '', resource: '' };
const event = (resource: string, more: Partial<NewEvent> = {}): NewEvent => ({
  ...{ kind: 'CREATED', resource, tenant: 'blue', who: 'user/alice' },
  ...{ nve: '', revision: 1, code: '', message: '', traceId: '' },
  ...more,
});

describe('the ring of events', () => {
  let ring: EventRing;
  let stop: AbortController;

  beforeEach(() => {
    ring = new EventRing();
    stop = new AbortController();
  });

  const read = async (request: Partial<EventsRequest> = {}): Promise<NvaEvent[]> => {
    const found: NvaEvent[] = [];
    for await (const each of ring.read({ ...ALL, ...request }, stop.signal)) found.push(each);
    return found;
  };
  const names = (events: readonly NvaEvent[]): string[] => events.map(({ resource }) => resource);

  it('has what happened, in order, and ends there', async () => {
    assert.deepEqual(await read(), []);
    ring.add(event('endpoints/a'), TIME);
    ring.add(event('endpoints/b'), TIME);
    const found = await read();
    assert.deepEqual(names(found), ['endpoints/a', 'endpoints/b']);
    assert.deepEqual(
      found.map(({ sequence, time }) => [sequence, time]),
      [
        [1, TIME],
        [2, TIME],
      ],
    );
  });

  it('can be asked for some', async () => {
    ring.add(event('endpoints/a'), TIME);
    ring.add(event('endpoints/b', { tenant: 'red' }), TIME);
    ring.add(event('nves/x', { tenant: '', kind: 'NVE_LOST' }), TIME);
    ring.add(event('networks/gone', { tenant: undefined, kind: 'DELETED' }), TIME);
    assert.deepEqual(names(await read({ tenant: 'red' })), ['endpoints/b']);
    assert.deepEqual(names(await read({ resource: 'endpoints/a' })), ['endpoints/a']);
    assert.deepEqual(names(await read({ kinds: ['NVE_LOST', 'DELETED'] })), [
      'nves/x',
      'networks/gone',
    ]);
  });

  it('forgets the oldest', async () => {
    for (let i = 1; i <= MAX_EVENTS + 5; i++) ring.add(event(`endpoints/e${i}`), TIME);
    const found = await read();
    assert.equal(found.length, MAX_EVENTS);
    assert.deepEqual([found[0]?.sequence, found.at(-1)?.sequence], [6, MAX_EVENTS + 5]);
  });

  it('goes on with what happens, and tells a slow reader what it missed', async () => {
    const reading = ring.read({ ...ALL, follow: true }, stop.signal);
    const next = async (): Promise<NvaEvent> => {
      const read = await reading.next();
      assert.ok(read.done !== true);
      return read.value;
    };
    const first = next();
    ring.add(event('endpoints/a'), TIME);
    assert.equal((await first).resource, 'endpoints/a');
    for (let i = 1; i <= MAX_EVENTS + 7; i++) ring.add(event(`endpoints/e${i}`), TIME);
    const told = await next();
    assert.deepEqual(
      [told.kind, told.message],
      ['MISSED', '7 events came faster than they were read'],
    );
    assert.equal((await next()).resource, 'endpoints/e8');
    stop.abort();
    await reading.return(undefined);
  });

  it('ends with its reader, who waits for news', async () => {
    const reading = ring.read({ ...ALL, follow: true }, stop.signal);
    const next = reading.next();
    stop.abort();
    assert.equal((await next).done, true);
  });
});
