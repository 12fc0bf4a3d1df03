/** What `wait --for` can wait for. */
import type { ResourceKind } from '../model/api.js';
import { HOST_PROFILE_STATES } from '../model/host-profile.js';
import { NVE_STATES } from '../model/nve.js';

/** As the model has them, and DELETED. */
export const STATES: Readonly<Record<ResourceKind, readonly string[]>> = {
  VirtualNetwork: ['EXISTING', 'DELETED'],
  Nve: [...NVE_STATES, 'DELETED'],
  Subnet: ['EXISTING', 'DELETED'],
  Router: ['EXISTING', 'DELETED'],
  HostProfile: [...HOST_PROFILE_STATES, 'DELETED'],
  Endpoint: ['PENDING', 'ACTIVE', 'FAILED', 'DOWN', 'DELETED'],
};

/** `in-sync`, as it is typed. */
export function stateWord(state: string): string {
  return state.toLowerCase().replaceAll('_', '-');
}
