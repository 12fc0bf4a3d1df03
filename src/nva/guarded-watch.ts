/** What one caller may see of a watch. */
import type { Resource, WatchEvent, WatchRequest } from '../model/api.js';
import { COLLECTION_OF, KIND_OF } from '../model/changes.js';
import type { Collection } from '../model/names.js';
import { resourceFilter } from '../model/resource-filter.js';
import type { GuardableNva } from './guardable.js';
import type { PastOwners } from './past-owners.js';
import type { Rights } from './rights.js';

/** Each event is judged by the store as it was then: a name may have been others' before, and be others' by now. */
export class GuardedWatch {
  #isSynced: boolean;

  constructor(
    private readonly rights: Rights,
    private readonly owners: PastOwners,
    private readonly api: Pick<GuardableNva, Collection>,
    private readonly request: WatchRequest,
  ) {
    this.#isSynced = request.startRevision !== 0;
  }

  /**
   * What is told of an event; undefined: nothing.
   * @throws NfvError REVISION_COMPACTED: the watch is too far behind
   */
  async told(event: WatchEvent): Promise<WatchEvent | undefined> {
    if (event.type === 'SYNCED') {
      this.#isSynced = true;
      return event;
    }
    const { type, revision, resource } = event;
    const before = revision - 1;
    if (await this.#reads(resource, type === 'PUT' ? revision : before)) return event;
    if (type === 'DELETED' || !this.#isSynced) return undefined;
    // To who had it until now it is gone.
    const last = await this.api[COLLECTION_OF[resource.kind]].getAt(resource.id, before);
    if (last === undefined || !this.#isWanted(last)) return undefined;
    return (await this.#reads(last, before))
      ? { type: 'DELETED', revision, resource: last }
      : undefined;
  }

  async #reads(resource: Resource, revision: number): Promise<boolean> {
    switch (resource.kind) {
      case 'VirtualNetwork':
      case 'Router':
        return this.rights.reads({ tenant: resource.spec.tenant });
      case 'Nve':
      case 'HostProfile':
        return this.rights.reads('nobody');
      case 'Endpoint':
      case 'Subnet':
        return this.rights.reads(await this.owners.ofNetwork(resource.spec.network, revision));
    }
  }

  #isWanted(resource: Resource): boolean {
    const { filter, kinds } = this.request;
    return resourceFilter(filter, kinds.length === 0 ? Object.values(KIND_OF) : kinds)(resource);
  }
}
