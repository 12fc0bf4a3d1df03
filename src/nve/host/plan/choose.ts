/** Which function each NIC of the profile is. */
import { vfRef, type FunctionRef } from '../../../model/host/bdf.js';
import type { PciFunction } from '../../../model/host/inventory.js';
import type { NicProfile } from '../../../model/host/profile.js';
import type { Path } from '../../../model/yaml-source.js';
import type { Planning } from './planning.js';

export interface Chosen {
  readonly nic: NicProfile;
  /** The NIC's place in the profile. */
  readonly path: Path;
  /** Its name; with a number behind it where one entry names several VFs. */
  readonly name: string;
  readonly ref: FunctionRef;
  /** Undefined: a VF that is not there, or may not be the one it will be. */
  readonly fn: PciFunction | undefined;
  /** The PF's, for a VF that is named by it. */
  readonly vf: { readonly pf: PciFunction; readonly index: number } | undefined;
}

export function chooseNics(planning: Planning): Chosen[] {
  const { nics } = planning.profile;
  const direct = nics.flatMap((nic, i) =>
    nic.match.pf === undefined ? chooseOne(planning, nic, ['nics', i]) : [],
  );
  const vfs = nics.flatMap((nic, i) => chooseVfs(direct, nic, ['nics', i]));
  return withoutTwins(planning, [...direct, ...vfs]);
}

function chooseOne(planning: Planning, nic: NicProfile, path: Path): Chosen[] {
  const at = [...path, 'match'];
  const candidates = planning.inventory.functions.filter((fn) => isMatch(planning, nic, fn));
  const [fn, second] = candidates;
  if (fn === undefined) {
    const near = describeNear(planning, nic);
    planning.find('blocks', 'nic-missing', nic.name, near, 'see "nfvctl host inventory"', at);
    return [];
  }
  if (second !== undefined) {
    const reason = `${candidates.length} NICs match: ${candidates.map(({ bdf }) => bdf).join(', ')}`;
    const remedy = 'name one by its bdf or mac';
    planning.find('blocks', 'nic-ambiguous', nic.name, reason, remedy, at);
    return [];
  }
  if (fn.kind !== 'network') {
    const reason = `${fn.bdf} is no NIC; its class is ${fn.classCode} (${fn.kind})`;
    planning.find('blocks', 'nic-kind', nic.name, reason, 'name a network function', at);
    return [];
  }
  return [{ nic, path, name: nic.name, ref: fn.bdf, fn, vf: undefined }];
}

/** A VF is chosen by its bdf or its PF only: what else there is to match, it has from its PF. */
function isMatch(planning: Planning, { match }: NicProfile, fn: PciFunction): boolean {
  const { bdf, id, mac, node } = match;
  if (bdf === undefined && (fn.physfn !== undefined || fn.kind !== 'network')) return false;
  return (
    (bdf === undefined || bdf === fn.bdf) &&
    (id === undefined || (id.vendor === fn.vendor && id.device === fn.device)) &&
    (mac === undefined || macOf(planning, fn) === mac) &&
    (node === undefined || node === fn.node)
  );
}

function macOf(planning: Planning, fn: PciFunction): string | undefined {
  return planning.netdevsOf(fn)[0]?.mac ?? planning.input.knownMacs.get(fn.bdf);
}

/** Why nothing matches, by what comes nearest. */
function describeNear(planning: Planning, { match }: NicProfile): string {
  const { bdf, id, mac, node } = match;
  const fn = bdf === undefined ? undefined : planning.fn(bdf);
  if (bdf !== undefined && fn === undefined) return `there is no ${bdf} on this host`;
  if (fn !== undefined) {
    const has = `${fn.bdf} is ${fn.vendor}:${fn.device} on node ${fn.node ?? 'unknown'}`;
    return `${has} with MAC ${macOf(planning, fn) ?? 'unknown'}: not what is asked for`;
  }
  const asked = [
    ...(id === undefined ? [] : [`${id.vendor}:${id.device}`]),
    ...(mac === undefined ? [] : [`MAC ${mac}`]),
    ...(node === undefined ? [] : [`node ${node}`]),
  ];
  return `no NIC of this host has ${asked.join(' and ')}`;
}

function chooseVfs(direct: readonly Chosen[], nic: NicProfile, path: Path): Chosen[] {
  const { pf: name, vfs = [] } = nic.match;
  const parent = direct.find((chosen) => chosen.name === name);
  if (parent?.fn === undefined) return [];
  const pf = parent.fn;
  return vfs.map((index, i) => ({
    nic,
    path,
    name: vfs.length === 1 ? nic.name : `${nic.name}${i}`,
    ref: vfRef(pf.bdf, index),
    fn: undefined,
    vf: { pf, index },
  }));
}

/** A function that two entries choose is neither's. */
function withoutTwins(planning: Planning, chosen: readonly Chosen[]): Chosen[] {
  const first = new Map<FunctionRef, Chosen>();
  return chosen.filter((c) => {
    const other = first.get(c.ref);
    first.set(c.ref, other ?? c);
    if (other === undefined) return true;
    const reason = `${c.ref} is chosen by ${other.name} already`;
    planning.find('blocks', 'nic-twice', c.name, reason, 'let one entry choose it', c.path);
    return false;
  });
}
