/** A reconciler with a clock and a dataplane of its own, and all it has said. */
import assert from 'node:assert/strict';
import type { Payload } from '../../src/model/item.js';
import type { Drift } from '../../src/model/nve.js';
import type { ItemReport } from '../../src/model/southbound.js';
import { Reconciler } from '../../src/reconcile/engine.js';
import {
  DEFAULT_TUNING,
  type ReconcilerEvent,
  type ReconcilerTuning,
  type Reports,
} from '../../src/reconcile/options.js';
import { FakeClock, settle } from './fake-clock.js';
import { itemOf, itemsOf } from './items.js';
import { MemoryDataplane } from './memory-dataplane.js';

export class Bench {
  readonly reports: Reports[] = [];
  readonly drifts: Drift[] = [];
  readonly events: ReconcilerEvent[] = [];
  driftTotal = 0;
  /** Items that are not as wanted, as was told last. */
  leftAlone = 0;
  reconciler: Reconciler;
  #revision = 0;

  constructor(
    readonly dataplane = new MemoryDataplane(),
    readonly clock = new FakeClock(),
    private readonly tuning: Partial<ReconcilerTuning> = {},
    private readonly random: () => number = () => 0.5,
  ) {
    this.reconciler = this.#make();
  }

  #make(): Reconciler {
    return new Reconciler({
      ...DEFAULT_TUNING,
      ...this.tuning,
      dataplane: this.dataplane,
      clock: this.clock,
      random: this.random,
      onReports: (reports) => this.reports.push(reports),
      onDrift: (drifts, total, leftAlone) => {
        this.leftAlone = leftAlone;
        this.drifts.push(...drifts);
        this.driftTotal = total;
      },
      onEvent: (event) => this.events.push(event),
    });
  }

  /** Stops the reconciler and puts a new one, which knows nothing, in its place. */
  async restart(): Promise<void> {
    await this.reconciler.stop();
    this.reports.length = 0;
    this.reconciler = this.#make();
  }

  /** As from disk, complete; starts and lets the first pass run. */
  async begin(...payloads: readonly Payload[]): Promise<void> {
    this.reconciler.replace([...itemsOf(...payloads).values()], true, ++this.#revision);
    this.reconciler.start();
    await this.turn();
  }

  want(upserts: readonly Payload[], removes: readonly string[] = []): void {
    const revision = ++this.#revision;
    const items = upserts.map((payload) => itemOf(payload));
    this.reconciler.setWanted({ upserts: items, removes, complete: true, revision });
  }

  /** Wants just these from now on, by a change of what was wanted before. */
  wantOnly(payloads: readonly Payload[], before: readonly Payload[]): void {
    const keys = itemsOf(...payloads);
    const removes = [...itemsOf(...before).keys()].filter((key) => !keys.has(key));
    this.want(payloads, removes);
  }

  /** Lets everything run that is due now. */
  async turn(): Promise<void> {
    for (let i = 0; i < 20 && this.clock.nextIn === 0; i++) await this.clock.advance(0);
    await settle();
  }

  get revision(): number {
    return this.#revision;
  }

  /** The keys that the last observation looked at. */
  get lastScope(): readonly string[] | 'all' | undefined {
    const scope = this.dataplane.scopes.at(-1);
    return scope?.kind === 'keys' ? [...scope.keys].sort() : scope?.kind;
  }

  /** Takes all entries reported so far, as "key applied" or "key CODE". */
  takeReports(): readonly string[] {
    const entries = this.reports.flatMap((report) => report.entries);
    this.reports.length = 0;
    return entries.map(describeReport);
  }

  takeDrifts(): readonly string[] {
    return this.drifts.splice(0).map((d) => `${d.action} ${d.key}: ${d.difference}`);
  }

  takeSteps(): readonly string[] {
    return this.dataplane.log.splice(0).map(({ op, key }) => `${op} ${key}`);
  }

  /** Everything is as it is wanted: nothing failed, nothing is there that should not be. */
  assertEqual(payloads: readonly Payload[]): void {
    const wanted = new MemoryDataplane();
    for (const [key, item] of itemsOf(...payloads)) wanted.put(item.payload, key);
    assert.deepEqual(this.dataplane.content, wanted.content);
    const { counts } = this.reconciler.status();
    assert.deepEqual(counts, { wanted: payloads.length, applied: payloads.length, failed: 0 });
  }
}

export function describeReport({ key, version, failure }: ItemReport): string {
  return `${key} ${failure?.code ?? (version === '' ? 'absent' : 'applied')}`;
}
