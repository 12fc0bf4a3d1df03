/**
 * What the kernel's answers to writes mean, and what to do about each. Read from the kernel:
 * drivers/pci/pci-sysfs.c, iov.c; drivers/base/bus.c; drivers/vfio; mm/hugetlb.c; the drivers'
 * sriov_configure.
 */
import { NfvError, type ErrorCode } from '../errors.js';

export type Operation =
  'override' | 'unbind' | 'probe' | 'noIommu' | 'numvfs' | 'hugepages' | 'vf' | 'eswitch';

/** What helps. */
export type Verdict = 'retry' | 'ignore' | 'stop-consumer' | 'reboot' | 'firmware' | 'user';

export interface Meaning {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly remedy: string;
}

interface Row extends Meaning {
  readonly operation: Operation;
  readonly errno: string;
  /** Undefined: whichever driver it is. */
  readonly driver?: string;
}

const row = (
  operation: Operation,
  errno: string,
  verdict: Verdict,
  reason: string,
  remedy: string,
  driver?: string,
): Row => ({
  operation,
  errno,
  verdict,
  reason,
  remedy,
  ...(driver === undefined ? {} : { driver }),
});

const STOP = 'stop the guest or the process that uses its VFs';

/** A row with a driver comes before those without. */
export const KERNEL_ANSWERS: readonly Row[] = [
  row('override', 'ENOENT', 'user', 'the function is gone', 'look for it with lspci -D'),
  row('override', 'EINVAL', 'user', 'not a name of a driver', 'correct the name'),
  row('override', 'ENOMEM', 'retry', 'the kernel has no memory now', 'free memory'),
  row('unbind', 'ENODEV', 'ignore', 'it has no driver, or another one', 'none needed'),
  row('unbind', 'ENOENT', 'ignore', 'it has no driver', 'none needed'),
  row('probe', 'ENODEV', 'user', 'no driver takes it', 'load the driver; see dmesg'),
  row(
    'probe',
    'EINVAL',
    'firmware',
    'vfio-pci refuses a function without an IOMMU group',
    'switch the IOMMU on in the BIOS and, on Intel, boot with intel_iommu=on iommu=pt',
  ),
  row('probe', 'EBUSY', 'retry', 'its driver is busy with it', 'see dmesg'),
  row('probe', 'EPROBE_DEFER', 'retry', 'its driver waits for another device', 'see dmesg'),
  row(
    'noIommu',
    'ENOENT',
    'user',
    "this kernel is built without that mode (CONFIG_VFIO_NOIOMMU), as Debian's are",
    'boot with an IOMMU: the BIOS has the switch; on Intel also intel_iommu=on iommu=pt',
  ),
  row('numvfs', 'EINVAL', 'stop-consumer', 'its VFs are assigned to guests', STOP, 'i40e'),
  row('numvfs', 'EBUSY', 'stop-consumer', 'its VFs are assigned to guests', STOP, 'idpf'),
  row('numvfs', 'EAGAIN', 'retry', 'another operation of the PF is pending', 'wait', 'i40e'),
  row('numvfs', 'EINVAL', 'user', 'the driver refuses this number of VFs', 'see dmesg'),
  row('numvfs', 'ERANGE', 'user', 'more VFs than the PF has', 'ask for sriov_totalvfs at most'),
  row(
    'numvfs',
    'ENOENT',
    'user',
    'no driver with SR-IOV has the PF',
    "give the PF back to its kernel driver; one on vfio-pci needs that module's enable_sriov=1",
  ),
  row('numvfs', 'EBUSY', 'user', 'it has another number of VFs', 'set 0 first'),
  row('numvfs', 'EAGAIN', 'retry', 'the driver is busy', 'wait'),
  row(
    'numvfs',
    'ENOMEM',
    'firmware',
    'there is no memory space (MMIO) or no bus number for the VFs',
    'switch "SR-IOV" and "Above 4G decoding" on in the BIOS, or boot with pci=realloc',
  ),
  row('numvfs', 'ENOSYS', 'firmware', 'SR-IOV is switched off', 'switch SR-IOV on in the BIOS'),
  row('numvfs', 'EIO', 'firmware', 'the card does not answer', 'see dmesg; reset the card'),
  row('hugepages', 'ENOENT', 'user', 'no such node, or no pages of this size', 'see /proc/meminfo'),
  row(
    'hugepages',
    'EINVAL',
    'reboot',
    'this kernel gives pages of this size at boot only',
    'reserve them on the kernel command line: hugepagesz=1G hugepages=NODE:COUNT',
  ),
  row('vf', 'EAGAIN', 'retry', 'the VF is in reset', 'wait'),
  row('vf', 'EBUSY', 'retry', 'the PF is busy', 'wait'),
  row('vf', 'EINVAL', 'user', 'there is no such VF, or the driver refuses the value', 'correct it'),
  row('vf', 'EOPNOTSUPP', 'user', 'the driver cannot set this', 'leave it out of the profile'),
  row('vf', 'EPERM', 'user', 'the process may not', 'run as root or with CAP_NET_ADMIN'),
  row('vf', 'ENODEV', 'user', 'the PF has no network device', 'look at its driver'),
  row('eswitch', 'EBUSY', 'stop-consumer', 'VFs are in use', STOP),
  row('eswitch', 'EOPNOTSUPP', 'user', 'the driver has no eswitch modes', 'leave eswitch out'),
];

const CODES: Readonly<Record<Verdict, ErrorCode>> = {
  retry: 'KERNEL_REFUSED',
  ignore: 'KERNEL_REFUSED',
  'stop-consumer': 'NIC_IN_USE',
  reboot: 'REBOOT_NEEDED',
  firmware: 'FIRMWARE_LIMIT',
  user: 'KERNEL_REFUSED',
};

/** Undefined: nothing more is known of this answer. */
export function meaningOf(
  operation: Operation,
  errno: string,
  driver: string | undefined,
): Meaning | undefined {
  const rows = KERNEL_ANSWERS.filter((r) => r.operation === operation && r.errno === errno);
  return (
    rows.find((r) => r.driver !== undefined && r.driver === driver) ??
    rows.find((r) => r.driver === undefined)
  );
}

/** What an error of the kernel's means; undefined: it is none, or nothing is known of it. */
export function meaningOfError(
  operation: Operation,
  error: unknown,
  driver: string | undefined,
): Meaning | undefined {
  if (!(error instanceof NfvError) || error.code !== 'KERNEL_REFUSED') return undefined;
  return meaningOf(operation, error.metadata['errno'] ?? '', driver);
}

/** The same error, with what it means; unchanged if nothing is known of it. */
export function explained(
  operation: Operation,
  error: unknown,
  driver: string | undefined,
): unknown {
  const meaning = meaningOfError(operation, error, driver);
  if (meaning === undefined || !(error instanceof NfvError)) return error;
  return new NfvError(CODES[meaning.verdict], `${error.message}: ${meaning.reason}`, {
    cause: error,
    metadata: { ...error.metadata, verdict: meaning.verdict },
    remedy: meaning.remedy,
  });
}
