/** What is known of each endpoint, from the NVE it is on. */
import type { EndpointStatus } from '../model/endpoint.js';
import { portKey } from '../model/item.js';
import type { Store } from '../store/store.js';
import type { CatalogEndpoint } from './catalog.js';
import { statusKey } from './keys.js';
import { STATUS_RECORDS } from './records.js';
import type { Connected } from './sessions.js';

export interface EndpointStatusesDeps {
  readonly store: Store;
  endpoint(id: string): CatalogEndpoint | undefined;
  connected(nve: string): Connected | undefined;
}

export class EndpointStatuses {
  constructor(private readonly deps: EndpointStatusesDeps) {}

  /** The status record as it should be in the store; undefined: as it is. */
  async recordOf(id: string): Promise<string | undefined> {
    const endpoint = this.deps.endpoint(id);
    if (endpoint === undefined) return undefined;
    const { spec, modRevision } = endpoint;
    const progress = this.deps.connected(spec.nve)?.session.progress;
    if (progress?.settled !== true) {
      // Until the NVE says more, what was last known of this very specification stands.
      const stored = await this.deps.store.get(statusKey('endpoints', id));
      if (stored !== undefined && stored.modRevision > modRevision) return undefined;
    }
    if (progress === undefined) {
      return encode('PENDING', 'NVE_DISCONNECTED', `nves/${spec.nve} is not connected`);
    }
    const state = progress.stateOf(portKey(id));
    if (state === 'open') return encode('PENDING');
    if (state === 'applied') return encode(spec.adminState === 'UP' ? 'ACTIVE' : 'DOWN');
    return encode('FAILED', state.code, state.message);
  }
}

function encode(state: EndpointStatus['state'], reasonCode = '', reason = ''): string {
  return STATUS_RECORDS.endpoints.encode({ state, reasonCode, reason });
}
