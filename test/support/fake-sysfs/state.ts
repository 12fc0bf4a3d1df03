/** What the fake kernel knows. */

export interface FakeAddress {
  readonly address: string;
  readonly prefixLength: number;
  readonly dynamic?: boolean;
}

export interface FakeVf {
  mac: string;
  vlan: number;
  qos: number;
  protocol: string;
  spoofchk: boolean;
  trust: boolean;
  linkState: string;
  minTxRate: number;
  maxTxRate: number;
}

export interface FakeNetdev {
  name: string;
  altnames: string[];
  mac: string;
  mtu: number;
  up: boolean;
  addresses: FakeAddress[];
  master?: string;
  /** Of a device that is no hardware. */
  kind?: string;
  lower?: string;
}

export interface FakeRoute {
  readonly family: 4 | 6;
  readonly table: string;
  readonly destination: string;
  readonly device: string;
  readonly gateway?: string;
  readonly metric?: number;
  readonly protocol: string;
  /** Its kind: iproute2 tells the tunnel's end as `dst` then. */
  readonly encap?: string;
}

export interface FakeFunction {
  readonly bdf: string;
  readonly classCode: string;
  readonly vendor: string;
  readonly device: string;
  readonly node: number;
  readonly group: number | undefined;
  /** The driver of the kernel that knows it by its id. */
  readonly nativeDriver: string | undefined;
  /** The MAC its netdev comes up with. */
  mac: string;
  driver: string | undefined;
  override: string | undefined;
  /** With a driver of UIO: `uio0`. */
  readonly uio?: string;
  netdev: FakeNetdev | undefined;
  /** In another network namespace: the driver is bound, and no netdev is seen. */
  elsewhere?: boolean;
  /** A PF's. */
  pf?: {
    readonly totalVfs: number;
    readonly vfDevice: string;
    readonly vfDriver: string;
    autoprobe: boolean;
    eswitch: 'legacy' | 'switchdev' | undefined;
    /** Its VFs are in its own IOMMU group: the slot has no ACS. */
    readonly oneGroup?: boolean;
    /** What `sriov_numvfs` has in the place of a number. */
    readonly numVfsText?: string;
    /** What the PF sets, by index. */
    vfs: FakeVf[];
  };
  /** A VF's. */
  vf?: { readonly pf: string; readonly index: number };
}

export interface FakePool {
  total: number;
  surplus: number;
  /** Pages in use. */
  used: number;
  /** More than so many there is no memory for; `grows` by so many with each try. */
  capacity: number;
  grows?: number;
}

export interface FakeProcess {
  readonly pid: number;
  readonly command: string;
  /** Files it has open. */
  readonly open: string[];
  /** Interfaces that it holds through /dev/net/tun. */
  readonly taps?: readonly string[];
  readonly sshConnection?: string;
  readonly hugepages?: { readonly node: number; readonly sizeKb: number; readonly pages: number };
}

export interface FakeState {
  bootId: string;
  commandLine: string;
  cpus: { readonly id: number; readonly node: number; readonly isolated?: boolean }[];
  /** By node, then by size in kB. */
  pools: Map<number, Map<number, FakePool>>;
  functions: Map<string, FakeFunction>;
  /** Netdevs that are on no PCI function. */
  others: FakeNetdev[];
  routes: FakeRoute[];
  /** PCI drivers that are loaded. */
  drivers: Set<string>;
  /** Those modprobe can load. */
  loadable: Set<string>;
  /** Undefined: this kernel has no such mode. */
  noIommu: boolean | undefined;
  processes: FakeProcess[];
  /** systemd's units that run. */
  active: Set<string>;
  /** Those it is to start. */
  queued: Set<string>;
  /** The unit that this process is the start of; VPP's is ordered behind it. */
  ourUnit?: string | undefined;
  /** What VPP does when it is started, but for answering; `blind`: it answers, and has no NIC. */
  vppTrouble?: 'ends' | 'hangs' | 'blind';
  /** So many questions about a VPP that starts get no answer in time. */
  vppBusy?: number;
  /** NetworkManager runs, and leaves these alone. */
  networkManager: { unmanaged: Set<string> } | undefined;
  /** Files besides those of the kernel, by path: `usr/bin/vpp`. */
  files: Map<string, string>;
  /** /sys is mounted read-only. */
  readOnly: boolean;
}

export function newVf(mac: string): FakeVf {
  return {
    mac,
    vlan: 0,
    qos: 0,
    protocol: '802.1Q',
    spoofchk: true,
    trust: false,
    linkState: 'auto',
    minTxRate: 0,
    maxTxRate: 0,
  };
}
