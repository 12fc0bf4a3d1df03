/** A doctor for hosts: what stands in the way of a dataplane with VPP, and what slows it down. Pure. */
import type { Inventory, PciFunction } from '../../model/host/inventory.js';
import type { Finding } from '../../model/host/plan.js';
import type { HostProfile } from '../../model/host/profile.js';
import type { PreflightCheck } from '../../model/host/status.js';
import { describeSize } from '../../model/host/steps.js';

export interface PreflightInput {
  readonly inventory: Inventory;
  /** Undefined: nobody said what the host is for. */
  readonly profile: HostProfile | undefined;
  /** Of the plan for that profile. */
  readonly findings: readonly Finding[];
  readonly isRoot: boolean;
  /** The kernel has the module vfio-pci, loaded or not. */
  readonly hasVfioPci: boolean;
}

type Check = (input: PreflightInput) => PreflightCheck | undefined;

const CHECKS: readonly Check[] = [
  checkRoot,
  checkStuck,
  checkHypervisor,
  checkIommu,
  checkVfio,
  checkNics,
  checkNodes,
  checkHugepages,
  checkIsolation,
  checkVpp,
];

/** Every check that makes sense for this host, then what the plan of the profile has to say. */
export function preflight(input: PreflightInput): PreflightCheck[] {
  return [...CHECKS.flatMap((check) => check(input) ?? []), ...input.findings.map(ofFinding)];
}

function ofFinding({ effect, check, subject, reason, remedy }: Finding): PreflightCheck {
  const why = {
    blocks: 'the profile cannot be applied',
    guarded: 'applying the profile may cut this host off',
    warns: 'the profile can be applied, with this',
  }[effect];
  const result = effect === 'warns' ? 'warns' : 'fails';
  return { name: check, result, found: `${subject}: ${reason}`, why, remedy };
}

function ok(name: string, found: string, why: string): PreflightCheck {
  return { name, result: 'ok', found, why, remedy: '' };
}

function checkRoot({ isRoot }: PreflightInput): PreflightCheck {
  const why =
    'drivers, hugepages and VFs are changed by root only, and only root sees who uses them';
  if (isRoot) return ok('privileges', 'root', why);
  return { name: 'privileges', result: 'fails', found: 'not root', why, remedy: 'run it as root' };
}

function checkStuck({ inventory: { hung } }: PreflightInput): PreflightCheck {
  const why =
    'a driver that is stuck keeps whoever touches its device waiting, until the next boot';
  if (hung.length === 0) return ok('drivers', 'all attributes answer', why);
  const found = `no answer from ${hung.join(', ')}`;
  return { name: 'drivers', result: 'fails', found, why, remedy: 'reboot the host' };
}

function checkHypervisor({ inventory: { machine } }: PreflightInput): PreflightCheck {
  const { hypervisor, vendor, product } = machine;
  const name = `${vendor} ${product}`.trim();
  const why = 'a guest has the NICs, the IOMMU and the hugepages that its hypervisor gives it';
  if (hypervisor === 'none') return ok('machine', name === '' ? 'bare metal' : name, why);
  return ok('machine', `a guest of ${hypervisor}${name === '' ? '' : ` (${name})`}`, why);
}

function checkIommu({ inventory: { groups, vfio }, profile }: PreflightInput): PreflightCheck {
  const why = 'vfio-pci gives a NIC to VPP only behind an IOMMU, which confines its DMA';
  if (groups.length > 0) return ok('iommu', `${groups.length} groups`, why);
  const found = vfio.noIommu === true ? 'none; VFIO may do without' : 'none';
  const isAllowed = profile?.policy.noIommu === 'allow';
  return {
    name: 'iommu',
    result: isAllowed ? 'warns' : 'fails',
    found,
    why,
    remedy:
      'switch VT-d or AMD-Vi on in the firmware, and boot with intel_iommu=on iommu=pt (Intel); ' +
      'in a lab, or a guest that has none, policy.noIommu: allow',
  };
}

function checkVfio({ hasVfioPci, inventory: { vfio } }: PreflightInput): PreflightCheck {
  const why = 'it is the driver under which DPDK and native drivers of VPP reach a NIC';
  if (vfio.loaded) return ok('vfio-pci', 'loaded', why);
  if (hasVfioPci) return ok('vfio-pci', 'there, and loaded when it is needed', why);
  const remedy =
    'install kmod, and the modules of this kernel (linux-image, or linux-modules-extra on Ubuntu)';
  return { name: 'vfio-pci', result: 'fails', found: 'no such module', why, remedy };
}

