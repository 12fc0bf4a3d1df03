/**
 * How much a tenant may have of each kind. What is counted is what the store has: a create commits only
 * if nobody has created or deleted one of that tenant and kind since they were counted, on whatever
 * replica, so that two can never go over together.
 */
import { NfvError } from '../../errors.js';
import { limitOf, type AccessPolicy, type QuotaKind } from '../../model/access-policy.js';
import type { Resource } from '../../model/api.js';
import type { Store } from '../../store/store.js';
import type { CatalogChange } from '../catalog.js';
import { quotaGenerationKey, specKey } from '../keys.js';
import { RECORDS } from '../records.js';
import type { Checked, ResourceRules } from './resource-rules.js';

/** How long the model may be behind the store. */
const REACH_MS = 5000;

export interface QuotasDeps {
  readonly store: Store;
  /** As they are now; undefined: there never are any. */
  readonly quotas: (() => AccessPolicy['quotas']) | undefined;
  /** Resolves when all changes up to a revision have been applied to the counts, or the signal aborts. */
  reached(revision: number, signal: AbortSignal): Promise<void>;
}

export class Quotas {
  readonly #counts = new TenantCounts();
  /** Of each tenant and kind, the end of the last create. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(private readonly deps: QuotasDeps) {}

  /** Counts a change of the model. */
  apply(change: CatalogChange): void {
    if (this.deps.quotas !== undefined) this.#counts.apply(change);
  }

  /**
   * Rules that also keep the quota.
   * @param tenantOf whose a resource is; undefined: of one that there is no more
   */
  around<Spec, R extends Resource>(
    collection: QuotaKind,
    rules: ResourceRules<Spec, R>,
    tenantOf: (spec: Spec) => Promise<string | undefined>,
  ): ResourceRules<Spec, R> {
    if (this.deps.quotas === undefined) return rules;
    return {
      ...rules,
      check: async (id, before, after) => {
        const checked = await rules.check(id, before, after);
        if (before !== undefined) return checked;
        return this.#withinQuota(collection, await tenantOf(checked.spec), checked);
      },
      // With each delete, too: what was freed is seen by whoever counts next.
      quotaKeys: async (spec) => {
        if (!this.areKept) return [];
        const tenant = await tenantOf(spec);
        return tenant === undefined ? [] : [quotaGenerationKey(tenant, collection)];
      },
      inTurn: async (spec, run) => {
        const tenant = await tenantOf(spec);
        const isLimited = this.#limit(collection, tenant) !== undefined;
        return isLimited ? this.#inTurn(`${tenant ?? ''}/${collection}`, run) : run();
      },
    };
  }

  /** As the policy has them now. */
  get current(): AccessPolicy['quotas'] {
    return this.deps.quotas?.();
  }

  /** Whether there are quotas now: if not, nobody is to see that something comes or goes. */
  get areKept(): boolean {
    return this.deps.quotas?.() !== undefined;
  }

  /** How many of a kind a tenant may have; undefined: as many as it likes. */
  limitOf(kind: QuotaKind, tenant: string): number | undefined {
    return limitOf(this.deps.quotas?.(), tenant, kind);
  }

  /**
   * How many of a kind a tenant has, as of a revision or a later one.
   * @throws NfvError WRITE_CONFLICT: the model is too far behind
   */
  async count(kind: QuotaKind, tenant: string, revision: number): Promise<number> {
    const late = AbortSignal.timeout(REACH_MS);
    await this.deps.reached(revision, late);
    if (late.aborted) {
      throw new NfvError('WRITE_CONFLICT', `what tenant ${tenant} has cannot be counted now`);
    }
    return this.#counts.of(tenant, kind);
  }

  /** By the network in their specification. */
  async tenantOfNetwork({ network }: { readonly network: string }): Promise<string | undefined> {
    const kv = await this.deps.store.get(specKey('virtualNetworks', network));
    return kv && RECORDS.virtualNetworks.decode(kv.key, kv.value).spec.tenant;
  }

