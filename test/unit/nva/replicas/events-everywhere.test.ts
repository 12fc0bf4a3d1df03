/** What happened at all replicas: one that is asked brings it together. */
import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import type { EventsRequest, NvaEvent } from '../../../../src/model/observation.js';
import { EventRing, MAX_EVENTS } from '../../../../src/nva/observing/event-ring.js';
import { EventsEverywhere } from '../../../../src/nva/replicas/events-everywhere.js';
import { MAX_STREAMS, OtherReplicas } from '../../../../src/nva/replicas/other-replicas.js';
import { FakeClock, settle } from '../../../support/fake-clock.js';
import { MemoryLog } from '../../../support/null-log.js';
import { ALL_EVENTS, nvaEvent, TellingReplica } from '../../../support/nva-events.js';

const [B, C] = ['unix:/b', 'unix:/c'];

/** Reads on as long as it may, and keeps what it was told. */
class Listener {
  readonly told: string[] = [];
  readonly events: NvaEvent[] = [];
  readonly ended: Promise<void>;
  readonly #stop = new AbortController();

  constructor(everywhere: EventsEverywhere, request: EventsRequest) {
    this.ended = this.#read(everywhere.read(request, { signal: this.#stop.signal }));
  }

  async #read(events: AsyncIterable<NvaEvent>): Promise<void> {
    for await (const event of events) {
      this.events.push(event);
      this.told.push(event.kind === 'MISSED' ? `${event.kind} ${event.code}` : event.resource);
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }
}

/** What who listened is told that B has forgotten three meanwhile. */
function missedThree(missed: NvaEvent | undefined): void {
  assert.deepEqual(
    [missed?.kind, missed?.code, missed?.replica, missed?.message],
    ['MISSED', '', B, '3 events came faster than they were read'],
  );
}

