/** What one caller may see of a watch. */
import { NfvError } from '../errors.js';
import type { Resource, WatchEvent } from '../model/api.js';
import type { VirtualNetwork } from '../model/virtual-network.js';
import type { Rights } from './rights.js';

type InNetwork = Extract<Resource, { readonly kind: 'Endpoint' | 'Subnet' }>;

export class GuardedWatch {
  /** What has been judged of resources in networks: it holds to their end, when the network may be gone. */
  readonly #judged = new Map<string, boolean>();
  #isSynced: boolean;

  /** @param network as it is now; undefined: there is none */
  constructor(
    private readonly rights: Rights,
    private readonly network: (id: string) => Promise<VirtualNetwork | undefined>,
    { startRevision }: { readonly startRevision: number },
  ) {
    this.#isSynced = startRevision !== 0;
  }

  /** @throws NfvError REVISION_COMPACTED when it can no longer be told whose a resource was */
  async shows(event: WatchEvent): Promise<boolean> {
    if (event.type === 'SYNCED') {
      this.#isSynced = true;
      return true;
    }
    const { resource } = event;
    switch (resource.kind) {
      case 'VirtualNetwork':
      case 'Router':
        return this.rights.reads({ tenant: resource.spec.tenant });
      case 'Nve':
      case 'HostProfile':
        return this.rights.reads('nobody');
      case 'Endpoint':
      case 'Subnet':
        return this.#showsInNetwork(resource, event.type);
    }
  }

  async #showsInNetwork(resource: InNetwork, type: 'PUT' | 'DELETED'): Promise<boolean> {
    const key = `${resource.kind}/${resource.id}`;
    const before = this.#judged.get(key);
    const shown = before ?? (await this.#judge(resource, type));
    if (type === 'PUT') this.#judged.set(key, shown);
    else this.#judged.delete(key);
    return shown;
  }

  async #judge({ kind, id, spec, meta }: InNetwork, type: 'PUT' | 'DELETED'): Promise<boolean> {
    if (this.rights.reads('unknown')) return true;
    const network = await this.network(spec.network);
    // The name of a network may be another tenant's by now.
    const isOf = network !== undefined && network.meta.createTime <= meta.createTime;
    if (network !== undefined && (isOf || !this.#isSynced)) {
      return this.rights.reads({ tenant: network.spec.tenant });
    }
    // Its end will follow, and nobody has heard of it yet.
    if (type === 'PUT' && network === undefined) return false;
    throw new NfvError(
      'REVISION_COMPACTED',
      `it can no longer be told whose ${kind} ${id} was: its network has been deleted`,
    );
  }
}
