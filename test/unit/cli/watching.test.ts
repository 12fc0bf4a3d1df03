import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Position, watchChanges, type Change } from '../../../src/cli/watching.js';
import { NfvError } from '../../../src/errors.js';
import type { NvaApi, WatchEvent, WatchRequest } from '../../../src/model/api.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { MemoryNva } from '../../support/memory-nva.js';
import { NVE } from '../../support/samples.js';

function put(id: string, revision: number, changedAt = revision): WatchEvent {
  const meta = { ...NVE.meta, revision: changedAt };
  return { type: 'PUT', revision, resource: { ...NVE, id, meta } };
}

const synced = (revision: number): WatchEvent => ({ type: 'SYNCED', revision });

function told(position: Position, ...events: WatchEvent[]): string[] {
  return events.flatMap((event) => {
    const change = position.take(event);
    return change === undefined ? [] : [`${change.resource.id}@${change.revision}`];
  });
}

describe('Position', () => {
  it('resumes before a change of which there may be more, and leaves out what was seen', () => {
    const position = new Position(5);
    assert.equal(position.resume(), 5);
    assert.deepEqual(told(position, put('a', 6), put('b', 8), put('c', 8)), ['a@6', 'b@8', 'c@8']);
    assert.equal(position.resume(), 7);
    const again = [put('b', 8), put('c', 8), put('d', 8), put('b', 9)];
    assert.deepEqual(told(position, ...again), ['d@8', 'b@9']);
    assert.equal(position.resume(), 8);
  });

  it('resumes after what is complete', () => {
    const position = new Position(5);
    told(position, put('a', 6), synced(20));
    assert.equal(position.resume(), 20);
    assert.deepEqual(told(position, put('a', 21)), ['a@21']);
  });

  it('starts a snapshot anew that was cut off, without what was seen of it', () => {
    const position = new Position(0);
    position.resume();
    assert.deepEqual(told(position, put('a', 30, 3), put('b', 30, 7)), ['a@30', 'b@30']);
    assert.equal(position.resume(), 0);
    const again = [put('a', 31, 31), put('b', 31, 7), put('c', 31, 9), synced(31)];
    assert.deepEqual(told(position, ...again), ['a@31', 'c@31']);
    assert.equal(position.resume(), 31);
  });

  it('starts from nothing', () => {
    const position = new Position(0);
    position.resume();
    assert.deepEqual(told(position, synced(0), put('a', 1)), ['a@1']);
    assert.equal(position.resume(), 0);
    // What follows is a snapshot again.
    assert.deepEqual(told(position, put('a', 2, 1), put('b', 2, 2), synced(2)), ['b@2']);
    assert.equal(position.resume(), 2);
  });

  it('tells every change once, wherever the connection is cut', () => {
    const history = fc.array(fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(history, fc.array(fc.nat(6), { maxLength: 10 }), (transactions, cuts) => {
        const first = 10;
        const events = transactions.flatMap((ids, i) =>
          [...new Set(ids)].map((id) => put(id, first + 1 + i)),
        );
        const position = new Position(first);
        const seen: string[] = [];
        for (const cut of [...cuts, Infinity]) {
          const from = position.resume();
          const rest = events.filter(({ revision }) => revision > from).slice(0, cut);
          seen.push(...told(position, ...rest));
        }
        assert.deepEqual(
          seen,
          events.map((e) => (e.type === 'SYNCED' ? '' : `${e.resource.id}@${e.revision}`)),
        );
      }),
    );
  });
});