describe('nva/events-everywhere', () => {
  let clock: FakeClock;
  let log: MemoryLog;
  let own: EventRing;
  let b: TellingReplica;
  let c: TellingReplica;
  let addresses: Map<string, string>;
  const callbacks = new Set<() => void>();
  let others: OtherReplicas;
  let everywhere: EventsEverywhere;
  let stop: AbortController;

  beforeEach(() => {
    clock = new FakeClock();
    log = new MemoryLog();
    own = new EventRing();
    [b, c] = [new TellingReplica(), new TellingReplica()];
    const at = new Map([
      [B, b],
      [C, c],
    ]);
    // One that was started again is known twice for a while.
    addresses = new Map([
      ['b', B],
      ['b-before', B],
      ['c', C],
    ]);
    callbacks.clear();
    stop = new AbortController();
    others = new OtherReplicas({
      ...{ clock, log, stop: stop.signal },
      peers: {
        addresses: () => addresses,
        onChange(callback) {
          callbacks.add(callback);
          return () => callbacks.delete(callback);
        },
      },
      access: {
        at(address) {
          const replica = at.get(address);
          if (replica === undefined) throw new NfvError('NVA_UNREACHABLE', `no ${address}`);
          return replica.api;
        },
      },
    });
    everywhere = new EventsEverywhere({ clock, all: own, others });
  });
  afterEach(() => {
    stop.abort();
    assert.deepEqual([b.underWay, c.underWay, callbacks.size, clock.pending], [0, 0, 0, 0]);
  });

  const remembered = async (request: Partial<EventsRequest> = {}): Promise<Listener> => {
    const listener = new Listener(everywhere, { ...ALL_EVENTS, ...request });
    await listener.ended;
    return listener;
  };
  const following = async (request: Partial<EventsRequest> = {}): Promise<Listener> => {
    const listener = new Listener(everywhere, { ...ALL_EVENTS, follow: true, ...request });
    await settle();
    return listener;
  };
  const storeHas = async (more: readonly (readonly [string, string])[]): Promise<void> => {
    addresses = new Map(more);
    for (const callback of callbacks) callback();
    await settle();
  };
  const lines = (): string[] => log.lines.map(({ level, message }) => `${level} ${message}`);

  it('tells what all remember, in the order of time, with the replica of each', async () => {
    own.add(nvaEvent('nves/own', 2, { replica: 'unix:/own' }));
    for (const [name, at] of [
      ['b1', 1],
      ['b4', 4],
    ] as const)
      b.ring.add(nvaEvent(name, at));
    c.ring.add(nvaEvent('c3', 3, { sequence: 7 }));
    const { events } = await remembered();
    assert.deepEqual(
      events.map(({ resource, replica, sequence }) => [resource, replica, sequence]),
      [
        ['b1', B, 1],
        ['nves/own', 'unix:/own', 1],
        ['c3', C, 7],
        ['b4', B, 1],
      ],
    );
    assert.deepEqual([b.asked.length, c.asked.length], [1, 1]);
  });

  it('tells of each what is asked for, and no more', async () => {
    b.ring.add(nvaEvent('endpoints/x', 1, { tenant: 'blue' }));
    b.ring.add(nvaEvent('endpoints/y', 2, { tenant: 'red' }));
    own.add(nvaEvent('endpoints/z', 3, { tenant: 'blue' }));
    assert.deepEqual((await remembered({ tenant: 'blue' })).told, ['endpoints/x', 'endpoints/z']);
    assert.deepEqual((await remembered({ resource: 'endpoints/y' })).told, ['endpoints/y']);
  });

  it('tells at the end of one that says nothing for 2 s, and the rest before', async () => {
    own.add(nvaEvent('own', 1));
    c.ring.add(nvaEvent('c', 2));
    b.hangs = true;
    const listener = new Listener(everywhere, ALL_EVENTS);
    await settle();
    assert.deepEqual([listener.told, clock.nextIn], [[], 2000]);
    await clock.advance(2000);
    await listener.ended;
    assert.deepEqual(listener.told, ['own', 'c', 'MISSED DEADLINE_EXCEEDED']);
    const { replica, message } = listener.events[2] ?? {};
    assert.deepEqual(
      [replica, message],
      [B, `what only this replica knows is not told: ${B}: no answer within 2000 ms`],
    );
    assert.deepEqual(lines(), ['warn another replica does not answer']);
  });

  it('tells of one that refuses, with its reason', async () => {
    b.fail(new NfvError('ACCESS_DENIED', 'no replica'));
    assert.deepEqual((await remembered()).told, ['MISSED ACCESS_DENIED']);
  });

  it('follows all, and leaves nothing under way when its reader goes', async () => {
    b.ring.add(nvaEvent('b1', 1));
    const listener = await following();
    own.add(nvaEvent('own2'));
    await settle();
    c.ring.add(nvaEvent('c3'));
    await settle();
    assert.deepEqual(listener.told, ['b1', 'own2', 'c3']);
    assert.deepEqual([b.underWay, c.underWay, callbacks.size], [1, 1, 1]);
    await listener.stop();
  });

  it('leaves nothing under way when its reader stops in the middle, or has gone before', async () => {
    for (const replica of [b, c]) for (let i = 0; i < 5; i++) replica.ring.add(nvaEvent('e', i));
    const signal = new AbortController().signal;
    const request = { ...ALL_EVENTS, follow: true };
    for await (const { resource } of everywhere.read(request, { signal })) {
      assert.equal(resource, 'e');
      break;
    }
    for await (const { resource } of everywhere.read(request, { signal: AbortSignal.abort() })) {
      assert.fail(resource);
    }
  });

  /** It has been heard for long enough: the next outage is another one. */
  async function tellsAnewAfter(ms: number, listener: Awaited<ReturnType<typeof following>>) {
    await clock.advance(ms);
    b.fail();
    await settle();
    assert.equal(listener.told.at(-1), 'MISSED NVA_UNREACHABLE');
    assert.equal(clock.nextIn, 250);
    await listener.stop();
  }

  it('goes on where it was with one that was away: nothing is told twice, and nothing is lost', async () => {
    b.ring.add(nvaEvent('b1'));
    const listener = await following();
    b.fail();
    await settle();
    assert.deepEqual(listener.told, ['b1', 'MISSED NVA_UNREACHABLE']);
    b.ring.add(nvaEvent('b2'));
    // It is told once of each outage, however often it is tried.
    for (const ms of [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]) {
      assert.equal(clock.nextIn, ms);
      await clock.advance(ms);
    }
    assert.equal(b.asked.length, 9);
    b.recover();
    await clock.advance(10_000);
    b.ring.add(nvaEvent('b3'));
    await settle();
    assert.deepEqual(listener.told, ['b1', 'MISSED NVA_UNREACHABLE', 'b2', 'b3']);
    assert.deepEqual(b.asked.at(-1), { follow: true, run: 'run-0', after: 1 });
    assert.deepEqual(lines(), [
      'warn another replica does not answer',
      'info another replica answers again',
    ]);
    await tellsAnewAfter(10_000, listener);
  });

  it('tells once of one that answers and fails again each time, and asks it ever less often', async () => {
    const listener = await following();
    for (const ms of [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]) {
      // It has been heard for a little less than what ends an outage.
      await clock.advance(9999);
      b.ring.add(nvaEvent('b'));
      await settle();
      b.fail();
      await settle();
      assert.equal(clock.nextIn, ms);
      b.recover();
      await clock.advance(ms);
    }
    assert.deepEqual(listener.told, ['b', 'MISSED NVA_UNREACHABLE', ...Array<string>(7).fill('b')]);
    assert.deepEqual(lines(), [
      'warn another replica does not answer',
      'info another replica answers again',
      'warn another replica flaps',
    ]);
    await tellsAnewAfter(10_000, listener);
  });

  it('tells everything of one that was started again', async () => {
    for (const name of ['b1', 'b2', 'b3']) b.ring.add(nvaEvent(name));
    const listener = await following();
    b.fail();
    await settle();
    b.restart();
    for (const name of ['again1', 'again2']) b.ring.add(nvaEvent(name));
    await clock.advance(250);
    assert.deepEqual(listener.told.slice(3), ['MISSED NVA_UNREACHABLE', 'again1', 'again2']);
    b.ring.add(nvaEvent('again3'));
    await settle();
    assert.equal(listener.told.at(-1), 'again3');
    await listener.stop();
  });

  it('tells how many are lost where the other one has forgotten them', async () => {
    b.ring.add(nvaEvent('b1'));
    const listener = await following();
    b.fail();
    await settle();
    for (let i = 0; i < MAX_EVENTS + 3; i++) b.ring.add(nvaEvent('new'));
    b.recover();
    await clock.advance(250);
    missedThree(listener.events[2]);
    await listener.stop();
    assert.equal(listener.told.length, MAX_EVENTS + 3);
  });

  it('tells how many are lost where nothing had been heard yet, and nothing to who comes then', async () => {
    const listener = await following();
    b.fail();
    await settle();
    for (let i = 0; i < MAX_EVENTS + 3; i++) b.ring.add(nvaEvent('new'));
    b.recover();
    await clock.advance(250);
    assert.deepEqual(b.asked.at(-1), { follow: true, run: 'run-0', after: 0 });
    missedThree(listener.events[1]);
    await listener.stop();
    assert.equal((await remembered()).told.length, MAX_EVENTS);
  });

  it('hears one that comes later, and again one that had gone', async () => {
    await storeHas([['b', B]]);
    const listener = await following();
    c.ring.add(nvaEvent('c1'));
    await storeHas([
      ['b', B],
      ['c', C],
    ]);
    assert.deepEqual(listener.told, ['c1']);
    // What the store has lost sight of, and still answers, is heard on.
    await storeHas([['b', B]]);
    c.ring.add(nvaEvent('c2'));
    await settle();
    assert.deepEqual(listener.told, ['c1', 'c2']);
    c.fail();
    await settle();
    assert.equal(clock.pending, 0);
    c.recover();
    c.ring.add(nvaEvent('c3'));
    await storeHas([
      ['b', B],
      ['c-again', C],
    ]);
    assert.deepEqual(listener.told, ['c1', 'c2', 'MISSED NVA_UNREACHABLE', 'c3']);
    await listener.stop();
  });

  it('gives up one that the store loses while it does not answer', async () => {
    b.fail();
    const listener = await following();
    await storeHas([['c', C]]);
    await clock.advance(250);
    assert.deepEqual([b.asked.length, clock.pending], [1, 0]);
    await listener.stop();
    assert.deepEqual(listener.told, ['MISSED NVA_UNREACHABLE']);
  });

  it('tells of one that hangs when it is asked again', async () => {
    const listener = await following();
    b.fail();
    await settle();
    b.recover();
    b.hangs = true;
    await clock.advance(250);
    assert.equal(clock.nextIn, 2000);
    await clock.advance(2000);
    assert.deepEqual(listener.told, ['MISSED NVA_UNREACHABLE']);
    assert.deepEqual(lines(), Array(2).fill('warn another replica does not answer'));
    await listener.stop();
  });

  it('has patience with a replica whose reader is slow, and tells that what it missed', async () => {
    b.ring.add(nvaEvent('b1', 1));
    b.ring.add(nvaEvent('b2', 2));
    const signal = new AbortController().signal;
    const reading = everywhere.read({ ...ALL_EVENTS, follow: true }, { signal });
    const next = async (): Promise<NvaEvent> => {
      const read = await reading.next();
      assert.ok(read.done !== true);
      return read.value;
    };
    assert.equal((await next()).resource, 'b1');
    await settle();
    assert.equal(clock.pending, 0);
    await clock.advance(60_000);
    for (let i = 0; i < MAX_EVENTS + 10; i++) b.ring.add(nvaEvent('new'));
    assert.equal((await next()).resource, 'b2');
    const { kind, message } = await next();
    assert.deepEqual([kind, message], ['MISSED', '10 events came faster than they were read']);
    await reading.return(undefined);
  });

  it(`listens to one ${MAX_STREAMS} times at once, and tells who comes then`, async () => {
    await storeHas([['b', B]]);
    const listeners = [];
    for (let i = 0; i < MAX_STREAMS; i++) listeners.push(await following());
    assert.equal(b.underWay, MAX_STREAMS);
    const late = await following();
    assert.deepEqual(late.told, ['MISSED TOO_MANY_REQUESTS']);
    await listeners.pop()?.stop();
    await clock.advance(250);
    b.ring.add(nvaEvent('b1'));
    await settle();
    assert.equal(late.told.at(-1), 'b1');
    await Promise.all([...listeners, late].map((listener) => listener.stop()));
    assert.deepEqual(lines(), []);
  });

  it('asks nobody without a way to ask', async () => {
    const alone = new OtherReplicas({
      ...{ clock, log, peers: undefined, access: undefined },
      stop: stop.signal,
    });
    everywhere = new EventsEverywhere({ clock, all: own, others: alone });
    own.add(nvaEvent('own'));
    assert.deepEqual((await remembered()).told, ['own']);
    const listener = await following();
    assert.deepEqual(listener.told, ['own']);
    await listener.stop();
  });
});
