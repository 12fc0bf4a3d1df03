/** What must hold between the parts of a host profile, whatever the host. */
import { formatNumberList } from '../number-list.js';
import type { Path } from '../yaml-source.js';

export interface ProfileProblem {
  readonly path: Path;
  readonly reason: string;
  readonly remedy: string;
}

interface VfSettings {
  readonly mac?: string;
  readonly vlan?: number;
  readonly qos?: number;
  readonly vlanProtocol?: string;
  readonly minTxRate?: number;
  readonly maxTxRate?: number;
}

interface VfEntry extends VfSettings {
  readonly index: readonly number[];
}

interface Nic {
  readonly name: string;
  readonly role: string;
  readonly match: {
    readonly bdf?: string;
    readonly mac?: string;
    readonly id?: object;
    readonly pf?: string;
    readonly vfs?: readonly number[];
  };
  readonly sriov?: {
    readonly count: number;
    readonly defaults: VfSettings;
    readonly vfs: readonly VfEntry[];
  };
}

interface Profile {
  readonly hugepages: readonly { readonly size: number; readonly node: number }[];
  readonly nics: readonly Nic[];
  readonly cpu?: { readonly mainCore: number; readonly workers: readonly number[] };
}

export function checkProfile(profile: Profile): ProfileProblem[] {
  return [
    ...checkHugepages(profile),
    ...checkNames(profile),
    ...checkMacs(profile),
    ...profile.nics.flatMap((nic, i) => [
      ...checkMatch(profile, nic, ['nics', i, 'match']),
      ...checkSriov(nic, ['nics', i]),
    ]),
    ...checkCpu(profile),
  ];
}

function checkHugepages({ hugepages }: Profile): ProfileProblem[] {
  return hugepages.flatMap(({ size, node }, i) => {
    const first = hugepages.findIndex((other) => other.size === size && other.node === node);
    if (first === i) return [];
    const reason = `node ${node} has pages of this size already, in hugepages[${first}]`;
    return [{ path: ['hugepages', i], reason, remedy: 'add the two up' }];
  });
}

function checkNames({ nics }: Profile): ProfileProblem[] {
  return nics.flatMap(({ name }, i) => {
    const first = nics.findIndex((other) => other.name === name);
    if (first === i) return [];
    const reason = `nics[${first}] has the same name`;
    return [{ path: ['nics', i, 'name'], reason, remedy: 'give each its own' }];
  });
}

/** No two VFs of a host can have the same MAC. */
function checkMacs({ nics }: Profile): ProfileProblem[] {
  const seen = new Map<string, string>();
  const problems: ProfileProblem[] = [];
  for (const [i, { name, sriov }] of nics.entries()) {
    for (const [k, { index, mac }] of (sriov?.vfs ?? []).entries()) {
      if (mac === undefined) continue;
      const path = ['nics', i, 'sriov', 'vfs', k, 'mac'];
      const remedy = 'give each VF its own MAC';
      const other = seen.get(mac);
      if (other !== undefined) {
        problems.push({ path, reason: `${other} has the same MAC`, remedy });
      } else if (index.length > 1) {
        const reason = `${index.length} VFs would have the same MAC`;
        problems.push({ path, reason, remedy });
      }
      seen.set(mac, `VF ${formatNumberList(index)} of ${name}`);
    }
  }
  return problems;
}