  #limit(kind: QuotaKind, tenant: string | undefined): number | undefined {
    return tenant === undefined ? undefined : this.limitOf(kind, tenant);
  }

  /** @throws NfvError QUOTA_EXCEEDED */
  async #withinQuota<Spec>(
    kind: QuotaKind,
    tenant: string | undefined,
    checked: Checked<Spec>,
  ): Promise<Checked<Spec>> {
    const limit = this.#limit(kind, tenant);
    if (limit === undefined || tenant === undefined) return checked;
    const key = quotaGenerationKey(tenant, kind);
    const revision = (await this.deps.store.get(key))?.modRevision ?? 0;
    const count = await this.count(kind, tenant, revision);
    if (count >= limit) {
      const text = `tenant ${tenant} has ${count} ${kind}, and may have ${limit}`;
      throw new NfvError('QUOTA_EXCEEDED', text, { metadata: quotaMetadata(tenant, kind, limit) });
    }
    const compare = { kind: 'revision', key, revision } as const;
    return { ...checked, guards: [...checked.guards, { compare, onFail: 'retry' }] };
  }

  /** One after the other in this process: they would only be in each other's way. */
  async #inTurn<T>(key: string, run: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(key) ?? Promise.resolve();
    const result = before.then(run);
    const end = result.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(key, end);
    try {
      return await result;
    } finally {
      if (this.#turns.get(key) === end) this.#turns.delete(key);
    }
  }
}

/** Of an error QUOTA_EXCEEDED. */
export function quotaMetadata(
  tenant: string,
  kind: QuotaKind,
  limit: number,
): Readonly<Record<string, string>> {
  return { quotaSubject: `tenant/${tenant}`, kind, limit: String(limit) };
}

/** How many of each kind each tenant has, by the changes of the model. */
class TenantCounts {
  readonly #networks = new Owners();
  readonly #routers = new Owners();
  /** By network, which may come after what is in it. */
  readonly #inNetworks = { subnets: new Owners(), endpoints: new Owners() };

  apply(change: CatalogChange): void {
    const { id } = change;
    switch (change.kind) {
      case 'VirtualNetwork':
        this.#networks.set(id, change.after?.tenant);
        break;
      case 'Router':
        this.#routers.set(id, change.after?.tenant);
        break;
      case 'Subnet':
        this.#inNetworks.subnets.set(id, change.after?.network);
        break;
      case 'Endpoint':
        this.#inNetworks.endpoints.set(id, change.after?.network);
        break;
      case 'Nve':
      case 'HostProfile':
    }
  }

  of(tenant: string, kind: QuotaKind): number {
    if (kind === 'virtualNetworks') return this.#networks.of(tenant).size;
    if (kind === 'routers') return this.#routers.of(tenant).size;
    const things = this.#inNetworks[kind];
    let sum = 0;
    for (const network of this.#networks.of(tenant)) sum += things.of(network).size;
    return sum;
  }
}

const NONE: ReadonlySet<string> = new Set();

/** What belongs to what, in both directions. */
class Owners {
  readonly #owner = new Map<string, string>();
  readonly #owned = new Map<string, Set<string>>();

  set(id: string, owner: string | undefined): void {
    const before = this.#owner.get(id);
    if (before === owner) return;
    if (before !== undefined) {
      this.#owned.get(before)?.delete(id);
      if (this.of(before).size === 0) this.#owned.delete(before);
    }
    if (owner === undefined) {
      this.#owner.delete(id);
      return;
    }
    this.#owner.set(id, owner);
    const owned = this.#owned.get(owner);
    if (owned === undefined) this.#owned.set(owner, new Set([id]));
    else owned.add(id);
  }

  of(owner: string): ReadonlySet<string> {
    return this.#owned.get(owner) ?? NONE;
  }
}
