/** Which driver each function gets, and how it gets there and back. */
import { isUserDriver, sharesGroup } from '../../../dpdk/iommu.js';
import { toNetdevValues } from '../../../dpdk/netdev-values.js';
import { pfDriver } from '../../../sriov/drivers.js';
import type { FunctionRef } from '../../../model/host/bdf.js';
import type { Bdf, PciFunction } from '../../../model/host/inventory.js';
import type { PlannedStep } from '../../../model/host/plan.js';
import type { Step, StepOf } from '../../../model/host/steps.js';
import type { Path } from '../../../model/yaml-source.js';
import { blastOf, guardFunction, type Taking } from './guard.js';
import { planned, type Planning } from './planning.js';
import { allOf } from './vf-values.js';

export interface Binding {
  /** `*`: whichever driver of the kernel takes it; null: none. */
  readonly driver: string | null;
  readonly override: string | null;
}

export const TO_VFIO: Binding = { driver: 'vfio-pci', override: 'vfio-pci' };
export const TO_KERNEL: Binding = { driver: '*', override: null };
export const TO_NONE: Binding = { driver: null, override: null };

/** How a function with one of VPP's roles is bound; mlx5 stays where it is. */
export function bindingForVpp(driver: string | undefined): Binding | undefined {
  return pfDriver(driver).bifurcated ? undefined : TO_VFIO;
}

export function bindStep(
  planning: Planning,
  ref: FunctionRef,
  { driver, override }: Binding,
): StepOf<'bind'> {
  const { vfioOwner } = planning.profile.policy;
  const owner = driver === 'vfio-pci' ? (vfioOwner ?? null) : null;
  return { kind: 'bind', function: ref, driver, override, owner };
}

function isOn({ driver }: PciFunction, wanted: Binding): boolean {
  return wanted.driver === '*'
    ? driver !== undefined && !isUserDriver(driver)
    : (driver ?? null) === wanted.driver;
}

function isBound(fn: PciFunction, wanted: Binding): boolean {
  return isOn(fn, wanted) && (fn.driverOverride ?? null) === wanted.override;
}

/** How it is bound now. */
export function bindingNow(fn: PciFunction): Binding {
  return { driver: fn.driver ?? null, override: fn.driverOverride ?? null };
}

/**
 * The driver of a VF takes the MAC that the PF has for it, and the PF lets it have no other (igb:
 * EADDRNOTAVAIL). Somebody may have set it since the driver was bound. Undefined: none is set.
 */
function macFromPf(planning: Planning, fn: PciFunction): string | undefined {
  const pf = fn.physfn === undefined ? undefined : planning.fn(fn.physfn);
  const index = pf?.sriov?.vfs.indexOf(fn.bdf) ?? -1;
  const settings = pf === undefined ? undefined : planning.vfSettings(pf, index);
  return settings === undefined ? undefined : (allOf(settings).mac ?? undefined);
}

/** Puts it back on its driver, and its netdev as it was. */
export function restoreSteps(planning: Planning, fn: PciFunction, ref: FunctionRef): Step[] {
  const [netdev] = planning.netdevsOf(fn);
  const steps: Step[] = [bindStep(planning, ref, bindingNow(fn))];
  if (netdev !== undefined) {
    const values = toNetdevValues(netdev, planning.inventory.routes);
    const mac = macFromPf(planning, fn) ?? values.mac;
    steps.push({ kind: 'netdev', function: ref, values: { ...values, mac } });
  }
  return steps;
}

/** For a function that is there. No steps: it is bound so. */
export function planBinding(
  planning: Planning,
  fn: PciFunction,
  wanted: Binding,
  taking: Taking,
): PlannedStep[] {
  if (isBound(fn, wanted)) return [];
  const before = bindStep(planning, fn.bdf, bindingNow(fn));
  // It has its driver already, and an override that somebody left (driverctl) is all that goes.
  if (isOn(fn, wanted)) return [planned(bindStep(planning, fn.bdf, wanted), before)];
  guardFunction(planning, fn, taking);
  if (wanted.driver === 'vfio-pci') checkGroup(planning, fn, taking.path);
  const undo = restoreSteps(planning, fn, fn.bdf);
  const bind = planned(bindStep(planning, fn.bdf, wanted), before, {
    undo,
    blast: blastOf(planning, fn),
  });
  return [...planUnmanaging(planning, fn), bind];
}

/** NetworkManager would take the netdev back, or set it up anew, at the first occasion. */
export function planUnmanaging(planning: Planning, fn: PciFunction): PlannedStep[] {
  const isManaged = fn.netdevs.some((name) => planning.inventory.managed.includes(name));
  if (!isManaged) return [];
  const before: Step = { kind: 'managed', function: fn.bdf, managed: true };
  return [planned({ ...before, managed: false }, before)];
}

function checkGroup(planning: Planning, fn: PciFunction, path: Path): void {
  if (fn.iommuGroup !== undefined) return;
  if (planning.profile.policy.noIommu === 'allow') {
    const reason = 'it has no IOMMU group: what has it can write to all of the memory';
    const remedy = 'none needed: policy.noIommu is allow; the kernel is tainted by it';
    planning.find('warns', 'no-iommu', fn.bdf, reason, remedy, path);
    return;
  }
  const reason = 'it has no IOMMU group, so vfio-pci does not take it';
  const remedy =
    'switch the IOMMU on in the BIOS and, on Intel, boot with intel_iommu=on iommu=pt; or set policy.noIommu to allow';
  planning.find('blocks', 'no-iommu', fn.bdf, reason, remedy, path);
}

/**
 * VFIO gives groups, not functions: every other member has to be without a driver, on VFIO too, or
 * a port of a PCIe switch, once all steps are done. The bind itself would succeed, and VPP fail.
 * @param going functions that go to VFIO, and whose wish it is
 * @param leaving functions that lose their driver otherwise, or go away
 */
export function checkGroups(
  planning: Planning,
  going: ReadonlyMap<Bdf, Path>,
  leaving: ReadonlySet<Bdf>,
): void {
  for (const [bdf, path] of going) {
    const group = planning.fn(bdf)?.iommuGroup;
    const members = planning.inventory.groups.find(({ id }) => id === group)?.members ?? [];
    for (const member of members) {
      const other = planning.fn(member);
      if (other === undefined || going.has(member) || leaving.has(member)) continue;
      if (sharesGroup(other)) continue;
      const what = `${member} (${other.kind}, driver ${other.driver ?? 'none'})`;
      const reason = `${what} is in its IOMMU group ${group ?? ''} and stays with the kernel`;
      planning.find('blocks', 'group', bdf, reason, groupRemedy(other), path);
    }
  }
}

function groupRemedy({ bdf, kind, driver }: PciFunction): string {
  if (kind === 'network') return `give ${bdf} to vfio-pci too, or move the card to another slot`;
  const move = 'move the card to a slot with a group of its own';
  // What it bridges goes on without: the driver has its watchdog, GPIOs or hot-plugging.
  return kind === 'bridge' ? `take ${bdf} from ${driver ?? 'its driver'}, or ${move}` : move;
}
