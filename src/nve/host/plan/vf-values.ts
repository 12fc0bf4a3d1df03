/** What a PF sets for a VF: wanted, now, and the difference. Null: nothing is wanted. */
import type { VfSettings } from '../../../model/host/inventory.js';
import type { SriovProfile } from '../../../model/host/profile.js';
import type { VfValues } from '../../../model/host/steps.js';

/** Of the VF with this index. */
export function wantedValues({ defaults, vfs }: SriovProfile, index: number): VfValues {
  const entry = { ...defaults, ...vfs.find((vf) => vf.index.includes(index)) };
  return {
    mac: entry.mac ?? null,
    vlan: entry.vlan ?? null,
    qos: entry.qos ?? null,
    vlanProtocol: entry.vlanProtocol ?? null,
    spoofchk: entry.spoofchk ?? null,
    trust: entry.trust ?? null,
    linkState: entry.linkState ?? null,
    minTxRate: entry.minTxRate ?? null,
    maxTxRate: entry.maxTxRate ?? null,
  };
}

/** Of the wanted values those that are not so. */
export function differing(values: VfValues, now: VfSettings): VfValues {
  const pick = <T>(wanted: T | null, is: T | undefined): T | null =>
    wanted === is ? null : wanted;
  return {
    mac: pick(values.mac, now.mac),
    vlan: pick(values.vlan, now.vlan),
    qos: pick(values.qos, now.qos),
    vlanProtocol: pick(values.vlanProtocol, now.vlanProtocol),
    spoofchk: pick(values.spoofchk, now.spoofchk),
    trust: pick(values.trust, now.trust),
    linkState: pick(values.linkState, now.linkState),
    minTxRate: pick(values.minTxRate, now.minTxRate),
    maxTxRate: pick(values.maxTxRate, now.maxTxRate),
  };
}

export function isNothing(values: VfValues): boolean {
  return Object.values(values).every((value) => value === null);
}

/** What is now of the values that are to change. */
export function kept(changing: VfValues, now: VfSettings): VfValues {
  const all = allOf(now);
  const keep = <T>(change: T | null, is: T | null): T | null => (change === null ? null : is);
  return {
    mac: keep(changing.mac, all.mac),
    vlan: keep(changing.vlan, all.vlan),
    qos: keep(changing.qos, all.qos),
    vlanProtocol: keep(changing.vlanProtocol, all.vlanProtocol),
    spoofchk: keep(changing.spoofchk, all.spoofchk),
    trust: keep(changing.trust, all.trust),
    linkState: keep(changing.linkState, all.linkState),
    minTxRate: keep(changing.minTxRate, all.minTxRate),
    maxTxRate: keep(changing.maxTxRate, all.maxTxRate),
  };
}

/** All that the PF has set; a MAC of zeros is none. */
export function allOf(now: VfSettings): VfValues {
  return {
    mac: now.mac === '00:00:00:00:00:00' ? null : now.mac,
    vlan: now.vlan,
    qos: now.qos,
    vlanProtocol: now.vlanProtocol,
    spoofchk: now.spoofchk ?? null,
    trust: now.trust ?? null,
    linkState: now.linkState ?? null,
    minTxRate: now.minTxRate,
    maxTxRate: now.maxTxRate,
  };
}
