import { invalidField } from '../../errors.js';
import type { HostProfileResource, HostProfileSpec } from '../../model/host-profile.js';
import { profileHash } from '../../model/host/offer.js';
import { formatName, parseName, requireName } from '../../model/names.js';
import type {
  HostProfile as Wire,
  HostProfile__Output as WireOut,
} from '../gen/nfv/v1/HostProfile.js';
import { namesOfSet, type WireType } from './common.js';
import { PHASES } from './host-status.js';
import { metaFromWire, metaToWire } from './meta.js';

const FIELDS = {
  display_name: 'displayName',
  profile: 'profile',
  nves: 'nves',
  nve_labels: 'nveLabels',
  labels: 'labels',
} as const satisfies Record<string, keyof HostProfileSpec>;

function setFields(wire: WireOut): string[] {
  const set: Record<keyof typeof FIELDS, boolean> = {
    display_name: wire.display_name !== '',
    profile: wire.profile !== '',
    nves: wire.nves.length > 0,
    nve_labels: Object.keys(wire.nve_labels).length > 0,
    labels: Object.keys(wire.labels).length > 0,
  };
  return namesOfSet(set);
}

function specFromWire(wire: WireOut): HostProfileSpec {
  return {
    displayName: wire.display_name,
    profile: wire.profile,
    nves: wire.nves.map((name, i) => {
      const id = parseName('nves', name);
      if (id !== undefined) return id;
      const field = `host_profile.nves[${i}]`;
      throw invalidField(field, name, 'not the name of an NVE', 'give "nves/ID"');
    }),
    nveLabels: wire.nve_labels,
    labels: wire.labels,
  };
}

function fromWire(wire: WireOut): HostProfileResource {
  return {
    kind: 'HostProfile',
    id: requireName('hostProfiles', wire.name),
    spec: specFromWire(wire),
    status: {
      selected: wire.selected_count,
      applied: wire.applied_count,
      targets: wire.targets.map((target) => ({
        nve: requireName('nves', target.nve),
        phase: PHASES.fromWire('phase', target.phase),
        reasonCode: target.reason_code,
        reason: target.reason,
      })),
    },
    meta: metaFromWire(wire),
  };
}

function specToWire(spec: HostProfileSpec): Wire {
  return {
    display_name: spec.displayName,
    profile: spec.profile,
    nves: spec.nves.map((nve) => formatName('nves', nve)),
    nve_labels: { ...spec.nveLabels },
    labels: { ...spec.labels },
  };
}

function toWire({ id, spec, status, meta }: HostProfileResource): Wire {
  return {
    ...specToWire(spec),
    name: formatName('hostProfiles', id),
    profile_hash: profileHash(spec.profile),
    selected_count: status.selected,
    applied_count: status.applied,
    targets: status.targets.map((target) => ({
      nve: formatName('nves', target.nve),
      phase: PHASES.toWire(target.phase),
      reason_code: target.reasonCode,
      reason: target.reason,
    })),
    ...metaToWire(meta),
  };
}

export const HOST_PROFILE: WireType<HostProfileSpec, HostProfileResource, Wire, WireOut> = {
  collection: 'hostProfiles',
  fields: FIELDS,
  setFields,
  specFromWire,
  specToWire,
  toWire,
  fromWire,
};
