/**
 * A dataplane in memory that behaves like a kernel: a child needs its parents, a parent with
 * children cannot be deleted or takes them along, names are taken once, what is foreign stays.
 * It fails on request: see `Fault`.
 */
import { NfvError } from '../../src/errors.js';
import {
  dependenciesOf,
  ITEM_KINDS,
  type Item,
  type ItemKind,
  type Payload,
} from '../../src/model/item.js';
import { canonicalJson } from '../../src/model/canonical.js';
import type { PortCounters } from '../../src/model/query.js';
import type { DataplaneStatus } from '../../src/model/dataplane-status.js';
import type { Capabilities, Underlay } from '../../src/model/nve.js';
import type {
  Change,
  Dataplane,
  KindTraits,
  Observation,
  Observed,
  Scope,
  Step,
  StepResult,
  TraitsTable,
} from '../../src/reconcile/dataplane.js';
import { settle } from './fake-clock.js';

export interface Fault {
  /** Absent: any. */
  readonly key?: string;
  readonly op?: Step['op'];
  /** How many steps it hits. */
  times: number;
  /**
   * refuse: nothing happens, it fails; half: a broken object is left, it fails; late: it happens
   * and fails; silent: nothing happens and it succeeds.
   */
  readonly mode: 'refuse' | 'half' | 'late' | 'silent';
  readonly error?: NfvError;
}

export interface MemoryOptions {
  /** What deleting a parent does: fail while it has children, or take them along. */
  readonly parents?: 'refuse' | 'cascade';
  /** Order in which the steps of a wave take effect; default as given. */
  readonly shuffle?: (steps: readonly Step[]) => readonly Step[];
  /** Kinds it cannot do. */
  readonly without?: readonly ItemKind[];
  /** Calls the listener for its own steps as well, a little later, as the kernel does. */
  readonly echo?: boolean;
}

interface Thing {
  readonly payload: Payload;
  readonly defects: readonly string[];
}

const DETACHED = 'detached';

export class MemoryDataplane implements Dataplane {
  readonly traits: TraitsTable;
  readonly objects = new Map<string, Thing>();
  /** Keys and claims that somebody else has. */
  readonly foreign = new Set<string>();
  readonly faults: Fault[] = [];
  /** Every step that was begun, in order. */
  readonly log: Step[] = [];
  /** The scope of every observation. */
  readonly scopes: Scope[] = [];
  /** So many observations fail from now on. */
  failObservations = 0;
  /** After so many more steps, everything hangs until aborted. */
  hangAfter = Infinity;
  beforeObserve: ((signal: AbortSignal) => Promise<void> | void) | undefined;
  beforeCapabilities: (() => Promise<void> | void) | undefined;
  failUnderlays = false;
  /** Of the host. */
  addresses: readonly Underlay[] = [];
  beforeApply: ((steps: readonly Step[]) => Promise<void> | void) | undefined;
  #statusListener: ((status: DataplaneStatus) => void) | undefined;
  #listener: ((what: Change) => void) | undefined;

  constructor(private readonly options: MemoryOptions = {}) {
    this.traits = traitsTable(options);
  }

  /** Of every port that is there: its key's length. */
  counters(keys: readonly string[]): Promise<readonly PortCounters[]> {
    const there = keys.filter((key) => this.objects.has(key));
    return Promise.resolve(there.map((key) => countersOf(key)));
  }

  /** Says nothing before `tellStatus`. */
  onStatus(listener: (status: DataplaneStatus) => void): void {
    this.#statusListener = listener;
  }

  tellStatus(status: DataplaneStatus): void {
    this.#statusListener?.(status);
  }

  async capabilities(): Promise<Capabilities> {
    await this.beforeCapabilities?.();
    return {
      dataplane: 'memory',
      dataplaneVersion: '1',
      itemKinds: Object.keys(this.traits),
      encapsulations: ['vxlan'],
      portKinds: ['tap', 'veth'],
      bumModes: ['head_end'],
    };
  }

  underlays(): Promise<readonly Underlay[]> {
    if (this.failUnderlays) return Promise.reject(new NfvError('KERNEL_REFUSED', 'no addresses'));
    return Promise.resolve(this.addresses);
  }

