import type { DuplicateAddress } from './duplicates.js';
import type { NetworkDriftPolicy } from './drift-policy.js';
import type { Meta, Labels } from './resource.js';
import { isHostAddress, ipRange, parseIp, parsePrefix, type IpFamily } from './addresses.js';
import { checkDisplayName, checkId, checkLabels, Violations } from './violations.js';

/** RFC 7348 §5: 24 bits; 0 is not used. */
export const MIN_VNI = 1;
export const MAX_VNI = 0xffffff;

export type Encapsulation = 'VXLAN' | 'NONE';
export const ENCAPSULATIONS = ['VXLAN', 'NONE'] as const satisfies readonly Encapsulation[];

/** A place in a physical network. */
export interface Provider {
  /** Name of an uplink that NVEs have. */
  readonly uplink: string;
  /** 0: flat, frames go without a tag. */
  readonly vlan: number;
}

/** IEEE 802.1Q: 4095 is reserved. */
export const MAX_VLAN = 4094;

export type BumMode = 'HEAD_END' | 'MULTICAST' | 'NONE';

/** What a user sets of a virtual network. Canonical: as `checkVirtualNetwork` leaves it. */
export interface VirtualNetworkSpec {
  readonly displayName: string;
  readonly tenant: string;
  /** 0 only before the NVA has allocated one. */
  readonly vni: number;
  readonly encapsulation: Encapsulation;
  /** Inner MTU in bytes; 0: derived from the underlays of its NVEs. */
  readonly mtu: number;
  readonly bumMode: BumMode;
  /** Set with MULTICAST only, else empty. */
  readonly bumGroup: string;
  readonly learning: boolean;
  readonly arpSuppression: boolean;
  readonly prefixes: readonly string[];
  readonly underlayFamily: IpFamily;
  readonly driftPolicy: NetworkDriftPolicy;
  readonly labels: Labels;
  /** The physical network that it is, instead of tunnels; absent: tunnels. */
  readonly provider?: Provider;
}

/** What a new network is like where nothing else is said. */
export const NEW_VIRTUAL_NETWORK: VirtualNetworkSpec = {
  displayName: '',
  tenant: 'default',
  vni: 0,
  encapsulation: 'VXLAN',
  mtu: 0,
  bumMode: 'HEAD_END',
  bumGroup: '',
  learning: false,
  arpSuppression: true,
  prefixes: [],
  underlayFamily: 'IPV4',
  driftPolicy: 'DEFAULT',
  labels: {},
};

/** What of a network is not as in NEW_VIRTUAL_NETWORK where nothing else is said, if it is a provider's. */
export const PROVIDER_DEFAULTS = {
  encapsulation: 'NONE',
  learning: true,
  arpSuppression: false,
} as const satisfies Partial<VirtualNetworkSpec>;

export interface VirtualNetwork {
  readonly kind: 'VirtualNetwork';
  readonly id: string;
  readonly spec: VirtualNetworkSpec;
  readonly effectiveMtu: number;
  /** Addresses that moved too often, the oldest first; one whose time is over may still be here. */
  readonly duplicates: readonly DuplicateAddress[];
  readonly meta: Meta;
}

/** Bytes that VXLAN adds to an inner frame's payload: outer IP, UDP, VXLAN, inner Ethernet. */
export function vxlanOverhead(family: IpFamily): number {
  return family === 'IPV4' ? 50 : 70;
}

export const MIN_MTU = 576;
/** RFC 8200 §5. */
export const MIN_MTU_IPV6 = 1280;
export const MAX_MTU = 9216;
const MAX_PREFIXES = 16;

/**
 * The specification in canonical form.
 * @throws NfvError INVALID_FIELD with every violation, fields under `virtual_network`.
 */
export function checkVirtualNetwork(spec: VirtualNetworkSpec): VirtualNetworkSpec {
  const v = new Violations('virtual_network');
  checkDisplayName(v, spec.displayName);
  checkLabels(v, spec.labels);
  checkId(v, 'tenant', spec.tenant);
  if (spec.vni !== 0) checkVni(v, spec.vni);
  const prefixes = checkPrefixes(v, spec.prefixes);
  checkMtu(
    v,
    spec.mtu,
    prefixes.some((p) => p.includes(':')),
  );
  const bumGroup = checkBum(v, spec);
  checkProvider(v, spec);
  v.throwIfAny();
  return { ...spec, prefixes, bumGroup };
}

