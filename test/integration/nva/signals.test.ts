/** What a call leaves behind on the signal that ends the NVA, which outlives it by months: nothing. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Call } from '../../../src/model/api.js';
import type { Applied } from '../../../src/model/changes.js';
import { systemClock } from '../../../src/model/clock.js';
import { Nva } from '../../../src/nva/nva.js';
import { openLmdbStore } from '../../../src/store/lmdb/store.js';
import type { Store } from '../../../src/store/store.js';
import { network, wanted } from '../../support/changes-world.js';
import { eventually } from '../../support/eventually.js';
import { FaultyStore } from '../../support/faulty-store.js';
import { nullLog } from '../../support/null-log.js';
import { tempDir } from '../../support/temp-dir.js';
import { usesOf } from '../../support/uses-of-signal.js';

const CALLS = 20;

/** Knows the signals of all that was ever watched of it. */
class WatchedStore extends FaultyStore {
  readonly signals: AbortSignal[] = [];

  override watch: Store['watch'] = (request) => {
    this.signals.push(request.signal);
    return this.below.watch(request);
  };

  constructor(private readonly below: Store) {
    super(below);
  }
}

describe('the signal that ends an NVA', () => {
  const dir = tempDir();
  let store: WatchedStore;
  let nva: Nva;
  let stop: AbortSignal;
  before(async () => {
    store = new WatchedStore(await openLmdbStore({ path: join(dir.path, 'data') }));
    const vniRange = { min: 4096, max: 8191 };
    const keepRevisions = 100_000;
    nva = await Nva.start({ store, clock: systemClock, log: nullLog, vniRange, keepRevisions });
    const [first] = store.signals;
    assert.ok(first !== undefined);
    // It is what the NVA itself watches the store by.
    stop = first;
  });
  after(async () => {
    assert.equal(stop.aborted, false);
    await nva.stop();
    assert.ok(stop.aborted);
    await store.close();
    dir.remove();
  });

  const calling = (): Call & { readonly end: () => void } => {
    const over = new AbortController();
    return {
      signal: over.signal,
      end: () => {
        over.abort();
      },
    };
  };
  const events = { follow: true, tenant: '', resource: '', kinds: [] };
  let made = 0;

  const apply = async (call: Call, confirmWithinMs: number): Promise<Applied> => {
    const plan = wanted(network(`n${made++}`));
    const { hash } = await nva.changes.plan(plan, call);
    return nva.changes.apply({ plan, hash, requestId: randomUUID(), confirmWithinMs }, call);
  };

  const WORK: readonly [what: string, work: (call: ReturnType<typeof calling>) => Promise<void>][] =
    [
      [
        'Plan and Apply',
        async (call) => {
          await apply(call, 0);
        },
      ],
      [
        'Confirm',
        async (call) => {
          const { revision } = await apply(call, 60_000);
          await nva.changes.confirm({ revision, undo: false }, call);
        },
      ],
      [
        'ListChanges',
        async (call) => {
          await nva.changes.list({ pageSize: 1, pageToken: '', filter: '' }, call);
        },
      ],
      [
        'a Watch whose call ends',
        async (call) => {
          const request = { kinds: [], filter: '', startRevision: 0 };
          for await (const { type } of nva.watch(request, call)) if (type === 'SYNCED') call.end();
        },
      ],
      [
        'a Watch that is left',
        async (call) => {
          const request = { kinds: [], filter: '', startRevision: 0 };
          for await (const { type } of nva.watch(request, call)) if (type === 'SYNCED') break;
        },
      ],
      [
        'WatchEvents',
        async (call) => {
          for await (const event of nva.observation.events(events, call)) {
            if (event.kind !== 'MISSED') break;
          }
        },
      ],
      [
        'what another replica listens to',
        async (call) => {
          const request = { follow: true, run: '', after: 0 };
          // All that there was, if there was anything, is told before what has no event.
          for await (const { event } of nva.questions.own.ownEvents(request, call)) {
            if (event === undefined) break;
          }
        },
      ],
    ];

  for (const [what, work] of WORK) {
    it(`has nothing more on it after ${what}`, async () => {
      await work(calling());
      const before = usesOf(stop);
      for (let i = 0; i < CALLS; i++) await work(calling());
      // What goes on in the NVA may wait on it once more or less at a moment.
      await eventually(() => {
        assert.ok(usesOf(stop) <= before, `${usesOf(stop)} after ${before}`);
      });
    });
  }
});
