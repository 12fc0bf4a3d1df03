/** VFs: how many, what the PF sets for each, and their drivers, in the order each driver needs. */
import { pfDriver } from '../../../sriov/drivers.js';
import { vfRef } from '../../../model/host/bdf.js';
import type { PciFunction, Sriov } from '../../../model/host/inventory.js';
import { mergeBlasts, NO_BLAST, type Blast, type PlannedStep } from '../../../model/host/plan.js';
import type { NicProfile, SriovProfile } from '../../../model/host/profile.js';
import type { Step, StepOf, VfValues } from '../../../model/host/steps.js';
import type { Path } from '../../../model/yaml-source.js';
import { blastOf, guardFunction, guardHung, guardReset, type Taking } from './guard.js';
import {
  bindStep,
  planBinding,
  planUnmanaging,
  restoreSteps,
  TO_KERNEL,
  TO_NONE,
  TO_VFIO,
  type Binding,
} from './plan-binding.js';
import { planned, type Planning } from './planning.js';
import { allOf, differing, isNothing, kept, wantedValues } from './vf-values.js';

/** What is wanted of one VF. */
interface WantedVf {
  readonly index: number;
  readonly values: VfValues;
  readonly binding: Binding;
}

export interface PfRequest {
  readonly fn: PciFunction;
  readonly nic: NicProfile;
  readonly path: Path;
  readonly taking: Taking;
  /** Bindings that other entries of the profile want for its VFs, by index. */
  readonly bindings: ReadonlyMap<number, Binding>;
}

export function planSriov(planning: Planning, request: PfRequest): PlannedStep[] {
  const { fn, nic } = request;
  const wanted = nic.sriov;
  if (wanted === undefined) return [];
  guardHung(planning, fn, request.path);
  const back = planBinding(planning, fn, TO_KERNEL, request.taking);
  if (fn.sriov === undefined || !isPossible(planning, request, wanted, fn.sriov)) return back;
  const vfs = wantedVfs(request, wanted);
  const eswitch = eswitchThen(wanted, fn.sriov);
  const asItIs = fn.sriov.numVfs === wanted.count && fn.sriov.eswitch === eswitch;
  if (asItIs) return [...back, ...changeVfs(planning, request, vfs)];
  return [...back, ...recreate(planning, request, fn.sriov, vfs, eswitch)];
}

/** A PF that cannot be switched is in legacy mode. */
function eswitchThen(wanted: SriovProfile, now: Sriov): Sriov['eswitch'] {
  return wanted.eswitch === (now.eswitch ?? 'legacy')
    ? now.eswitch
    : (wanted.eswitch ?? now.eswitch);
}

/** All VFs go, and nothing else is done. */
export function planNoVfs(planning: Planning, fn: PciFunction, taking: Taking): PlannedStep[] {
  if (fn.sriov === undefined || fn.sriov.numVfs === 0) return [];
  return [removal(planning, fn, fn.sriov, taking)];
}

function isPossible(
  planning: Planning,
  { fn, path, nic }: PfRequest,
  wanted: SriovProfile,
  { totalVfs }: Sriov,
): boolean {
  const at = [...path, 'sriov', 'count'];
  const driver = pfDriver(fn.driver);
  if (totalVfs === 0 && wanted.count > 0) {
    const remedy = 'switch SR-IOV on in the BIOS and in the firmware of the card';
    planning.find('blocks', 'no-vfs', nic.name, `${fn.bdf} has no VFs to give`, remedy, at);
    return false;
  }
  if (wanted.count > totalVfs) {
    const reason = `${fn.bdf} has ${totalVfs} VFs, and ${wanted.count} are asked for`;
    planning.find('blocks', 'too-many-vfs', nic.name, reason, `ask for ${totalVfs} at most`, at);
    return false;
  }
  if (wanted.eswitch === 'switchdev' && driver.eswitch === 'none') {
    const reason = `the driver ${fn.driver ?? 'none'} of ${fn.bdf} has no switchdev mode`;
    const switchdev = [...path, 'sriov', 'eswitch'];
    planning.find('blocks', 'no-eswitch', nic.name, reason, 'leave eswitch out', switchdev);
  }
  checkProperties(planning, fn, nic, path);
  return true;
}

