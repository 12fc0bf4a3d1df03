/**
 * The emulated PC: two NUMA nodes, each with an Intel 82576 behind a host bridge of its own. Pure.
 */
import { join } from 'node:path';
import type { Cache } from './cache.js';

export type Accelerator = 'kvm' | 'tcg';

export interface Machine {
  readonly accelerator: Accelerator;
  readonly hasIommu: boolean;
  readonly initrd: string;
  /** An image that holds what outlives a boot. */
  readonly disk: string;
  /** Files that get the kernel's messages, the job's report and its exit status. */
  readonly console: string;
  readonly report: string;
  readonly status: string;
}

const NODES = 2;
const NODE_MB = 2048;
/** What each CPU emulation is good at; without 5-level paging TCG walks one level less. */
const CPU: Readonly<Record<Accelerator, readonly string[]>> = {
  kvm: ['-accel', 'kvm', '-cpu', 'host'],
  // A thread for each virtual CPU stalls the guest in one boot of a hundred.
  tcg: ['-accel', 'tcg,thread=single', '-cpu', 'max,la57=off'],
};

/** QEMU's arguments; what the job prints comes out of its stdout. */
export function qemuArguments(cache: Cache, machine: Machine): string[] {
  return [
    ...['-L', join(cache.tools, 'usr/share/qemu'), '-L', join(cache.tools, 'usr/share/seabios')],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-machine', 'q35,kernel-irqchip=split', ...CPU[machine.accelerator]],
    ...['-smp', `${NODES},sockets=${NODES}`, '-m', `${NODES * NODE_MB}M`],
    // Before the devices that it stands in front of.
    ...(machine.hasIommu ? ['-device', 'intel-iommu,intremap=on,caching-mode=on'] : []),
    ...nodes(),
    ...cards(),
    ...onBoard(),
    ...share(),
    ...drive(machine.disk),
    ...ports(machine),
    ...['-kernel', cache.kernel, '-initrd', machine.initrd],
    ...['-append', kernelArguments(machine.hasIommu)],
  ];
}

function kernelArguments(hasIommu: boolean): string {
  // no_timer_check: the test of the timer at boot panics where the emulated CPU is kept waiting.
  const always = ['console=ttyS0', 'panic=-1', 'no_timer_check', 'mitigations=off'];
  return [...always, ...(hasIommu ? ['intel_iommu=on', 'iommu=pt'] : [])].join(' ');
}

function nodes(): string[] {
  return Array.from({ length: NODES }, (_, i) => [
    ...['-object', `memory-backend-ram,id=ram${i},size=${NODE_MB}M,reserve=off`],
    ...['-numa', `node,nodeid=${i},memdev=ram${i},cpus=${i}`],
  ]).flat();
}

/**
 * At 41:00.0 and 81:00.0, on one cable. The last comes first: the firmware lists host bridges
 * backwards. A host bridge of its own is what gives a card its node.
 */
function cards(): string[] {
  return Array.from({ length: NODES }, (_, i) => [
    ...['-device', `pxb-pcie,id=bridge${i},bus=pcie.0,bus_nr=${64 * (i + 1)},numa_node=${i}`],
    ...['-device', `pcie-root-port,id=port${i},bus=bridge${i},chassis=${i + 1},slot=${i + 1}`],
    ...['-netdev', `hubport,id=cable${i},hubid=0`],
    ...['-device', `igb,id=card${i},bus=port${i},netdev=cable${i},mac=52:54:00:ab:00:0${i}`],
  ])
    .reverse()
    .flat();
}

/** A NIC as boards have it: a function of the chipset, in one IOMMU group with the disk controller. */
function onBoard(): string[] {
  const at = 'bus=pcie.0,addr=0x1f.6';
  return [
    ...['-netdev', 'hubport,id=cable,hubid=0'],
    ...['-device', `e1000,${at},netdev=cable,mac=52:54:00:ab:00:09`],
  ];
}

/** This machine's file tree, whose file systems' inode numbers clash. */
function share(): string[] {
  const tree = 'local,id=tree,path=/,security_model=none,readonly=on,multidevs=remap';
  return ['-fsdev', tree, '-device', 'virtio-9p-pci,bus=pcie.0,fsdev=tree,mount_tag=tree'];
}

function drive(image: string): string[] {
  return [
    ...['-drive', `file=${image},format=raw,if=none,id=disk`],
    ...['-device', 'virtio-blk-pci,bus=pcie.0,drive=disk'],
  ];
}

function ports({ console, report, status }: Machine): string[] {
  return [
    ...['-serial', `file:${console}`, '-device', 'virtio-serial-pci,id=ports,bus=pcie.0'],
    ...['-chardev', 'stdio,id=out,signal=off'],
    ...['-chardev', `file,id=report,path=${report}`],
    ...['-chardev', `file,id=status,path=${status}`],
    ...['out', 'report', 'status'].flatMap((name) => [
      '-device',
      `virtserialport,chardev=${name},name=lab.${name}`,
    ]),
  ];
}
