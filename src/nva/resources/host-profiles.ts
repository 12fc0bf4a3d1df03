import {
  checkHostProfile,
  NO_HOST_PROFILE_STATUS,
  type HostProfileResource,
  type HostProfileSpec,
} from '../../model/host-profile.js';
import { readStatus, type Reads } from '../reads.js';
import { statusKey } from '../keys.js';
import { decodeKv, metaOf, RECORDS, STATUS_RECORDS } from '../records.js';
import type { ResourceRules } from './resource-rules.js';

export function hostProfileRules(
  store: Reads,
): ResourceRules<HostProfileSpec, HostProfileResource> {
  return {
    kind: 'HostProfile',
    collection: 'hostProfiles',
    noun: 'host profile',
    records: RECORDS.hostProfiles,
    immutable: [],
    check: (_id, _before, after) => Promise.resolve({ spec: checkHostProfile(after), guards: [] }),
    checkDelete: () => Promise.resolve([]),
    claims: () => [],
    tenant: () => Promise.resolve(''),
    statusKeys: (id) => [statusKey('hostProfiles', id)],
    generations: () => [],
    async assemble(id, { value, modRevision }, when) {
      const kv = await readStatus(store, 'hostProfiles', id, when);
      const status = kv === undefined ? undefined : decodeKv(STATUS_RECORDS.hostProfiles, kv);
      return {
        kind: 'HostProfile',
        id,
        spec: value.spec,
        status: status?.value ?? NO_HOST_PROFILE_STATUS,
        meta: metaOf(value, modRevision, status?.modRevision ?? 0),
      };
    },
  };
}
