/** What a host has, as read from its kernel. Lists are sorted, so equal hosts give equal texts. */
import type { IpFamily } from '../addresses.js';

/** PCI address with its domain, `0000:41:00.0` (Linux: Documentation/ABI/testing/sysfs-bus-pci). */
export type Bdf = string;

export interface Inventory {
  /** `/proc/sys/kernel/random/boot_id`: another one after each boot. */
  readonly bootId: string;
  readonly machine: Machine;
  readonly kernel: Kernel;
  readonly cpus: readonly Cpu[];
  readonly nodes: readonly NumaNode[];
  readonly hugepageUsers: readonly HugepageUser[];
  readonly hugepageMounts: readonly HugepageMount[];
  readonly functions: readonly PciFunction[];
  readonly groups: readonly IommuGroup[];
  readonly vfio: Vfio;
  readonly netdevs: readonly Netdev[];
  readonly routes: readonly Route[];
  /** Who is spoken with over the network and must not be lost. */
  readonly peers: readonly Peer[];
  /** Processes that have a VFIO group, a UIO or an RDMA device open. */
  readonly holders: readonly DeviceHolder[];
  /** Interfaces of the kernel that VPP has made, and that go away with it. */
  readonly vppTaps: readonly string[];
  readonly vpp: Vpp | undefined;
  /** Netdevs that NetworkManager manages; none when it does not run. */
  readonly managed: readonly string[];
  /** systemd's units that run, of those that were asked for. */
  readonly activeServices: readonly string[];
  /** Those that systemd is about to start, in its order. */
  readonly queuedServices: readonly string[];
  /** Attributes that did not answer, because their driver is stuck. */
  readonly hung: readonly string[];
}

export interface Machine {
  readonly vendor: string;
  readonly product: string;
  /** `none`: bare metal. */
  readonly hypervisor: 'none' | 'aws' | 'kvm' | 'vmware' | 'hyperv' | 'xen' | 'google' | 'other';
}

export interface Kernel {
  readonly release: string;
  /** The command line, split at spaces outside of quotes. */
  readonly arguments: readonly string[];
}

export interface Cpu {
  readonly id: number;
  readonly online: boolean;
  /** Undefined: not known. */
  readonly node: number | undefined;
  readonly packageId: number | undefined;
  readonly coreId: number | undefined;
  /** Threads of the same core, this one with them. */
  readonly siblings: readonly number[];
  readonly isolated: boolean;
  readonly nohzFull: boolean;
}

export interface NumaNode {
  readonly id: number;
  readonly cpus: readonly number[];
  readonly memoryKb: number;
  /** In ascending order of size. */
  readonly hugepages: readonly HugepagePool[];
}

export interface HugepagePool {
  readonly sizeKb: number;
  readonly total: number;
  readonly free: number;
  readonly surplus: number;
}

export interface HugepageUser {
  readonly pid: number;
  readonly command: string;
  readonly node: number;
  readonly sizeKb: number;
  readonly pages: number;
}

export interface HugepageMount {
  readonly path: string;
  readonly sizeKb: number;
  readonly uid: number;
  readonly gid: number;
}

export type PciKind = 'network' | 'crypto' | 'accelerator' | 'storage' | 'bridge' | 'other';

export interface PciFunction {
  readonly bdf: Bdf;
  readonly kind: PciKind;
  /** Six hex digits: class, subclass, programming interface. */
  readonly classCode: string;
  /** Four hex digits. */
  readonly vendor: string;
  readonly device: string;
  readonly driver: string | undefined;
  readonly driverOverride: string | undefined;
  readonly iommuGroup: number | undefined;
  /** Undefined: the firmware does not say (`numa_node` is -1). */
  readonly node: number | undefined;
  /** CPUs near to it. */
  readonly localCpus: readonly number[];
  readonly netdevs: readonly string[];
  /** RDMA devices on it: `mlx5_0`. */
  readonly rdma: readonly string[];
  /** Of a PF. */
  readonly sriov: Sriov | undefined;
  /** Of a VF. */
  readonly physfn: Bdf | undefined;
}