/** What the driver is known to refuse. */
function checkProperties(
  planning: Planning,
  fn: PciFunction,
  { name, sriov }: NicProfile,
  path: Path,
): void {
  for (const property of pfDriver(fn.driver).cannot) {
    const entries = [
      { at: ['defaults'], value: sriov?.defaults[property] },
      ...(sriov?.vfs ?? []).map((vf, k) => ({ at: ['vfs', k], value: vf[property] })),
    ];
    for (const { at, value } of entries) {
      // What is the driver's own state anyway need not be set.
      if (value === undefined || value === 0 || value === 'auto') continue;
      const reason = `the driver ${fn.driver ?? ''} of ${fn.bdf} cannot set ${property} of a VF`;
      const where = [...path, 'sriov', ...at, property];
      planning.find('blocks', 'vf-property', name, reason, 'leave it out', where);
    }
  }
}

function wantedVfs({ bindings }: PfRequest, sriov: SriovProfile): WantedVf[] {
  return Array.from({ length: sriov.count }, (_, index) => {
    const own = sriov.vfs.find((vf) => vf.index.includes(index));
    const driver = own?.driver ?? sriov.defaults.driver;
    const binding = bindings.get(index) ?? bindingOf(driver);
    return { index, values: wantedValues(sriov, index), binding };
  });
}

export function bindingOf(driver: 'vfio-pci' | 'kernel' | 'none' | undefined): Binding {
  if (driver === 'vfio-pci') return TO_VFIO;
  return driver === 'none' ? TO_NONE : TO_KERNEL;
}

/** The VFs are there already: only what differs is set. A MAC takes effect with the next probe. */
function changeVfs(
  planning: Planning,
  { fn, taking }: PfRequest,
  wanted: readonly WantedVf[],
): PlannedStep[] {
  return wanted.flatMap(({ index, values, binding }) => {
    const bdf = fn.sriov?.vfs[index];
    const vf = bdf === undefined ? undefined : planning.fn(bdf);
    if (vf === undefined) return [];
    const now = planning.vfSettings(fn, index);
    const different = now === undefined ? values : differing(values, now);
    if (isNothing(different)) return planBinding(planning, vf, binding, taking);
    const set: StepOf<'vf'> = { kind: 'vf', pf: fn.bdf, index, values: different };
    const before: Step | null = now === undefined ? null : { ...set, values: kept(different, now) };
    const release = planBinding(planning, vf, TO_NONE, taking);
    const bind = binding.driver === null ? [] : [bindNew(planning, vf.bdf, binding)];
    return [...release, planned(set, before), ...bind];
  });
}

/** A function without a driver gets one. */
function bindNew(planning: Planning, ref: string, binding: Binding): PlannedStep {
  return planned(bindStep(planning, ref, binding), bindStep(planning, ref, TO_NONE));
}

