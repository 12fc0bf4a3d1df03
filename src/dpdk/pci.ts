/** PCI functions (kernel: Documentation/ABI/testing/sysfs-bus-pci). */
import { mapBounded } from '../host/bounded.js';
import { QUERY_MS, type ReadDoors } from '../host/doors.js';
import type { KernelFiles } from '../host/sysfs.js';
import { parseBdf, parseVfRef, type FunctionRef } from '../model/host/bdf.js';
import type { Bdf, PciFunction, PciKind } from '../model/host/inventory.js';
import { readCpuList } from './cpu.js';

const DEVICES = 'sys/bus/pci/devices';
const NUMVFS = 'sriov_numvfs';

export function functionPath(bdf: Bdf): string {
  return `${DEVICES}/${bdf}`;
}

/** The function's address now; undefined: it is a VF that is not there. */
export async function resolveFunction(
  files: KernelFiles,
  ref: FunctionRef,
): Promise<Bdf | undefined> {
  const vf = parseVfRef(ref);
  return vf === undefined ? ref : files.link(`${functionPath(vf.pf)}/virtfn${vf.index}`);
}

/** Its netdevs in this network namespace, sorted. */
export async function netdevsOf(files: KernelFiles, bdf: Bdf): Promise<readonly string[]> {
  return (await readNetdevNames(files)).get(bdf) ?? [];
}

/** A PCI class code, six hex digits (PCI Code and ID Assignment Specification 1.16). */
export function kindOfClass(classCode: string): PciKind {
  const [base, sub] = [classCode.slice(0, 2), classCode.slice(2, 4)];
  if (base === '02') return 'network';
  if (base === '01') return 'storage';
  if (base === '06') return 'bridge';
  if (base === '10') return 'crypto';
  // Intel QAT calls itself a co-processor.
  if (base === '0b' && sub === '40') return 'crypto';
  if (base === '12') return 'accelerator';
  return 'other';
}

export interface PciReading {
  readonly functions: readonly PciFunction[];
  /** Paths that did not answer, or not with what is expected there. */
  readonly hung: readonly string[];
}

/** All functions in order of their addresses, without the eswitch modes. */
export async function readFunctions(
  { files }: ReadDoors,
  signal: AbortSignal,
): Promise<PciReading> {
  const bdfs = (await files.list(DEVICES)).filter((name) => parseBdf(name) === name);
  const attributes = await mapBounded(bdfs, 8, async (bdf) => ({
    bdf,
    names: new Set(await files.list(functionPath(bdf))),
  }));
  const locked = attributes.flatMap(({ bdf, names }) =>
    ['driver_override', NUMVFS]
      .filter((name) => names.has(name))
      .map((name) => `${functionPath(bdf)}/${name}`),
  );
  const { texts, hung } = await files.lockedTexts(locked, { deadlineMs: QUERY_MS, signal });
  const netdevs = await readNetdevNames(files);
  const functions = await mapBounded(attributes, 8, async ({ bdf, names }) => {
    const fn = await readFunction(files, bdf, names, texts);
    return { ...fn, netdevs: netdevs.get(bdf) ?? [] };
  });
  // Where the answer is an error, or makes no sense, it is not known what VFs there are.
  const unread = locked.filter((path) => path.endsWith(NUMVFS) && !isCount(texts.get(path)));
  return { functions, hung: [...new Set([...hung, ...unread])].sort() };
}

function isCount(text: string | undefined): boolean {
  return /^\d{1,5}$/.test(text ?? '');
}

/**
 * The netdevs of each function. One may sit on a bus of its own below it, as virtio's do, so the
 * way to the device is looked at, not the function's `net` folder.
 */
async function readNetdevNames(files: KernelFiles): Promise<Map<Bdf, string[]>> {
  const netdevs = new Map<Bdf, string[]>();
  for (const name of await files.list('sys/class/net')) {
    const way = await files.realPath(`sys/class/net/${name}/device`);
    const bdf = way.findLast((part) => parseBdf(part) === part);
    if (bdf !== undefined) netdevs.set(bdf, [...(netdevs.get(bdf) ?? []), name]);
  }
  return netdevs;
}

async function readFunction(
  files: KernelFiles,
  bdf: Bdf,
  names: ReadonlySet<string>,
  locked: ReadonlyMap<string, string>,
): Promise<Omit<PciFunction, 'netdevs'>> {
  const folder = functionPath(bdf);
  const hex = async (name: string, digits: number): Promise<string> =>
    ((await files.text(`${folder}/${name}`)) ?? '').replace(/^0x/, '').padStart(digits, '0');
  const override = locked.get(`${folder}/driver_override`);
  const group = await files.link(`${folder}/iommu_group`);
  const node = await files.integer(`${folder}/numa_node`);
  const classCode = await hex('class', 6);
  return {
    bdf,
    kind: kindOfClass(classCode),
    classCode,
    vendor: await hex('vendor', 4),
    device: await hex('device', 4),
    driver: await files.link(`${folder}/driver`),
    // The kernel prints a null pointer when none is set.
    driverOverride: override === undefined || override === '(null)' ? undefined : override,
    iommuGroup: group === undefined ? undefined : Number(group),
    node: node === undefined || node < 0 ? undefined : node,
    localCpus: await readCpuList(files, `${folder}/local_cpulist`),
    rdma: names.has('infiniband') ? await files.list(`${folder}/infiniband`) : [],
    sriov: names.has('sriov_totalvfs') ? await readSriov(files, bdf, names, locked) : undefined,
    physfn: await files.link(`${folder}/physfn`),
  };
}

async function readSriov(
  files: KernelFiles,
  bdf: Bdf,
  names: ReadonlySet<string>,
  locked: ReadonlyMap<string, string>,
): Promise<PciFunction['sriov']> {
  const folder = functionPath(bdf);
  const told = locked.get(`${folder}/${NUMVFS}`);
  const numVfs = isCount(told) ? Number(told) : 0;
  // The index is the link's, and says nothing about the order of addresses.
  const links = [...names].flatMap((name) => /^virtfn(\d{1,5})$/.exec(name)?.[1] ?? []).map(Number);
  const count = Math.max(numVfs, ...links.map((index) => index + 1));
  const indexes = Array.from({ length: count }, (_, index) => index);
  return {
    totalVfs: (await files.integer(`${folder}/sriov_totalvfs`)) ?? 0,
    numVfs,
    offset: (await files.integer(`${folder}/sriov_offset`)) ?? 0,
    stride: (await files.integer(`${folder}/sriov_stride`)) ?? 0,
    autoprobe: (await files.text(`${folder}/sriov_drivers_autoprobe`)) !== '0',
    vfs: await mapBounded(indexes, 8, (index) => files.link(`${folder}/virtfn${index}`)),
    eswitch: undefined,
  };
}