/** Without tunnels, what is about tunnels has no meaning; with them a provider has none. */
function checkProvider(v: Violations, spec: VirtualNetworkSpec): void {
  const { provider, encapsulation, bumMode, learning, arpSuppression, underlayFamily } = spec;
  if (provider === undefined) {
    if (encapsulation !== 'NONE') return;
    v.add('encapsulation', encapsulation, 'needs a provider', 'give a provider, or leave it out');
    return;
  }
  const { uplink, vlan } = provider;
  checkId(v, 'provider.uplink', uplink);
  if (!Number.isInteger(vlan) || vlan < 0 || vlan > MAX_VLAN) {
    v.add('provider.vlan', vlan, 'not a VLAN', `give 1-${MAX_VLAN}, or 0 for frames without a tag`);
  }
  const meaningless = (field: string, value: unknown, isSo: boolean, why: string): void => {
    if (isSo) v.add(field, value, `${why} of a provider network`, 'leave it out');
  };
  const floods = 'the physical network floods the frames';
  meaningless('encapsulation', encapsulation, encapsulation !== 'NONE', 'no tunnel carries frames');
  meaningless('bum_mode', bumMode, bumMode !== 'HEAD_END', floods);
  meaningless('learning', learning, !learning, 'only learning tells where MACs are');
  meaningless('arp_suppression', arpSuppression, arpSuppression, 'the NVA knows not all hosts');
  const family = underlayFamily;
  meaningless('underlay_family', family, family !== 'IPV4', 'no underlay carries frames');
}

function checkVni(v: Violations, vni: number): void {
  if (!Number.isInteger(vni) || vni < MIN_VNI || vni > MAX_VNI) {
    v.add('vni', vni, 'not a VNI', `give ${MIN_VNI}-${MAX_VNI}, or leave it out to get one`);
  }
}

function checkMtu(v: Violations, mtu: number, ipv6: boolean): void {
  if (mtu === 0) return;
  const min = ipv6 ? MIN_MTU_IPV6 : MIN_MTU;
  if (!Number.isInteger(mtu) || mtu < min || mtu > MAX_MTU) {
    v.add('mtu', mtu, 'out of range', `give ${min}-${MAX_MTU}, or 0 to derive it`);
  }
}

function checkBum(v: Violations, spec: VirtualNetworkSpec): string {
  if (spec.bumMode !== 'MULTICAST') {
    if (spec.bumGroup !== '') {
      v.add('bum_group', spec.bumGroup, `not used with ${spec.bumMode}`, 'leave it out');
    }
    return '';
  }
  const group = parseIp(spec.bumGroup);
  if (group === undefined || ipRange(group) !== 'multicast') {
    v.add('bum_group', spec.bumGroup, 'not a multicast address', 'give one, e.g. "239.1.1.1"');
    return '';
  }
  if (group.family !== spec.underlayFamily) {
    v.add(
      'bum_group',
      spec.bumGroup,
      `not of the underlay's family, ${spec.underlayFamily}`,
      `give an ${spec.underlayFamily} multicast address`,
    );
  }
  return group.text;
}

function checkPrefixes(v: Violations, prefixes: readonly string[]): string[] {
  const found = `${prefixes.length} prefixes`;
  const result: string[] = [];
  for (const [i, text] of v.atMost('prefixes', prefixes, MAX_PREFIXES, found).entries()) {
    const field = `prefixes[${i}]`;
    const prefix = parsePrefix(text);
    if (prefix === undefined) {
      v.add(
        field,
        text,
        'not an IP prefix',
        'give a network address and length, e.g. "10.0.0.0/24"',
      );
    } else if (result.includes(prefix.text)) {
      v.add(field, text, 'given twice', 'give each prefix once');
    } else if (
      !isHostAddress({ family: prefix.family, text: prefix.address }) &&
      prefix.length > 0
    ) {
      v.add(field, text, 'not for hosts', 'give a unicast prefix');
    } else {
      result.push(prefix.text);
    }
  }
  return result;
}