  async observe(
    scope: Scope,
    wanted: ReadonlyMap<string, Item>,
    signal: AbortSignal,
  ): Promise<Observation> {
    this.scopes.push(scope);
    await this.beforeObserve?.(signal);
    signal.throwIfAborted();
    if (this.failObservations > 0) {
      this.failObservations--;
      throw new NfvError('KERNEL_REFUSED', 'the dump failed');
    }
    const objects = new Map<string, Observed>();
    const obstacles = new Map<string, NfvError>();
    for (const [key, thing] of this.objects) {
      if (scope.kind === 'all' || scope.keys.has(key)) objects.set(key, { key, ...thing });
    }
    for (const [key, item] of wanted) {
      if (scope.kind === 'keys' && !scope.keys.has(key)) throw new Error(`${key} is out of scope`);
      const name = this.#foreignAt(item.payload, key);
      if (name !== undefined) obstacles.set(key, foreignObject(key, name));
    }
    return { objects, obstacles };
  }

  async apply(steps: readonly Step[], signal: AbortSignal): Promise<readonly StepResult[]> {
    await this.beforeApply?.(steps);
    const results = new Map<Step, StepResult>();
    for (const step of this.options.shuffle?.(steps) ?? steps) {
      if (this.hangAfter <= 0) await hang(signal);
      this.hangAfter--;
      signal.throwIfAborted();
      this.log.push(step);
      results.set(step, this.#carryOut(step));
      if (this.options.echo === true) setImmediate(() => this.#listener?.(new Set([step.key])));
    }
    return steps.map((step) => results.get(step));
  }

  onChange(listener: (what: Change) => void): void {
    this.#listener = listener;
  }

  close(): Promise<void> {
    this.#listener = undefined;
    return Promise.resolve();
  }

  /** What a monitor would say. */
  notify(keys: readonly string[] | Exclude<Change, ReadonlySet<string>>): void {
    this.#listener?.(keys instanceof Array ? new Set(keys) : keys);
  }

  /** Somebody else puts an object of ours there, or changes it. */
  put(payload: Payload, key: string, defects: readonly string[] = []): void {
    this.objects.set(key, { payload, defects });
  }

  /** Somebody else deletes it, and with it what hangs on it. */
  destroy(key: string): void {
    for (const child of this.#children(key)) this.#orphan(child);
    this.objects.delete(key);
  }

  /** Key and content of all objects, as comparable text. */
  get content(): readonly string[] {
    return [...this.objects].map(([key, thing]) => `${key} ${canonicalJson(thing)}`).sort();
  }

  #carryOut(step: Step): StepResult {
    const fault = this.faults.find(
      (f) => f.times > 0 && (f.key ?? step.key) === step.key && (f.op ?? step.op) === step.op,
    );
    if (fault === undefined) return this.#perform(step);
    fault.times--;
    const error = fault.error ?? new NfvError('KERNEL_REFUSED', `${step.key}: out of luck`);
    if (fault.mode === 'silent') return undefined;
    if (fault.mode === 'refuse') return error;
    const refused = this.#perform(step);
    const thing = step.op === 'delete' ? undefined : this.objects.get(step.key);
    if (fault.mode === 'half' && thing !== undefined && refused === undefined) {
      this.objects.set(step.key, { ...thing, defects: ['half made'] });
    }
    return error;
  }

  #perform(step: Step): StepResult {
    switch (step.op) {
      case 'create':
        return this.#write(step.key, step.item.payload);
      case 'update':
        if (!this.objects.has(step.key)) return refused(step.key, 'no such object');
        return this.#write(step.key, step.item.payload);
      case 'delete':
        return this.#delete(step.key);
    }
  }

  #write(key: string, payload: Payload): StepResult {
    const name = this.#foreignAt(payload, key);
    if (name !== undefined) return foreignObject(key, name);
    const before = this.objects.get(key);
    if (before !== undefined && mustRecreate(payload, before.payload)) {
      return refused(key, 'exists, and cannot be changed');
    }
    for (const parent of dependenciesOf(payload)) {
      const thing = this.objects.get(parent);
      if (thing === undefined) return refused(key, `no ${parent}`);
      if (thing.defects.includes(DETACHED)) return refused(key, `${parent} is detached`);
    }
    for (const claim of claims(payload)) {
      for (const [other, thing] of this.objects) {
        if (other !== key && claims(thing.payload).includes(claim)) {
          return refused(key, `${claim} exists: ${other}`);
        }
      }
    }
    this.objects.set(key, { payload, defects: [] });
    return undefined;
  }

