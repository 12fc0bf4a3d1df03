/** A host profile as a resource of the NVA. */
import { NfvError } from '../errors.js';
import { MAX_PROFILE_BYTES, type HostPhase } from './host/offer.js';
import { parseHostProfile } from './host/profile.js';
import { ID_RULE, isId } from './names.js';
import type { Labels, Meta } from './resource.js';
import { checkDisplayName, checkLabels, Violations } from './violations.js';

/** What a user sets of a host profile. */
export interface HostProfileSpec {
  readonly displayName: string;
  /** YAML, as docs/host.md has it. */
  readonly profile: string;
  /** Ids of the NVEs that it is for; they need not exist. */
  readonly nves: readonly string[];
  /** And those that have all of these; empty: none. */
  readonly nveLabels: Labels;
  readonly labels: Labels;
}

/** What a new one is like where nothing else is said; the profile has to be. */
export const NEW_HOST_PROFILE: HostProfileSpec = {
  displayName: '',
  profile: '',
  nves: [],
  nveLabels: {},
  labels: {},
};

/** What became of it on one NVE's host. */
export interface HostProfileTarget {
  readonly nve: string;
  readonly phase: HostPhase;
  /** A code of the error table, or empty; text, since another NVE may know more codes. */
  readonly reasonCode: string;
  readonly reason: string;
}

export interface HostProfileStatus {
  /** NVEs that it selects. */
  readonly selected: number;
  /** Those of them that have applied it. */
  readonly applied: number;
  /** At most MAX_TARGETS; those that have not applied it come first. */
  readonly targets: readonly HostProfileTarget[];
}

export const NO_HOST_PROFILE_STATUS: HostProfileStatus = { selected: 0, applied: 0, targets: [] };
export const MAX_TARGETS = 100;

export interface HostProfileResource {
  readonly kind: 'HostProfile';
  readonly id: string;
  readonly spec: HostProfileSpec;
  readonly status: HostProfileStatus;
  readonly meta: Meta;
}

const MAX_NVES = 1000;

/** @throws NfvError INVALID_FIELD with every violation, fields under `host_profile`. */
export function checkHostProfile(spec: HostProfileSpec): HostProfileSpec {
  const v = new Violations('host_profile');
  checkDisplayName(v, spec.displayName);
  checkLabels(v, spec.labels);
  checkLabels(v, spec.nveLabels, 'nve_labels');
  checkNves(v, spec.nves);
  checkText(v, spec.profile);
  v.throwIfAny();
  return spec;
}

function checkNves(v: Violations, nves: readonly string[]): void {
  const [found, remedy] = [`${nves.length} NVEs`, `give at most ${MAX_NVES}, or labels`];
  for (const [i, nve] of v.atMost('nves', nves, MAX_NVES, found, remedy).entries()) {
    if (!isId(nve)) v.add(`nves[${i}]`, nve, 'not an id', `give ${ID_RULE}`);
    else if (nves.indexOf(nve) < i) v.add(`nves[${i}]`, nve, 'given twice', 'give each NVE once');
  }
}

/** By the schema of those that are given on the host: what is wrong is told with its line. */
function checkText(v: Violations, text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_PROFILE_BYTES) {
    v.add('profile', `${bytes} bytes`, 'too large', `give at most ${MAX_PROFILE_BYTES} bytes`);
    return;
  }
  if (text.trim() === '') {
    v.add('profile', '', 'empty', 'give a profile as docs/host.md has it');
    return;
  }
  try {
    parseHostProfile(text, 'line');
  } catch (thrown) {
    const error = NfvError.from(thrown);
    if (error.violations.length === 0) throw error;
    for (const { field, value, reason, remedy } of error.violations) {
      v.add('profile', value, `${field.replace(/^line:/, 'line ')}: ${reason}`, remedy);
    }
  }
}

/** Whether it is for an NVE, and by what. */
export function selects(
  spec: HostProfileSpec,
  nve: string,
  labels: Labels,
): 'by-name' | 'by-labels' | undefined {
  if (spec.nves.includes(nve)) return 'by-name';
  const wanted = Object.entries(spec.nveLabels);
  if (wanted.length === 0) return undefined;
  return wanted.every(([key, value]) => labels[key] === value) ? 'by-labels' : undefined;
}

export const HOST_PROFILE_STATES = ['UNUSED', 'PENDING', 'FAILED', 'APPLIED'] as const;
export type HostProfileState = (typeof HOST_PROFILE_STATES)[number];

/** In one word; UNUSED: it selects no NVE. */
export function hostProfileState({
  selected,
  applied,
  targets,
}: HostProfileStatus): HostProfileState {
  if (selected === 0) return 'UNUSED';
  if (applied === selected) return 'APPLIED';
  const hasFailed = targets.some(({ phase }) => phase === 'FAILED' || phase === 'AMBIGUOUS');
  return hasFailed ? 'FAILED' : 'PENDING';
}