/** From the VFs there are to none, and from none to those wanted. */
function recreate(
  planning: Planning,
  { fn, taking, path, nic }: PfRequest,
  now: Sriov,
  wanted: readonly WantedVf[],
  eswitch: Sriov['eswitch'],
): PlannedStep[] {
  const driver = pfDriver(fn.driver);
  const steps = [...planUnmanaging(planning, fn)];
  // NetworkManager takes down what it is to let go of.
  if (driver.resetsPf || steps.length > 0 || eswitch !== now.eswitch) {
    guardReset(planning, fn, path);
  }
  if (wanted.length > 0) steps.push(...planUp(planning, fn));
  const probes: Step = { kind: 'autoprobe', pf: fn.bdf, enabled: true };
  const quiet: Step = { ...probes, enabled: false };
  // VFs are not to be probed before they are set up.
  if (now.autoprobe) steps.push(planned(quiet, probes));
  if (now.numVfs > 0) steps.push(removal(planning, fn, now, taking));
  const switches = eswitch === undefined || eswitch === now.eswitch ? [] : [eswitch];
  const turn = switches.map((mode) => {
    const before = now.eswitch ?? 'legacy';
    const step: Step = { kind: 'eswitch', pf: fn.bdf, mode };
    return planned(step, { ...step, mode: before });
  });
  if (driver.eswitch === 'before-vfs') steps.push(...turn);
  if (wanted.length > 0) steps.push(creation(planning, fn, wanted.length));
  if (driver.eswitch === 'after-vfs-unbound') steps.push(...turn);
  for (const { index, values } of wanted) {
    if (isNothing(values)) continue;
    steps.push(planned({ kind: 'vf', pf: fn.bdf, index, values }, null));
  }
  if (now.autoprobe) steps.push(planned(probes, quiet));
  const bound = wanted.filter(({ binding }) => binding.driver !== null);
  for (const { index, binding } of bound) {
    const own = kernelBinding(planning, binding, now, driver.vfDriver, nic, path);
    steps.push(bindNew(planning, vfRef(fn.bdf, index), own));
  }
  return steps;
}

/** With autoprobe off the kernel gives a VF a driver only if it is named. */
function kernelBinding(
  planning: Planning,
  binding: Binding,
  { autoprobe }: Sriov,
  vfDriver: string,
  nic: NicProfile,
  path: Path,
): Binding {
  if (binding.driver !== '*' || autoprobe) return binding;
  if (vfDriver === '') {
    const reason = 'sriov_drivers_autoprobe is off, and the driver of its VFs is not known';
    const remedy = 'switch it on, or set driver to vfio-pci or none';
    planning.find('blocks', 'vf-driver', nic.name, reason, remedy, path);
  }
  return { driver: vfDriver, override: null };
}

function planUp(planning: Planning, fn: PciFunction): PlannedStep[] {
  if (planning.netdevsOf(fn)[0]?.up === true) return [];
  const up: Step = { kind: 'link', function: fn.bdf, up: true };
  return [planned(up, { ...up, up: false })];
}

function linkBlast(planning: Planning, fn: PciFunction): string[] {
  if (!pfDriver(fn.driver).resetsPf) return [];
  return planning.netdevsOf(fn).map(({ name }) => `${name} (its driver resets it)`);
}

function creation(planning: Planning, fn: PciFunction, count: number): PlannedStep {
  const none: Step = { kind: 'vfs', pf: fn.bdf, count: 0 };
  return planned({ ...none, count }, none, { blast: { links: linkBlast(planning, fn) } });
}

/** Undone by making as many again, and each as it was. */
function removal(planning: Planning, fn: PciFunction, now: Sriov, taking: Taking): PlannedStep {
  const vfs = planning.vfsOf(fn);
  for (const vf of vfs) guardFunction(planning, vf, taking);
  const before: Step = { kind: 'vfs', pf: fn.bdf, count: now.numVfs };
  const blasts: Blast[] = vfs.map((vf) => ({ ...NO_BLAST, ...blastOf(planning, vf) }));
  const blast = {
    ...mergeBlasts(blasts),
    vfs: vfs.map(({ bdf }) => bdf),
    links: linkBlast(planning, fn),
  };
  const undo = [before, ...restoreVfs(planning, fn, now)];
  return planned({ ...before, count: 0 }, before, { undo, blast });
}

function restoreVfs(planning: Planning, fn: PciFunction, now: Sriov): Step[] {
  return now.vfs.flatMap((bdf, index) => {
    const vf = bdf === undefined ? undefined : planning.fn(bdf);
    const settings = planning.vfSettings(fn, index);
    const ref = vfRef(fn.bdf, index);
    const set: Step[] =
      settings === undefined ? [] : [{ kind: 'vf', pf: fn.bdf, index, values: allOf(settings) }];
    if (vf === undefined) return set;
    // A VF without driver and override is as the kernel makes it.
    const bare = vf.driver === undefined && vf.driverOverride === undefined;
    return [...set, ...(bare ? [] : restoreSteps(planning, vf, ref))];
  });
}
