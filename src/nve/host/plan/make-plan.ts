/** From what a host has and what it is to be, the steps between. Pure. */
import { pfDriver } from '../../../sriov/drivers.js';
import type { Bdf } from '../../../model/host/inventory.js';
import { makePlan, type HostPlan, type PlannedStep } from '../../../model/host/plan.js';
import type { Step } from '../../../model/host/steps.js';
import type { Path } from '../../../model/yaml-source.js';
import { chooseNics, type Chosen } from './choose.js';
import type { Taking } from './guard.js';
import { bindingForVpp, checkGroups, planBinding, type Binding } from './plan-binding.js';
import { checkCpus } from './plan-cpu.js';
import { planHugepages } from './plan-hugepages.js';
import { planNoVfs, planSriov } from './plan-sriov.js';
import { isHeldByVpp, needsVfio, planRestart, planStartupConf, vppPorts } from './plan-vpp.js';
import { planned, Planning, type PlanInput } from './planning.js';

/**
 * Planning again on a host where the plan was applied gives no steps. A plan with findings that
 * block is not to be applied; its steps are then those that would be left.
 */
export function planHost(input: PlanInput): HostPlan {
  const planning = new Planning(input);
  const chosen = chooseNics(planning);
  checkCpus(planning, chosen);
  const functions = planFunctions(planning, chosen);
  const ports = vppPorts(chosen);
  const conf = planStartupConf(planning, ports);
  const touched = vppTouched(planning, chosen, functions);
  const restart = planRestart(planning, conf !== undefined, touched, ports);
  const steps = [
    ...restart.stop,
    ...planHugepages(planning),
    ...planVfio(planning, functions),
    ...functions,
    ...(conf === undefined ? [] : [conf]),
    ...restart.start,
  ];
  return makePlan(steps, planning.findings);
}

function planFunctions(planning: Planning, chosen: readonly Chosen[]): PlannedStep[] {
  const { activeServices } = planning.inventory;
  const service = planning.profile.vpp?.service ?? '';
  const vppStops = activeServices.includes(service);
  const steps = chosen.flatMap((c) => {
    const taking = { path: c.path, takeOver: c.nic.takeOver, vppStops };
    return planChosen(planning, c, chosen, taking);
  });
  const leaving = leavingTheKernel(planning, steps);
  const staying = [...onVfio(planning, chosen, steps)].filter(([bdf]) => !leaving.has(bdf));
  checkGroups(planning, new Map(staying), leaving);
  return steps;
}

function planChosen(
  planning: Planning,
  { nic, path, fn }: Chosen,
  chosen: readonly Chosen[],
  taking: Taking,
): PlannedStep[] {
  // A VF that is named by its PF is planned with its PF.
  if (fn === undefined) return [];
  switch (nic.role) {
    case 'leave':
      return [];
    case 'sriov': {
      const bindings = vfBindings(planning, chosen, fn.bdf);
      return planSriov(planning, { fn, nic, path, taking, bindings });
    }
    case 'dpdk':
    case 'native': {
      const wanted = bindingForVpp(fn.driver);
      if (wanted === undefined) return [];
      // Its driver would take the VFs with it.
      return [...planNoVfs(planning, fn, taking), ...planBinding(planning, fn, wanted, taking)];
    }
  }
}

/** What other entries want for VFs of this PF. */
function vfBindings(
  planning: Planning,
  chosen: readonly Chosen[],
  pf: Bdf,
): ReadonlyMap<number, Binding> {
  const bindings = new Map<number, Binding>();
  for (const { nic, path, vf } of chosen) {
    if (vf?.pf.bdf !== pf || nic.role === 'leave') continue;
    const wanted = bindingForVpp(pfDriver(vf.pf.driver).vfDriver);
    if (wanted !== undefined) bindings.set(vf.index, wanted);
    checkVfDriver(planning, nic.match.pf, vf.index, path, wanted);
  }
  return bindings;
}