describe('watchChanges', () => {
  const unreachable = new NfvError('NVA_UNREACHABLE', 'gone');
  let clock: FakeClock;
  let controller: AbortController;
  let starts: number[];
  let lost: string[];
  let seen: Change[];
  let ended: Promise<void>;

  beforeEach(() => {
    clock = new FakeClock();
    controller = new AbortController();
    starts = [];
    lost = [];
    seen = [];
  });

  type Attempt = (signal: AbortSignal) => AsyncGenerator<WatchEvent>;

  const start = (...attempts: Attempt[]): void => {
    const memory = new MemoryNva(clock);
    const nva: NvaApi = {
      virtualNetworks: memory.virtualNetworks,
      nves: memory.nves,
      endpoints: memory.endpoints,
      hostProfiles: memory.hostProfiles,
      changes: memory.changes,
      subnets: memory.subnets,
      routers: memory.routers,
      migrations: memory.migrations,
      duplicates: memory.duplicates,
      waitApplied: (request, call) => memory.waitApplied(request, call),
      trace: (request) => memory.trace(request),
      readCounters: (endpoints) => memory.readCounters(endpoints),
      observation: memory.observation,
      watch(request: WatchRequest, { signal }) {
        starts.push(request.startRevision);
        const attempt = attempts[Math.min(starts.length, attempts.length) - 1];
        assert.ok(attempt !== undefined);
        return attempt(signal);
      },
    };
    const changes = watchChanges({
      nva,
      clock,
      signal: controller.signal,
      kinds: ['Nve'],
      filter: '',
      startRevision: 5,
      onLost(error, resumeFrom) {
        lost.push(`${error.code} ${resumeFrom}`);
        return Promise.resolve();
      },
    });
    ended = (async () => {
      for await (const change of changes) seen.push(change);
    })();
  };

  const fails = (error: NfvError, ...events: WatchEvent[]): Attempt =>
    async function* () {
      await Promise.resolve();
      yield* events;
      throw error;
    };
  const stays = (...events: WatchEvent[]): Attempt =>
    async function* (signal) {
      yield* events;
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
    };
  const ends: Attempt = async function* () {
    // Without a word.
  };

  it('goes on where it was, and says so', async () => {
    start(fails(unreachable, put('a', 6)), stays(put('a', 6), put('b', 7)));
    await settle();
    assert.deepEqual(lost, ['NVA_UNREACHABLE 5']);
    await clock.advance(200);
    assert.deepEqual(
      seen.map(({ resource }) => resource.id),
      ['a', 'b'],
    );
    assert.deepEqual(starts, [5, 5]);
    controller.abort();
    await ended;
    assert.equal(clock.pending, 0);
  });

  it('goes on where the NVA ended the watch', async () => {
    start(ends, stays());
    await settle();
    assert.deepEqual(lost, ['NVA_UNREACHABLE 5']);
    await clock.advance(200);
    assert.equal(starts.length, 2);
    controller.abort();
    await ended;
  });

  it('tries less and less often, and at last gives up', async () => {
    const down = fails(unreachable);
    start(down);
    const failed = assert.rejects(() => ended, unreachable);
    const times: number[] = [];
    await settle();
    for (let count = 0; clock.pending > 0;) {
      if (starts.length > count) times.push(clock.monotonic());
      count = starts.length;
      await clock.advance(100);
    }
    await failed;
    assert.deepEqual(times.slice(0, 8), [0, 200, 600, 1400, 3000, 6200, 11_200, 16_200]);
    assert.ok(clock.monotonic() > 300_000 && clock.monotonic() < 310_000);
  });

  it('begins with short pauses again once the NVA was heard of', async () => {
    const down = fails(unreachable);
    start(down, down, down, fails(unreachable, synced(9)), stays());
    await settle();
    await clock.advance(1400);
    assert.equal(starts.length, 4);
    await clock.advance(200);
    assert.deepEqual(starts, [5, 5, 5, 5, 9]);
    controller.abort();
    await ended;
  });

  it('takes a connection that held for one, though there was nothing to tell', async () => {
    let cut: (() => void) | undefined;
    const quiet: Attempt = async function* () {
      await new Promise<void>((resolve) => (cut = resolve));
      throw unreachable;
      yield synced(0);
    };
    start(quiet);
    for (let i = 0; i < 10; i++) {
      await clock.advance(60_000);
      cut?.();
      await settle();
      await clock.advance(200);
    }
    assert.equal(starts.length, 11);
    controller.abort();
    cut?.();
    await ended;
  });

  for (const code of ['REVISION_COMPACTED', 'INVALID_FILTER'] as const) {
    it(`fails with ${code}`, async () => {
      const error = new NfvError(code, 'x');
      start(fails(error));
      await assert.rejects(() => ended, error);
      assert.deepEqual(lost, []);
    });
  }
});