function checkMatch({ nics }: Profile, nic: Nic, path: Path): ProfileProblem[] {
  const { match, role } = nic;
  const { bdf, mac, id, pf, vfs } = match;
  const problem = (reason: string, remedy: string, ...steps: string[]): ProfileProblem[] => [
    { path: [...path, ...steps], reason, remedy },
  ];
  if (bdf === undefined && mac === undefined && id === undefined && pf === undefined) {
    return problem('names no NIC', 'give bdf, mac, id, or pf and vfs');
  }
  if ((pf === undefined) !== (vfs === undefined)) {
    return problem('pf and vfs go together', 'give both, or neither');
  }
  if (pf === undefined || vfs === undefined) return [];
  if (bdf !== undefined || mac !== undefined || id !== undefined) {
    return problem('a VF is named by pf and vfs alone', 'leave bdf, mac and id out');
  }
  if (role === 'sriov') return problem('a VF has no VFs of its own', 'give another role', 'pf');
  const parent = nics.find(({ name }) => name === pf);
  if (parent?.sriov === undefined) {
    return problem('not a NIC with role sriov in this profile', 'name one', 'pf');
  }
  const { count } = parent.sriov;
  const beyond = vfs.filter((index) => index >= count);
  if (beyond.length === 0) return [];
  const reason = `${pf} has ${count} VFs, none with index ${formatNumberList(beyond)}`;
  return problem(reason, `give indexes below ${count}`, 'vfs');
}

function checkSriov({ role, sriov }: Nic, path: Path): ProfileProblem[] {
  if (role === 'sriov' && sriov === undefined) {
    const remedy = 'add sriov with count';
    return [{ path, reason: 'role sriov without VFs', remedy }];
  }
  if (sriov === undefined) return [];
  if (role !== 'sriov') {
    const reason = `a NIC with role ${role} has no VFs`;
    return [{ path: [...path, 'sriov'], reason, remedy: 'give it role sriov' }];
  }
  const seen = new Set<number>();
  const { defaults } = sriov;
  const problems = sriov.vfs.flatMap((vf, k) => {
    const at = [...path, 'sriov', 'vfs', k];
    const problems = [
      ...checkVf(vf, sriov.count, at),
      ...checkSettings(vf, { ...defaults, ...vf }, at),
    ];
    const twice = vf.index.filter((index) => seen.has(index));
    if (twice.length > 0) {
      const reason = `VF ${formatNumberList(twice)} is named already`;
      const remedy = 'name each VF once; use defaults for what they share';
      problems.push({ path: [...at, 'index'], reason, remedy });
    }
    for (const index of vf.index) seen.add(index);
    return problems;
  });
  // VFs that say nothing themselves have these alone.
  if (seen.size >= sriov.count) return problems;
  return [...problems, ...checkSettings(defaults, defaults, [...path, 'sriov', 'defaults'])];
}

/** @param own what stands at this place; @param all with the defaults */
function checkSettings(own: VfSettings, all: VfSettings, path: Path): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  const add = (field: keyof VfSettings, reason: string, remedy: string): void => {
    // Where it comes from the defaults, the whole entry is at fault.
    problems.push({ path: own[field] === undefined ? path : [...path, field], reason, remedy });
  };
  const untagged = (all.vlan ?? 0) === 0;
  if ((all.qos ?? 0) > 0 && untagged) {
    add('qos', 'a priority without a VLAN', 'give a vlan from 1 to 4094');
  }
  if (all.vlanProtocol === '802.1ad' && untagged) {
    add('vlanProtocol', '802.1ad without a VLAN', 'give a vlan from 1 to 4094');
  }
  const { minTxRate = 0, maxTxRate = 0 } = all;
  if (maxTxRate > 0 && minTxRate > maxTxRate) {
    add('minTxRate', 'greater than maxTxRate', `give at most ${maxTxRate}`);
  }
  return problems;
}

function checkVf(vf: VfEntry, count: number, path: Path): ProfileProblem[] {
  const beyond = vf.index.filter((index) => index >= count);
  if (beyond.length === 0) return [];
  const reason = `there are ${count} VFs, none with index ${formatNumberList(beyond)}`;
  return [{ path: [...path, 'index'], reason, remedy: `give indexes below ${count}` }];
}

function checkCpu({ cpu }: Profile): ProfileProblem[] {
  if (cpu?.workers.includes(cpu.mainCore) !== true) return [];
  const reason = `the main core ${cpu.mainCore} is a worker too`;
  return [{ path: ['cpu', 'workers'], reason, remedy: 'leave it out here' }];
}
