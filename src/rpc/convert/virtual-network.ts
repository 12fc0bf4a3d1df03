import { invalidField } from '../../errors.js';
import {
  ENCAPSULATIONS,
  MAX_VNI,
  MIN_VNI,
  NEW_VIRTUAL_NETWORK,
  PROVIDER_DEFAULTS,
  type VirtualNetwork,
  type VirtualNetworkSpec,
} from '../../model/virtual-network.js';
import { DRIFT_POLICIES, NETWORK_DRIFT_POLICIES } from '../../model/drift-policy.js';
import { requireName, formatName } from '../../model/names.js';
import type {
  VirtualNetwork as Wire,
  VirtualNetwork__Output as WireOut,
} from '../gen/nfv/v1/VirtualNetwork.js';
import { duplicateFromWire, duplicateToWire } from './duplicate.js';
import { EnumTable, namesOfSet, type WireType } from './common.js';
import { metaFromWire, metaToWire } from './meta.js';

const BUM_MODES = new EnumTable(['HEAD_END', 'MULTICAST', 'NONE'], {
  HEAD_END: 'BUM_MODE_HEAD_END',
  MULTICAST: 'BUM_MODE_MULTICAST',
  NONE: 'BUM_MODE_NONE',
} as const);

const WIRE_ENCAPSULATIONS = new EnumTable(ENCAPSULATIONS, {
  VXLAN: 'ENCAPSULATION_VXLAN',
  NONE: 'ENCAPSULATION_NONE',
} as const);

const FAMILIES = new EnumTable(['IPV4', 'IPV6'], {
  IPV4: 'UNDERLAY_FAMILY_IPV4',
  IPV6: 'UNDERLAY_FAMILY_IPV6',
} as const);

/** Of an item, which has one or none. */
export const ITEM_DRIFT_POLICIES = new EnumTable(DRIFT_POLICIES, {
  REPAIR: 'DRIFT_POLICY_REPAIR',
  REPORT: 'DRIFT_POLICY_REPORT',
  IGNORE: 'DRIFT_POLICY_IGNORE',
} as const);

const POLICIES = new EnumTable(NETWORK_DRIFT_POLICIES, {
  DEFAULT: 'DRIFT_POLICY_UNSPECIFIED',
  REPAIR: 'DRIFT_POLICY_REPAIR',
  REPORT: 'DRIFT_POLICY_REPORT',
  IGNORE: 'DRIFT_POLICY_IGNORE',
} as const);

const FIELDS = {
  display_name: 'displayName',
  tenant: 'tenant',
  vni: 'vni',
  encapsulation: 'encapsulation',
  mtu: 'mtu',
  bum_mode: 'bumMode',
  bum_group: 'bumGroup',
  learning: 'learning',
  arp_suppression: 'arpSuppression',
  prefixes: 'prefixes',
  underlay_family: 'underlayFamily',
  drift_policy: 'driftPolicy',
  labels: 'labels',
  provider: 'provider',
} as const satisfies Record<string, keyof VirtualNetworkSpec>;

function setFields(wire: WireOut): string[] {
  const set: Record<keyof typeof FIELDS, boolean> = {
    display_name: wire.display_name !== '',
    tenant: wire.tenant !== '',
    vni: wire._vni !== undefined,
    encapsulation: wire.encapsulation !== 'ENCAPSULATION_UNSPECIFIED',
    mtu: wire.mtu !== 0,
    bum_mode: wire.bum_mode !== 'BUM_MODE_UNSPECIFIED',
    bum_group: wire.bum_group !== '',
    learning: wire._learning !== undefined,
    arp_suppression: wire._arp_suppression !== undefined,
    prefixes: wire.prefixes.length > 0,
    underlay_family: wire.underlay_family !== 'UNDERLAY_FAMILY_UNSPECIFIED',
    drift_policy: wire.drift_policy !== 'DRIFT_POLICY_UNSPECIFIED',
    labels: Object.keys(wire.labels).length > 0,
    provider: wire.provider !== null,
  };
  return namesOfSet(set);
}

function specFromWire(wire: WireOut): VirtualNetworkSpec {
  const usual = { ...NEW_VIRTUAL_NETWORK, ...(wire.provider && PROVIDER_DEFAULTS) };
  return {
    displayName: wire.display_name,
    tenant: wire.tenant === '' ? 'default' : wire.tenant,
    vni: vniFromWire(wire),
    encapsulation: WIRE_ENCAPSULATIONS.fromWire(
      'virtual_network.encapsulation',
      wire.encapsulation,
      usual.encapsulation,
    ),
    mtu: wire.mtu,
    bumMode: BUM_MODES.fromWire('virtual_network.bum_mode', wire.bum_mode, 'HEAD_END'),
    bumGroup: wire.bum_group,
    learning: (wire._learning && wire.learning) ?? usual.learning,
    arpSuppression: (wire._arp_suppression && wire.arp_suppression) ?? usual.arpSuppression,
    prefixes: wire.prefixes,
    underlayFamily: FAMILIES.fromWire(
      'virtual_network.underlay_family',
      wire.underlay_family,
      'IPV4',
    ),
    driftPolicy: POLICIES.fromWire('virtual_network.drift_policy', wire.drift_policy),
    labels: wire.labels,
    ...(wire.provider && { provider: { ...wire.provider } }),
  };
}

/** Absent is a wish for any VNI; 0 is a VNI that there is not. */
function vniFromWire(wire: WireOut): number {
  if (wire._vni === undefined) return 0;
  if (wire.vni !== undefined && wire.vni !== 0) return wire.vni;
  throw invalidField(
    'virtual_network.vni',
    0,
    'not a VNI',
    `give ${MIN_VNI}-${MAX_VNI}, or leave it out to get one`,
  );
}

function fromWire(wire: WireOut): VirtualNetwork {
  return {
    kind: 'VirtualNetwork',
    id: requireName('virtualNetworks', wire.name),
    spec: specFromWire(wire),
    effectiveMtu: wire.effective_mtu,
    duplicates: wire.duplicates.map(duplicateFromWire),
    meta: metaFromWire(wire),
  };
}

function specToWire(spec: VirtualNetworkSpec): Wire {
  return {
    display_name: spec.displayName,
    tenant: spec.tenant,
    ...(spec.vni === 0 ? {} : { vni: spec.vni }),
    encapsulation: WIRE_ENCAPSULATIONS.toWire(spec.encapsulation),
    mtu: spec.mtu,
    bum_mode: BUM_MODES.toWire(spec.bumMode),
    bum_group: spec.bumGroup,
    learning: spec.learning,
    arp_suppression: spec.arpSuppression,
    prefixes: [...spec.prefixes],
    underlay_family: FAMILIES.toWire(spec.underlayFamily),
    drift_policy: POLICIES.toWire(spec.driftPolicy),
    labels: { ...spec.labels },
    ...(spec.provider && { provider: { ...spec.provider } }),
  };
}

function toWire(network: VirtualNetwork): Wire {
  return {
    ...specToWire(network.spec),
    name: formatName('virtualNetworks', network.id),
    effective_mtu: network.effectiveMtu,
    duplicates: network.duplicates.map(duplicateToWire),
    ...metaToWire(network.meta),
  };
}

export const VIRTUAL_NETWORK: WireType<VirtualNetworkSpec, VirtualNetwork, Wire, WireOut> = {
  collection: 'virtualNetworks',
  fields: FIELDS,
  setFields,
  specFromWire,
  specToWire,
  toWire,
  fromWire,
};
