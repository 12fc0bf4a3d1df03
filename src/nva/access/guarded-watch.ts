/** What one caller may see of a watch. */
import type { Resource, WatchEvent, WatchRequest } from '../../model/api.js';
import { COLLECTION_OF, KIND_OF } from '../../model/changes.js';
import { formatName, type Collection } from '../../model/names.js';
import { resourceFilter } from '../../model/resource-filter.js';
import { FollowedOwners } from './followed-owners.js';
import type { EventBatch, GuardableNva } from './guardable.js';
import type { Rights } from './rights.js';

type Change = Exclude<WatchEvent, { readonly type: 'SYNCED' }>;

/**
 * Each event is judged by the store as it was then: a name may have been others' before, and be others' by now. Most
 * are of others, and of their status: of those nothing is read.
 */
export class GuardedWatch {
  readonly #owners: FollowedOwners;
  readonly #isWanted: (resource: Resource) => boolean;
  #isSynced: boolean;

  constructor(
    private readonly rights: Rights,
    private readonly api: Pick<GuardableNva, Collection>,
    { filter, kinds, startRevision }: WatchRequest,
  ) {
    this.#owners = new FollowedOwners(api.virtualNetworks);
    this.#isWanted = resourceFilter(filter, kinds.length === 0 ? Object.values(KIND_OF) : kinds);
    this.#isSynced = startRevision !== 0;
  }

  /**
   * What is told of a batch; each has to be given, in their order.
   * @throws NfvError REVISION_COMPACTED: the watch is too far behind
   */
  async *told({ events, respecified }: EventBatch): AsyncGenerator<WatchEvent> {
    this.#owners.goOn(respecified);
    for (const event of events) {
      if (event.type === 'SYNCED') this.#isSynced = true;
      const told = event.type === 'SYNCED' ? event : await this.#toldOf(event, respecified);
      if (told !== undefined) yield told;
    }
  }

  async #toldOf(event: Change, respecified: ReadonlySet<string>): Promise<WatchEvent | undefined> {
    const { type, revision, resource } = event;
    const then = type === 'PUT' ? 'at' : 'before';
    if (await this.#reads(resource.spec, then, revision)) return event;
    if (type === 'DELETED' || !this.#isSynced || !this.#mayBeNew(resource, respecified)) {
      return undefined;
    }
    // To who had it until now it is gone.
    const { kind, id } = resource;
    const resources = this.api[COLLECTION_OF[kind]];
    const spec = await resources.specAt(id, revision - 1);
    if (spec === undefined || !(await this.#reads(spec, 'before', revision))) {
      return undefined;
    }
    const last = await resources.getAt(id, revision - 1);
    return last !== undefined && this.#isWanted(last)
      ? { type: 'DELETED', revision, resource: last }
      : undefined;
  }

  /** Whether it may have been another's until now. */
  #mayBeNew({ kind, id, spec }: Resource, respecified: ReadonlySet<string>): boolean {
    if (kind === 'Nve' || kind === 'HostProfile') return false;
    if (respecified.has(formatName(COLLECTION_OF[kind], id))) return true;
    return 'network' in spec && this.#owners.isWritten(spec.network);
  }

  async #reads(spec: Resource['spec'], when: 'at' | 'before', revision: number): Promise<boolean> {
    if ('tenant' in spec) return this.rights.reads({ tenant: spec.tenant });
    if (!('network' in spec)) return this.rights.reads('nobody');
    return this.rights.reads(await this.#owners[when](revision, spec.network));
  }
}
