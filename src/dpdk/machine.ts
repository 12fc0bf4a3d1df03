/** What kind of machine this is, and its kernel. */
import type { KernelFiles } from '../host/sysfs.js';
import type { Kernel, Machine } from '../model/host/inventory.js';
import { parseCommandLine } from './cmdline.js';

type Hypervisor = Machine['hypervisor'];

/** By a part of DMI's vendor or product. */
const BY_DMI: readonly (readonly [RegExp, Hypervisor])[] = [
  [/Amazon EC2/, 'aws'],
  [/Google/, 'google'],
  [/VMware/, 'vmware'],
  [/Microsoft Corporation.*Virtual Machine/, 'hyperv'],
  [/Xen/, 'xen'],
  [/QEMU|KVM|OpenStack|Red Hat|Bochs/, 'kvm'],
];

/** @param flags of one CPU, from /proc/cpuinfo; the hypervisor's bit says that this is a guest */
export function hypervisorOf(vendor: string, product: string, flags: string): Hypervisor {
  const isGuest = flags.split(' ').includes('hypervisor');
  const known = BY_DMI.find(([pattern]) => pattern.test(`${vendor} ${product}`))?.[1];
  // A metal instance of AWS has the vendor's name and no hypervisor.
  if (!isGuest) return 'none';
  return known ?? 'other';
}

export async function readMachine(files: KernelFiles): Promise<Machine> {
  const vendor = (await files.text('sys/class/dmi/id/sys_vendor')) ?? '';
  const product = (await files.text('sys/class/dmi/id/product_name')) ?? '';
  const cpuinfo = (await files.text('proc/cpuinfo')) ?? '';
  const flags = /^(?:flags|Features)\s*: (.*)$/m.exec(cpuinfo)?.[1] ?? '';
  return { vendor, product, hypervisor: hypervisorOf(vendor, product, flags) };
}

export async function readKernel(files: KernelFiles): Promise<Kernel> {
  return {
    release: (await files.text('proc/sys/kernel/osrelease')) ?? '',
    arguments: parseCommandLine((await files.text('proc/cmdline')) ?? ''),
  };
}

export async function readBootId(files: KernelFiles): Promise<string> {
  return (await files.text('proc/sys/kernel/random/boot_id')) ?? '';
}
