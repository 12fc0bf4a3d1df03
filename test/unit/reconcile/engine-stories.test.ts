import assert from 'node:assert/strict';
import fc from 'fast-check';
import { keyOf, type Payload } from '../../../src/model/item.js';
import {
  bridgeDomain,
  itemsOf,
  port,
  randomConfiguration,
  tunnel,
  vtep,
} from '../../support/items.js';
import { MemoryDataplane } from '../../support/memory-dataplane.js';
import { Bench } from '../../support/reconciling.js';
import {
  assertCalm,
  backwards,
  faultsOn,
  MINUTES,
  parents,
  randomFaults,
  type FaultPicks,
} from '../../support/trouble.js';

type Event =
  | { readonly kind: 'want'; readonly payloads: readonly Payload[] }
  | { readonly kind: 'destroy' | 'spoil' | 'notify'; readonly pick: number }
  | { readonly kind: 'intrude'; readonly payload: Payload }
  | { readonly kind: 'fail'; readonly faults: FaultPicks }
  | { readonly kind: 'deafen' }
  | { readonly kind: 'wait'; readonly ms: number };

const randomEvents: fc.Arbitrary<Event[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('want' as const), payloads: randomConfiguration }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom('destroy' as const, 'spoil' as const, 'notify' as const),
        pick: fc.nat(40),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('intrude' as const),
        payload: fc.constantFrom(vtep('10.0.0.9'), bridgeDomain(30), tunnel(10, '10.0.1.9')),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('fail' as const), faults: randomFaults }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('deafen' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(40_000) }),
    },
  ),
  { minLength: 3, maxLength: 12 },
);

/** A host and an NVA that do as they like, between the engine's steps as well. */
class Story {
  readonly bench: Bench;
  wanted: readonly Payload[] = [];
  readonly #queue: Event[];
  readonly #everWanted = new Set<string>();

  constructor(events: readonly Event[], mode: 'refuse' | 'cascade', within: readonly boolean[]) {
    const dataplane = new MemoryDataplane({ parents: mode, shuffle: backwards, echo: true });
    this.bench = new Bench(dataplane);
    this.#queue = [...events];
    let i = 0;
    const interfere = (): void => {
      if (within[i++ % within.length] === true) this.#next();
    };
    dataplane.beforeObserve = interfere;
    dataplane.beforeApply = interfere;
  }

  async run(): Promise<void> {
    await this.bench.begin();
    while (this.#queue.length > 0) {
      const ms = this.#next();
      await (ms === 0 ? this.bench.turn() : this.bench.clock.advance(ms));
    }
    await this.bench.clock.advance(10 * MINUTES);
  }

  /** @returns how long to wait. */
  #next(): number {
    const event = this.#queue.shift();
    if (event === undefined) return 0;
    if (event.kind === 'wait') return event.ms;
    if (event.kind === 'want') this.#want(event.payloads);
    else this.#disturb(event);
    return 0;
  }

  #want(payloads: readonly Payload[]): void {
    for (const key of itemsOf(...payloads).keys()) this.#everWanted.add(key);
    this.bench.wantOnly(payloads, this.wanted);
    this.wanted = payloads;
  }

  #disturb(event: Exclude<Event, { kind: 'want' | 'wait' }>): void {
    const { dataplane } = this.bench;
    const keys = [...dataplane.objects.keys()];
    switch (event.kind) {
      case 'destroy':
      case 'spoil':
      case 'notify': {
        const key = keys[event.pick % (keys.length + 1)];
        const thing = key === undefined ? undefined : dataplane.objects.get(key);
        if (key === undefined || thing === undefined) dataplane.notify('unknown');
        else if (event.kind === 'destroy') dataplane.destroy(key);
        else if (event.kind === 'spoil') dataplane.put(thing.payload, key, ['link down']);
        else dataplane.notify([key]);
        return;
      }
      case 'intrude':
        // Only where a host could have it.
        if (event.payload.kind !== 'tunnel' || dataplane.objects.has('bd/10')) {
          if (event.payload.kind !== 'bridge_domain' || dataplane.objects.has('vtep/10.0.0.1')) {
            dataplane.put(event.payload, keyOf(event.payload));
          }
        }
        return;
      case 'fail':
        dataplane.faults.push(...faultsOn(event.faults, this.wanted));
        return;
      case 'deafen':
        dataplane.failObservations = 2;
        return;
    }
  }

  /** The last report of every key says what became of the last version. */
  checkReports(): void {
    const last = new Map<string, string>();
    let settled = 0;
    for (const { entries, settledRevision } of this.bench.reports) {
      assert.ok(settledRevision >= settled, 'the settled revision goes back');
      settled = settledRevision;
      for (const { key, version, failure } of entries) {
        last.set(key, failure === undefined ? version : `${version} ${failure.code}`);
      }
    }
    assert.equal(settled, this.bench.revision);
    const items = itemsOf(...this.wanted);
    for (const [key, { version }] of items) assert.equal(last.get(key), version, key);
    for (const key of this.#everWanted) {
      if (!items.has(key)) assert.equal(last.get(key) ?? '', '', key);
    }
  }
}

describe('reconciler, for random stories', function () {
  this.timeout(60_000);

  it('ends where the last change wanted it, and every last version is reported', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomEvents,
        parents,
        fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
        async (events, mode, within) => {
          const story = new Story(events, mode, within);
          await story.run();
          story.bench.assertEqual(story.wanted);
          story.checkReports();
          story.bench.dataplane.beforeObserve = undefined;
          await assertCalm(story.bench);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never reports a version that is not the wanted one at that time', async () => {
    const versions = [bridgeDomain(10), bridgeDomain(10, { mtu: 1400 }), port('e1', 10)];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.constantFrom(...versions), { maxLength: 2 }), { maxLength: 8 }),
        async (changes) => {
          const bench = new Bench(new MemoryDataplane({ echo: true }));
          const now = new Map<string, string>();
          const want = (payloads: readonly Payload[]): void => {
            for (const [key, { version }] of itemsOf(...payloads)) now.set(key, version);
            bench.want(payloads);
          };
          const push = bench.reports.push.bind(bench.reports);
          bench.reports.push = (...reports): number => {
            for (const { key, version } of reports.flatMap(({ entries }) => entries)) {
              assert.equal(version, now.get(key), key);
            }
            return push(...reports);
          };
          const interfere = (): void => {
            const change = changes.shift();
            if (change !== undefined) want(change);
          };
          bench.dataplane.beforeObserve = interfere;
          bench.dataplane.beforeApply = interfere;
          want([vtep(), bridgeDomain(10)]);
          bench.reconciler.start();
          await bench.clock.advance(5000);
          assert.equal(bench.events.filter(({ kind }) => kind === 'callback_failed').length, 0);
        },
      ),
      { numRuns: 150 },
    );
  });
});
