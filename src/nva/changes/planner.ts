/** What wishes come to: the state they would make, checked as each single change is, and its effect. */
import { setImmediate as turn } from 'node:timers/promises';
import {
  COLLECTION_OF,
  type Kind,
  type ResourceChange,
  type Specified,
  type Wanted,
} from '../../model/changes.js';
import { isAllowed, type AllowedAddress } from '../../model/allowed-address.js';
import { timestamp, type Clock } from '../../model/clock.js';
import type { DuplicateLimits } from '../../model/duplicates.js';
import type { EndpointSpec } from '../../model/endpoint.js';
import type { PlacedEndpoint } from '../../model/migration.js';
import { formatName } from '../../model/names.js';
import type { SubnetSpec } from '../../model/subnet.js';
import type { Store } from '../../store/store.js';
import type { Catalog } from '../catalog.js';
import { makeRules } from '../resources/collections.js';
import type { CompileIndex } from '../compiler/compile-index.js';
import type { Change } from '../compiler/inputs.js';
import { specKey, subnetRouterKey } from '../keys.js';
import { RECORDS } from '../records.js';
import { tenantOf } from '../resources/references.js';
import type { Quotas } from '../resources/quotas.js';
import type { Owner } from '../access/rights.js';
import type { Draft } from './draft.js';
import { draftOf, specifiedFrom } from './drafts.js';
import { effectOf, type Effect } from './effect.js';
import { Faults } from './faults.js';
import { Free } from './free.js';
import { hashOf } from './hash.js';
import { Overlay } from './overlay.js';
import { isCounted, keepQuotas, quotaKeys, type Counted } from './plan-quotas.js';
import type { ChangedSpec } from './record.js';
import type { UndoKeys } from './undo-cost.js';
import type { Warden } from './warden.js';

export interface PlannerDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly vniRange: { readonly min: number; readonly max: number };
  readonly catalog: Catalog;
  readonly index: CompileIndex;
  readonly quotas: Quotas;
  /** When an address moves too often; by default as the RFCs say. */
  readonly duplicates?: DuplicateLimits | undefined;
  /** Resolves when the catalog has all that the store had at the call. */
  caughtUp(signal: AbortSignal): Promise<void>;
}

export interface PlanOptions {
  /** What cannot be changed is deleted and created anew. */
  readonly mayReplace: boolean;
  /** Id of the change, if it is to be confirmed. */
  readonly pending?: string;
  /** What was so before is not checked again. */
  readonly trusted?: boolean;
  /** Claims that nobody has but the change that is undone. */
  readonly retained?: readonly string[];
}

/** A plan that was made, with what it takes to carry it out. */
export interface Made {
  readonly hash: string;
  readonly revision: number;
  readonly changes: readonly ResourceChange[];
  records(): readonly ChangedSpec[];
  undoKeys(): readonly UndoKeys[];
  readonly effect: Effect;
  readonly overlay: Overlay;
  /** Of the index when it was begun. */
  readonly version: number;
  /** Of the policy, as they were then. */
  readonly quotas: Quotas['current'];
  /** Makes it one of another moment; undefined: it leaves traces of its own. */
  readonly stamp: Draft['stamp'] | undefined;
}

/** What it takes to carry it out: not what it does to each NVE, which may be very much. */
export type Doable = Omit<Made, 'effect'>;

export class Planner {
  constructor(private readonly deps: PlannerDeps) {}

  /** @throws NfvError with everything that is wrong, fields under `changes[i]` */
  async plan(
    wanted: readonly Wanted[],
    warden: Warden,
    options: PlanOptions,
    signal: AbortSignal,
  ): Promise<Made> {
    const { catalog } = this.deps;
    await this.deps.caughtUp(signal);
    const { revision } = catalog;
    return new Planning(this.deps, new Overlay(this.deps.store, revision), wanted, warden, {
      ...options,
      signal,
    }).run();
  }
}

/** Undefined: it does not exist. */
interface Tenants {
  readonly was: string | undefined;
  readonly is: string | undefined;
}

const SLICE = 50;

/** Those of one phase do not refer to each other. */
const PHASES: readonly (readonly Kind[])[] = [
  ['VirtualNetwork', 'Nve', 'HostProfile'],
  ['Subnet'],
  ['Router'],
  ['Endpoint'],
];

class Planning {
  readonly #faults: Faults;
  readonly #subnets = new Map<string, SubnetSpec>();
  readonly #networks = new Map<string, string>();
  /** Whose a resource is, and is to be. */
  readonly #tenants = new Map<Draft, Tenants>();

  constructor(
    private readonly deps: PlannerDeps,
    private readonly overlay: Overlay,
    private readonly wanted: readonly Wanted[],
    private readonly warden: Warden,
    private readonly options: PlanOptions & { readonly signal: AbortSignal },
  ) {
    this.#faults = new Faults(wanted);
    for (const each of wanted) {
      if (!('put' in each)) continue;
      const { put } = each;
      if (put.kind === 'Subnet') this.#subnets.set(put.id, put.spec);
      if (put.kind === 'VirtualNetwork') this.#networks.set(put.id, put.spec.tenant);
    }
  }