/** The PF's entry must not say otherwise. */
function checkVfDriver(
  planning: Planning,
  pfName: string | undefined,
  index: number,
  path: Path,
  wanted: Binding | undefined,
): void {
  const i = planning.profile.nics.findIndex(({ name }) => name === pfName);
  const vf = planning.profile.nics[i]?.sriov?.vfs.find((entry) => entry.index.includes(index));
  const needed = wanted?.driver ?? 'kernel';
  if (vf?.driver === undefined || vf.driver === needed) return;
  const reason = `VPP needs VF ${index} on ${needed}, and nics[${i}] says ${vf.driver}`;
  planning.find('blocks', 'vf-driver', pfName ?? '', reason, 'leave driver out there', path);
}

/** Functions that are on VFIO then, and where the profile asks for it. */
function onVfio(
  planning: Planning,
  chosen: readonly Chosen[],
  steps: readonly PlannedStep[],
): ReadonlyMap<Bdf, Path> {
  const there = new Map<Bdf, Path>();
  for (const { fn, nic, path } of chosen) {
    if (fn === undefined || nic.role === 'leave') continue;
    // The group of a VF is known only when it is there.
    for (const own of nic.role === 'sriov' ? planning.vfsOf(fn) : [fn]) {
      if (own.driver === 'vfio-pci') there.set(own.bdf, path);
    }
  }
  for (const { step } of steps) {
    if (step.kind !== 'bind') continue;
    const path = chosen.find(({ ref }) => step.function.startsWith(ref))?.path ?? [];
    if (step.driver === 'vfio-pci') there.set(step.function, path);
    else there.delete(step.function);
  }
  return there;
}

/** Functions that are without a driver then, or gone. */
function leavingTheKernel(planning: Planning, steps: readonly PlannedStep[]): ReadonlySet<Bdf> {
  const leaving = steps.flatMap(({ step }) => {
    if (step.kind === 'bind' && step.driver === null) return [step.function];
    if (step.kind !== 'vfs' || step.count > 0) return [];
    const pf = planning.fn(step.pf);
    return pf === undefined ? [] : planning.vfsOf(pf).map(({ bdf }) => bdf);
  });
  return new Set(leaving);
}

/** The driver, and its mode without an IOMMU where a function has none and the profile allows it. */
function planVfio(planning: Planning, functions: readonly PlannedStep[]): PlannedStep[] {
  if (!needsVfio(functions)) return [];
  const { vfio } = planning.inventory;
  const steps: PlannedStep[] = [];
  const load: Step = { kind: 'module', name: 'vfio-pci', loaded: true };
  if (!vfio.loaded) steps.push(planned(load, { ...load, loaded: false }));
  const bare = functions.some(({ step }) => {
    if (step.kind !== 'bind' || step.driver !== 'vfio-pci') return false;
    const fn = planning.fn(step.function.replace(/\/vf\d+$/, ''));
    return fn !== undefined && fn.iommuGroup === undefined;
  });
  const allow: Step = { kind: 'noIommu', enabled: true };
  const allowed = planning.profile.policy.noIommu === 'allow';
  if (bare && allowed && vfio.noIommu !== true) {
    steps.push(planned(allow, { ...allow, enabled: false }));
  }
  return steps;
}

/** Functions that change under VPP: those it holds, and those it is to find when it starts. */
function vppTouched(
  planning: Planning,
  chosen: readonly Chosen[],
  steps: readonly PlannedStep[],
): ReadonlySet<string> {
  const ports = new Set(chosen.filter(({ nic }) => nic.role === 'dpdk').map(({ ref }) => ref));
  const touched = steps.flatMap(({ step }) => {
    if (step.kind === 'bind') return [step.function];
    if (step.kind !== 'vfs') return [];
    const vfs = planning.fn(step.pf)?.sriov?.vfs ?? [];
    return [step.pf, ...vfs.flatMap((vf) => vf ?? [])];
  });
  return new Set(touched.filter((ref) => ports.has(ref) || isHeldByVpp(planning, ref)));
}