export interface Sriov {
  readonly totalVfs: number;
  readonly numVfs: number;
  readonly autoprobe: boolean;
  /** Distance of the first VF's routing id from the PF's, and between VFs (PCIe SR-IOV, 9.3.3). */
  readonly offset: number;
  readonly stride: number;
  /** By index, as `virtfnK` leads to it; undefined: that one is not there (yet). */
  readonly vfs: readonly (Bdf | undefined)[];
  /** Undefined: the driver has none. */
  readonly eswitch: EswitchMode | undefined;
}

export type EswitchMode = 'legacy' | 'switchdev';

export interface IommuGroup {
  readonly id: number;
  /** `DMA`, `DMA-FQ`, `identity`; undefined on kernels that do not say. */
  readonly type: string | undefined;
  readonly members: readonly Bdf[];
}

export interface Vfio {
  /** The vfio-pci driver is loaded. */
  readonly loaded: boolean;
  /** Undefined: this kernel has no no-IOMMU mode, or vfio is not loaded. */
  readonly noIommu: boolean | undefined;
}

export interface Netdev {
  readonly name: string;
  readonly altnames: readonly string[];
  readonly mac: string;
  readonly mtu: number;
  /** IFF_UP: somebody wants it up. */
  readonly up: boolean;
  readonly carrier: boolean;
  /** Bridge, bond, team, OVS or VRF that it is a part of. */
  readonly master: string | undefined;
  /** The device it is made on: of a VLAN, of a macvlan. */
  readonly lower: string | undefined;
  /** `bond`, `bridge`, `vlan`; undefined: hardware. */
  readonly kind: string | undefined;
  readonly addresses: readonly NetAddress[];
  /** As the PF tells of its VFs, by index. */
  readonly vfs: readonly VfSettings[];
}

export interface NetAddress {
  readonly family: IpFamily;
  readonly address: string;
  readonly prefixLength: number;
  readonly scope: string;
  /** From DHCP or a router: it has a lifetime. */
  readonly dynamic: boolean;
  /** What else it was made with, in the words of ip-address(8): `brd 192.0.2.255`, `noprefixroute`. */
  readonly options: readonly string[];
}

export type VfLinkState = 'auto' | 'enable' | 'disable';
export type VlanProtocol = '802.1Q' | '802.1ad';

/** What a PF sets for a VF (ip-link(8), `vf`); undefined: the driver does not tell. */
export interface VfSettings {
  readonly index: number;
  readonly mac: string;
  readonly vlan: number;
  readonly qos: number;
  readonly vlanProtocol: VlanProtocol;
  readonly spoofchk: boolean | undefined;
  readonly trust: boolean | undefined;
  readonly linkState: VfLinkState | undefined;
  /** Mbit/s; 0: no limit. */
  readonly minTxRate: number;
  readonly maxTxRate: number;
}

export interface Route {
  readonly family: IpFamily;
  readonly table: string;
  /** `unicast`, `local`, `blackhole`, … */
  readonly type: string;
  /** `default` or a prefix. */
  readonly destination: string;
  readonly hops: readonly RouteHop[];
  readonly metric: number | undefined;
  readonly source: string | undefined;
  readonly protocol: string;
  readonly scope: string | undefined;
  /** What else it was made with, in the words of ip-route(8): `mtu 1400`. */
  readonly options: readonly string[];
  /** It has more than is here, and iproute2 tells the tunnel's end in the place of `destination`. */
  readonly isEncapsulated: boolean;
}

export interface RouteHop {
  readonly device: string;
  readonly gateway: string | undefined;
  readonly weight: number | undefined;
  readonly onlink: boolean;
}

export interface Peer {
  readonly role: 'ssh' | 'nva' | 'nfs-root' | 'iscsi';
  readonly address: string;
  /** The device that the route to it leads over; undefined: there is no route. */
  readonly device: string | undefined;
}

export interface DeviceHolder {
  readonly bdf: Bdf;
  readonly pid: number;
  readonly command: string;
  /** `/dev/vfio/10`, `/dev/infiniband/uverbs0` */
  readonly path: string;
}

export interface Vpp {
  /** Where it is installed: `/usr`. */
  readonly prefix: string;
  /** `26.06`; undefined: not known. */
  readonly version: string | undefined;
  /** File names of plugins: `dpdk_plugin.so`. */
  readonly plugins: readonly string[];
  readonly pid: number | undefined;
}