  #delete(key: string): StepResult {
    const children = this.#children(key);
    if (this.options.parents === 'cascade') this.destroy(key);
    else if (children.length > 0) return refused(key, `busy: ${children.join(', ')}`);
    this.objects.delete(key);
    return undefined;
  }

  #children(key: string): readonly string[] {
    return [...this.objects]
      .filter(([, { payload }]) => dependenciesOf(payload).includes(key))
      .map(([child]) => child);
  }

  #orphan(key: string): void {
    const thing = this.objects.get(key);
    if (thing === undefined) return;
    for (const child of this.#children(key)) this.#orphan(child);
    const stays = this.traits[thing.payload.kind]?.outlivesDependencies === true;
    if (stays) this.objects.set(key, { ...thing, defects: [DETACHED] });
    else this.objects.delete(key);
  }

  #foreignAt(payload: Payload, key: string): string | undefined {
    const names = this.objects.has(key) ? claims(payload) : [key, ...claims(payload)];
    return names.find((name) => this.foreign.has(name));
  }
}

async function hang(signal: AbortSignal): Promise<never> {
  while (!signal.aborted) await settle();
  signal.throwIfAborted();
  throw new Error('never');
}

function refused(key: string, why: string): NfvError {
  return new NfvError('KERNEL_REFUSED', `${key}: ${why}`);
}

function foreignObject(key: string, name: string): NfvError {
  return new NfvError('FOREIGN_OBJECT', `${key}: ${name} is not ours`);
}

const RANKS: Readonly<Record<ItemKind, number>> = {
  vtep: 0,
  vrf: 0,
  bridge_domain: 1,
  tunnel: 2,
  port: 2,
  provider_port: 2,
  gateway_interface: 2,
  mac_entry: 3,
  xconnect: 3,
  gateway_neighbor: 3,
  neighbor_entry: 4,
  flood_member: 5,
  route: 6,
};

/** Fields that cannot be changed in place. */
const FIXED: Readonly<Partial<Record<ItemKind, readonly string[]>>> = {
  bridge_domain: ['vtep'],
  tunnel: ['local'],
  port: ['mac'],
};

function fieldsOf(payload: Payload): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>(Object.entries(payload));
}

function differingFields(wanted: Payload, observed: Payload): readonly string[] {
  const other = fieldsOf(observed);
  return [...fieldsOf(wanted)]
    .filter(([name, value]) => canonicalJson(value) !== canonicalJson(other.get(name)))
    .map(([name]) => name);
}

function mustRecreate(wanted: Payload, observed: Payload): boolean {
  const fixed = FIXED[wanted.kind] ?? [];
  return differingFields(wanted, observed).some((name) => fixed.includes(name));
}

/** Ports take the name of their interface. */
function claims(payload: Payload): readonly string[] {
  if (payload.kind !== 'port') return [];
  const { port } = payload;
  if (port.kind === 'veth') return [`interface ${port.hostInterface}`];
  return 'interface' in port ? [`interface ${port.interface}`] : [];
}

function traitsTable(options: MemoryOptions): TraitsTable {
  const without = new Set<ItemKind>(options.without);
  const traits = (kind: ItemKind): KindTraits | undefined =>
    without.has(kind)
      ? undefined
      : {
          rank: RANKS[kind],
          differences: (wanted, observed) => {
            const [want, have] = [fieldsOf(wanted), fieldsOf(observed)];
            return differingFields(wanted, observed).map(
              (name) =>
                `${name} ${canonicalJson(have.get(name))}, not ${canonicalJson(want.get(name))}`,
            );
          },
          mustRecreate,
          claims,
          outlivesDependencies: kind === 'port' && options.parents === 'cascade',
        };
  const table: Partial<Record<ItemKind, KindTraits>> = {};
  for (const kind of ITEM_KINDS) {
    const own = traits(kind);
    if (own !== undefined) table[kind] = own;
  }
  return table;
}

function countersOf(key: string): PortCounters {
  const { length } = key;
  return { key, rxPackets: length, rxBytes: length * 100, txPackets: 1, txBytes: 64, drops: 0 };
}
