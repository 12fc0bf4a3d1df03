/** The inventory of a host: all readers, composed. */
import { readBootId, readKernel, readMachine } from '../../dpdk/machine.js';
import { readCpus } from '../../dpdk/cpu.js';
import { readDeviceHolders } from '../../dpdk/device-holders.js';
import { readHugepageMounts, readHugepageUsers, readNodes } from '../../dpdk/hugepages.js';
import { readGroups, readVfio } from '../../dpdk/iommu.js';
import { readNetdevs, readRoutes } from '../../dpdk/netdevs.js';
import { readManaged } from '../../dpdk/netdev-steps.js';
import { readFunctions } from '../../dpdk/pci.js';
import { readPeers } from '../../dpdk/peers.js';
import { readVpp, vppTaps } from '../../dpdk/vpp.js';
import type { ReadDoors } from '../../host/doors.js';
import { isActive, isQueued } from '../../host/systemd.js';
import { readProcesses } from '../../host/processes.js';
import type { Inventory } from '../../model/host/inventory.js';
import { withEswitchModes } from '../../sriov/inventory.js';

export interface InventoryOptions {
  /** IP addresses of the NVA's replicas. */
  readonly nva: readonly string[];
  /** Where VPP is installed. */
  readonly vppPrefix: string;
  /** systemd's units to ask about. */
  readonly services: readonly string[];
}

/**
 * Reads everything; nothing is changed. What the caller may not see (holders, without
 * CAP_SYS_PTRACE) is left out.
 * @throws NfvError NOT_PRIVILEGED, KERNEL_REFUSED, COMMAND_MISSING, COMMAND_TIMEOUT; with the
 *   signal CANCELLED or DEADLINE_EXCEEDED
 */
export async function readInventory(
  doors: ReadDoors,
  options: InventoryOptions,
  signal: AbortSignal,
): Promise<Inventory> {
  const { files } = doors;
  const pci = await readFunctions(doors, signal);
  const functions = await withEswitchModes(doors, pci.functions, signal);
  const nodes = await readNodes(files);
  const processes = await readProcesses(files);
  const netdevs = await readNetdevs(doors, signal);
  return {
    bootId: await readBootId(files),
    machine: await readMachine(files),
    kernel: await readKernel(files),
    cpus: await readCpus(files, nodes),
    nodes,
    hugepageUsers: await readHugepageUsers(files, processes),
    hugepageMounts: await readHugepageMounts(files),
    functions,
    groups: await readGroups(files),
    vfio: await readVfio(files),
    netdevs,
    routes: await readRoutes(doors, signal),
    peers: await readPeers(doors, processes, netdevs, options.nva, signal),
    holders: await readDeviceHolders(files, functions, processes),
    vppTaps: vppTaps(processes),
    vpp: await readVpp(files, options.vppPrefix, processes),
    managed: await readManaged(doors, signal),
    activeServices: await unitsThat(isActive, doors, options.services, signal),
    queuedServices: await unitsThat(isQueued, doors, options.services, signal),
    hung: pci.hung,
  };
}

async function unitsThat(
  are: typeof isActive,
  doors: ReadDoors,
  units: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const found: string[] = [];
  for (const unit of units) if (await are(doors, unit, signal)) found.push(unit);
  return found;
}