  async run(): Promise<Made> {
    const { overlay, options } = this;
    const { index, quotas } = this.deps;
    const begun = { version: index.version, quotas: quotas.current };
    const drafts = await this.#open();
    this.#faults.throwIfAny();
    for await (const draft of inSlices(drafts)) await draft.release();
    overlay.release((options.retained ?? []).map((key) => ({ key, taken: undefined })));
    const ordered = inOrder(drafts);
    for await (const draft of inSlices(ordered)) {
      options.signal.throwIfAborted();
      await this.#faults.attempt(draft, () =>
        draft.wanted === undefined ? draft.remove() : draft.put(),
      );
    }
    this.#faults.throwIfAny();
    for await (const draft of inSlices(drafts)) await draft.leave();
    for await (const draft of inSlices(drafts)) {
      await this.#faults.attempt(draft, () => draft.arrive());
    }
    this.#faults.throwIfAny();
    const counted = this.#counted(drafts);
    await keepQuotas(quotas, overlay, counted, options.trusted !== true);
    const changed = ordered.flatMap((draft) => {
      const change = draft.change();
      return change === undefined ? [] : [{ draft, change }];
    });
    const changes = changed.map(({ change }) => change);
    await turn();
    const effect = await effectOf(index, () => changes.flatMap(inputOf(index)));
    return {
      hash: await hashOf(changes, effect),
      revision: overlay.revision,
      changes,
      records: () => changed.map(({ draft }) => draft.changed(this.#ownerOf(draft))),
      // Quotas may be kept by then, if they are not yet.
      undoKeys: () => [
        ...ordered
          .filter((draft) => draft.movesClaims || draft.change() !== undefined)
          .map((draft) => draft.undoKeys()),
        { compares: [], ops: quotaKeys(counted) },
      ],
      ...{ effect, overlay, ...begun },
      stamp: changed.some(({ draft }) => draft.isDated)
        ? undefined
        : (now, pending) => {
            for (const { draft } of changed) draft.stamp(now, pending);
          },
    };
  }

  /** Those that the caller may change, and that are not as they are to be. */
  async #open(): Promise<Draft[]> {
    const { deps, overlay, options } = this;
    const free = new Free(overlay, deps.catalog, deps.vniRange, this.wanted);
    const rules = makeRules({
      store: overlay,
      index: deps.index,
      takeVni: () => free.takeVni(),
      takeVrf: () => free.takeVrf(),
      takeAddress: (id, spec) => free.takeAddress(id, spec),
      takeMac: (network, id) => free.takeMac(network, id),
      now: () => deps.clock.now(),
      duplicates: deps.duplicates,
    });
    const now = timestamp(deps.clock.now());
    const subnet = (id: string): Promise<SubnetSpec | undefined> => this.#subnet(id);
    const drafts: Draft[] = [];
    for await (const each of inSlices(this.wanted)) {
      options.signal.throwIfAborted();
      const draft = await draftOf({ ...options, overlay, now, rules, subnet }, each);
      // What makes a rollback, or an undo, is not the caller's: the resource says more than its place.
      if (!options.mayReplace) this.#faults.name(draft, each);
      if (draft.before === undefined && draft.wanted === undefined) continue;
      const isTheirs = await this.#faults.attempt(draft, () => this.#allowed(draft));
      if (isTheirs !== true) continue;
      if (options.trusted !== true) await this.#faults.attempt(draft, () => draft.check(each.etag));
      if (draft.before !== undefined && draft.wanted === undefined) free.leaves(draft.before);
      drafts.push(draft);
    }
    for await (const put of this.#followers(drafts)) {
      drafts.push(await draftOf({ ...options, overlay, now, rules, subnet }, { put, etag: '' }));
    }
    return drafts;
  }

