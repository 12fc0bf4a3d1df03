/**
 * The engine by itself, over a dataplane that costs next to nothing: a full pass that finds nothing
 * to do, a pass over ten changed items, and a start from nothing, each with 10,000 items.
 */
import { systemClock } from '../src/model/clock.js';
import { dependenciesOf, ITEM_KINDS, keyOf, type Item, type Payload } from '../src/model/item.js';
import type {
  Dataplane,
  KindTraits,
  Observation,
  Observed,
  Scope,
  Step,
  StepResult,
  TraitsTable,
} from '../src/reconcile/dataplane.js';
import { Reconciler } from '../src/reconcile/engine.js';
import { DEFAULT_TUNING, type ReconcilerEvent } from '../src/reconcile/options.js';
import type { Bench, Figure } from './bench.js';

const ITEMS = 10_000;
const FEW_ITEMS = 100;
const DIRTY = 10;
const ROUNDS = 25;

export const bench: Bench = {
  name: 'reconcile',
  async run(emit) {
    const figure = (name: string, value: number, baseline: number | null): void => {
      const ratio = baseline === null ? null : value / baseline;
      emit({ bench: 'reconcile', case: name, value, unit: 'ms', baseline, ratio } satisfies Figure);
    };
    const many = await Rig.start(ITEMS);
    const few = await Rig.start(FEW_ITEMS);
    figure(`first pass, ${ITEMS} creations`, many.firstMs, null);
    figure(`full pass, ${ITEMS} items, nothing to do`, await many.fullMs(), null);
    // Beside it: the same with a hundredth of the items; the ratio should be near 1.
    const fewMs = await few.scopedMs();
    figure(`pass over ${DIRTY} changed of ${ITEMS} items`, await many.scopedMs(), fewMs);
    await many.reconciler.stop();
    await few.reconciler.stop();
  },
};

/** A reconciler that has applied `count` items. */
class Rig {
  readonly #dataplane = new CheapDataplane();
  readonly #items: readonly Item[];
  #onPass: (durationMs: number) => void = () => undefined;
  #revision = 1;
  firstMs = 0;
  readonly reconciler: Reconciler;

  static async start(count: number): Promise<Rig> {
    const rig = new Rig(count);
    rig.reconciler.replace(rig.#items, true, 1);
    rig.firstMs = await rig.#pass(() => {
      rig.reconciler.start();
    });
    return rig;
  }

  private constructor(count: number) {
    this.#items = makeItems(count);
    this.reconciler = new Reconciler({
      ...DEFAULT_TUNING,
      drift: { intervalMs: 0, policy: 'repair' },
      dataplane: this.#dataplane,
      clock: systemClock,
      random: Math.random,
      onReports: () => undefined,
      onDrift: () => undefined,
      onEvent: (event: ReconcilerEvent) => {
        if (event.kind !== 'pass') throw event.error;
        this.#onPass(event.durationMs);
      },
    });
  }

  #pass(cause: () => void): Promise<number> {
    return new Promise((resolve) => {
      this.#onPass = resolve;
      cause();
    });
  }

  async fullMs(): Promise<number> {
    return await median(() =>
      this.#pass(() => {
        this.reconciler.checkNow();
      }),
    );
  }

  async scopedMs(): Promise<number> {
    return await median(() =>
      this.#pass(() => {
        const revision = ++this.#revision;
        const upserts = this.#items.slice(-DIRTY).map((item) => ({
          ...item,
          version: `v${revision}`,
          payload: { ...item.payload },
        }));
        this.reconciler.setWanted({ upserts, removes: [], complete: true, revision });
      }),
    );
  }
}

async function median(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let i = 0; i < ROUNDS; i++) values.push(await measure());
  values.sort((a, b) => a - b);
  return values[Math.floor(ROUNDS / 2)] ?? NaN;
}

/** As a host has them: a VTEP, a network for every 500 items, and what belongs to it. */
function makeItems(count: number): readonly Item[] {
  const payloads: Payload[] = [{ kind: 'vtep', address: '10.0.0.1' }];
  for (let vni = 1; payloads.length < count; vni++) payloads.push(...makeNetwork(vni));
  return payloads.slice(0, count).map((payload) => ({
    key: keyOf(payload),
    version: 'v1',
    dependsOn: dependenciesOf(payload),
    payload,
  }));
}

function makeNetwork(vni: number): readonly Payload[] {
  const payloads: Payload[] = [
    {
      kind: 'bridge_domain',
      network: `net-${vni}`,
      vni,
      vtep: '10.0.0.1',
      learn: false,
      flood: true,
      arpSuppression: true,
      mtu: 1450,
      bumGroup: '',
    },
  ];
  for (let i = 1; i <= 20; i++) {
    const remote = `10.0.1.${i}`;
    payloads.push({ kind: 'tunnel', vni, remote, local: '10.0.0.1' });
    payloads.push({ kind: 'flood_member', vni, remote });
  }
  for (let i = 0; i < 230; i++) {
    const mac = `02:00:00:00:00:${i.toString(16).padStart(2, '0')}`;
    const via = { kind: 'remote', vtep: `10.0.1.${(i % 20) + 1}` } as const;
    payloads.push({ kind: 'mac_entry', vni, mac, via });
    payloads.push({ kind: 'neighbor_entry', vni, ip: `192.168.0.${i}`, mac });
  }
  return payloads;
}

function differences(wanted: Payload, observed: Payload): readonly string[] {
  return wanted === observed ? [] : ['content'];
}

class CheapDataplane implements Dataplane {
  readonly objects = new Map<string, Observed>();
  readonly traits: TraitsTable;

  constructor() {
    const traits: Record<string, KindTraits> = {};
    for (const [rank, kind] of ITEM_KINDS.entries()) {
      traits[kind] = { rank, differences, mustRecreate: () => false };
    }
    this.traits = traits;
  }

  onStatus(): void {
    // It is always there.
  }

  capabilities(): Promise<never> {
    return Promise.reject(new Error('not needed'));
  }

  underlays(): Promise<readonly never[]> {
    return Promise.resolve([]);
  }

  observe(scope: Scope): Promise<Observation> {
    const obstacles = new Map();
    if (scope.kind === 'all') return Promise.resolve({ objects: this.objects, obstacles });
    const objects = new Map<string, Observed>();
    for (const key of scope.keys) {
      const observed = this.objects.get(key);
      if (observed !== undefined) objects.set(key, observed);
    }
    return Promise.resolve({ objects, obstacles });
  }

  apply(steps: readonly Step[]): Promise<readonly StepResult[]> {
    for (const step of steps) {
      const { key } = step;
      if (step.op === 'delete') this.objects.delete(key);
      else this.objects.set(key, { key, payload: step.item.payload, defects: [] });
    }
    return Promise.resolve(steps.map(() => undefined));
  }

  onChange(): void {
    // Nobody else is here.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