const isNic = ({ kind }: PciFunction): boolean => kind === 'network';

function checkNics({ inventory: { functions } }: PreflightInput): PreflightCheck {
  const nics = functions.filter(isNic);
  const why = 'an uplink of VPP is a NIC of its own; without one it takes interfaces of the kernel';
  const driverless = nics.filter(({ driver }) => driver === undefined);
  if (nics.length === 0) {
    const remedy = 'add a NIC, or use an interface of the kernel (vpp.uplinks.hostInterface)';
    return { name: 'nics', result: 'warns', found: 'no PCI NIC', why, remedy };
  }
  const found = `${nics.length} network functions`;
  if (driverless.length === 0) return ok('nics', found, why);
  const names = driverless.map(({ bdf }) => bdf).join(', ');
  const remedy = 'see "nfvctl host inventory"; modprobe the driver, or name the NIC in the profile';
  return { name: 'nics', result: 'warns', found: `without a driver: ${names}`, why, remedy };
}

function checkNodes({
  inventory: { functions, nodes },
}: PreflightInput): PreflightCheck | undefined {
  const why = 'packets that cross between NUMA nodes cost a part of the throughput';
  if (nodes.length < 2) return undefined;
  const unknown = functions.filter((fn) => isNic(fn) && fn.node === undefined);
  if (unknown.length === 0) return ok('numa', `${nodes.length} nodes, each NIC on one`, why);
  return {
    name: 'numa',
    result: 'warns',
    found: `the firmware does not say where ${unknown.map(({ bdf }) => bdf).join(', ')} is`,
    why,
    remedy: 'update the firmware, or place the workers by hand (cpu.workers)',
  };
}

function checkHugepages({ inventory: { nodes } }: PreflightInput): PreflightCheck {
  const why = 'VPP keeps packet buffers in hugepages, on the node of the NIC and its workers';
  const pools = nodes.flatMap(({ id, hugepages }) => hugepages.map((pool) => ({ id, pool })));
  if (pools.length === 0) {
    const remedy = 'boot a kernel with CONFIG_HUGETLBFS';
    return { name: 'hugepages', result: 'fails', found: 'the kernel has none', why, remedy };
  }
  const found = pools
    .map(
      ({ id, pool }) =>
        `node ${id}: ${pool.free}/${pool.total} of ${describeSize(pool.sizeKb)} free`,
    )
    .join(', ');
  return ok('hugepages', found, why);
}

function checkIsolation({ inventory: { cpus }, profile }: PreflightInput): PreflightCheck {
  const why = 'a worker of VPP polls; what else the kernel runs on its core shows as lost packets';
  const isolated = cpus.filter((cpu) => cpu.isolated).map(({ id }) => id);
  const workers = profile?.cpu?.workers ?? [];
  const exposed = workers.filter((id) => !isolated.includes(id));
  if (workers.length > 0 && exposed.length > 0) {
    return {
      name: 'isolation',
      result: 'warns',
      found: `workers on CPUs that are not isolated: ${exposed.join(', ')}`,
      why,
      remedy: `boot with isolcpus=${workers.join(',')} nohz_full=${workers.join(',')}`,
    };
  }
  const found = isolated.length === 0 ? 'no CPU is isolated' : `isolated: ${isolated.join(', ')}`;
  return ok('isolation', found, why);
}

function checkVpp({ inventory: { vpp }, profile }: PreflightInput): PreflightCheck {
  const why = 'without it the kernel’s own VXLAN and bridge are the dataplane';
  if (vpp === undefined) {
    const prefix = profile?.vpp?.prefix ?? '/usr';
    const remedy = 'install the packages vpp and vpp-plugin-dpdk, or say where it is (vpp.prefix)';
    const result = profile?.vpp === undefined ? 'warns' : 'fails';
    return { name: 'vpp', result, found: `none in ${prefix}`, why, remedy };
  }
  const { version = 'of an unknown version', plugins, pid, prefix } = vpp;
  const runs = pid === undefined ? 'not running' : `running as ${pid}`;
  return ok('vpp', `${version} in ${prefix}, ${plugins.length} plugins, ${runs}`, why);
}