  /**
   * Routers that stay as they are while a subnet of theirs is replaced by one of another network: what they hold by it
   * goes there, too.
   */
  async *#followers(drafts: readonly Draft[]): AsyncGenerator<Specified> {
    const { overlay } = this;
    const known = new Set(drafts.filter(({ kind }) => kind === 'Router').map(({ id }) => id));
    for (const { id, before, wanted } of drafts) {
      if (before?.kind !== 'Subnet' || wanted?.kind !== 'Subnet') continue;
      if (before.spec.network === wanted.spec.network) continue;
      const router = (await overlay.below(subnetRouterKey(id)))?.value;
      if (router === undefined || known.has(router)) continue;
      known.add(router);
      const kv = await overlay.below(specKey('routers', router));
      if (kv !== undefined) yield specifiedFrom({ collection: 'routers', id: router }, kv.value);
    }
  }

  async #allowed(draft: Draft): Promise<boolean> {
    const { kind, id, before, wanted } = draft;
    const was = before && (await this.#tenantBefore(before));
    const is = wanted && (await this.#tenantAfter(wanted));
    this.#tenants.set(draft, { was, is });
    return this.warden.allows(
      {
        ...{ kind, id },
        before: before && { is: before, owner: ownerOf(before, was ?? '') },
        after: wanted && { is: wanted, owner: ownerOf(wanted, is ?? '') },
      },
      { ofSubnet: (subnet) => this.#ownerOfSubnet(subnet) },
    );
  }

  #ownerOf(draft: Draft): string {
    const { was, is } = this.#tenants.get(draft) ?? {};
    return is ?? was ?? '';
  }

  /** Also of those that stay as they are: their network may have another tenant. */
  #counted(drafts: readonly Draft[]): Counted[] {
    return drafts.flatMap((draft): Counted[] => {
      const collection = COLLECTION_OF[draft.kind];
      if (!isCounted(collection)) return [];
      const { was, is } = this.#tenants.get(draft) ?? {};
      const name = formatName(collection, draft.id);
      return [{ kind: collection, name, field: this.#faults.fieldOf(draft), was, is }];
    });
  }

  async #tenantBefore(is: Specified): Promise<string> {
    return tenantIn(is, (network) => tenantOf(this.overlay, network));
  }

  async #tenantAfter(is: Specified): Promise<string> {
    return tenantIn(is, (network) => this.#tenantOfNetwork(network));
  }

  async #tenantOfNetwork(id: string): Promise<string> {
    return this.#networks.get(id) ?? (await tenantOf(this.overlay, id));
  }

  async #ownerOfSubnet(id: string): Promise<Owner> {
    const spec = await this.#subnet(id);
    const tenant = spec === undefined ? '' : await this.#tenantOfNetwork(spec.network);
    return tenant === '' ? 'unknown' : { tenant };
  }

  async #subnet(id: string): Promise<SubnetSpec | undefined> {
    const planned = this.#subnets.get(id);
    if (planned !== undefined) return planned;
    const kv = await this.overlay.below(specKey('subnets', id));
    return kv && RECORDS.subnets.decode(kv.key, kv.value).spec;
  }
}

/** Of a plan that may take seconds: others get their turn every few milliseconds, as the embedded store answers at once. */
async function* inSlices<T>(all: readonly T[]): AsyncGenerator<T> {
  for (const [i, each] of all.entries()) {
    if (i % SLICE === SLICE - 1) await turn();
    yield each;
  }
}

/**
 * Who needs others goes before them; who is needed comes before who needs it. In each phase what stays comes before
 * what is new: each new one is checked against all that are there by then, what stays against none but what it names.
 */
function inOrder(drafts: readonly Draft[]): Draft[] {
  const gone = drafts.filter(({ wanted }) => wanted === undefined);
  const there = drafts.filter(({ wanted }) => wanted !== undefined);
  const isNew = ({ stays }: Draft): number => (stays ? 0 : 1);
  return [
    ...gone.sort((a, b) => phaseOf(b) - phaseOf(a)),
    ...there.sort((a, b) => phaseOf(a) - phaseOf(b) || isNew(a) - isNew(b)),
  ];
}

function phaseOf({ kind }: Draft): number {
  return PHASES.findIndex((kinds) => kinds.includes(kind));
}

async function tenantIn(
  is: Specified,
  ofNetwork: (id: string) => Promise<string>,
): Promise<string> {
  switch (is.kind) {
    case 'VirtualNetwork':
    case 'Router':
      return is.spec.tenant;
    case 'Subnet':
    case 'Endpoint':
      return ofNetwork(is.spec.network);
    case 'Nve':
    case 'HostProfile':
      return '';
  }
}

function ownerOf({ kind }: Specified, tenant: string): Owner {
  if (kind === 'Nve' || kind === 'HostProfile') return 'nobody';
  return tenant === '' ? 'unknown' : { tenant };
}

/** As the compiler takes it; a host profile is not compiled. */
function inputOf(index: CompileIndex): (change: ResourceChange) => Change[] {
  return ({ verb, kind, id, after }) => {
    if (kind === 'HostProfile') return [];
    if (after === undefined) return [{ kind, id, after: undefined }];
    switch (after.kind) {
      case 'VirtualNetwork':
        return [{ kind: after.kind, id, after: after.spec }];
      case 'Nve': {
        const now = index.current('Nve', id);
        const known = now.kind === 'Nve' ? now.after : undefined;
        const unknown = { underlays: [], providers: [], withdrawn: false };
        return [{ kind: after.kind, id, after: { ...(known ?? unknown), spec: after.spec } }];
      }
      case 'Subnet':
        return [{ kind: after.kind, id, after: after.spec }];
      case 'Router':
        return [{ kind: after.kind, id, after: after.spec }];
      case 'Endpoint': {
        const now = index.current('Endpoint', id);
        const held = now.kind === 'Endpoint' && verb !== 'REPLACE' ? now.after?.held : undefined;
        return [{ kind: after.kind, id, after: stillHolding(after.spec, held) }];
      }
      case 'HostProfile':
        return [];
    }
  };
}

/** With those of the allowed addresses that it has, and may have then. */
function stillHolding(spec: EndpointSpec, had: readonly AllowedAddress[] = []): PlacedEndpoint {
  const held = had.filter((each) => isAllowed(each, spec));
  return held.length === 0 ? spec : { ...spec, held };
}
