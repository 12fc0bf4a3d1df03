/** What the agent's configuration says of VPP's interfaces to the underlay. */
import type { Bdf } from '../../../model/host/inventory.js';
import type { VlanTags } from '../vlan-subif.js';

export interface UplinkRoute {
  /** `address/length`. */
  readonly to: string;
  readonly via: string;
}

/** A port of a NIC that one of VPP's own drivers takes (vnet/dev). */
export interface DevicePort {
  readonly pci: Bdf;
  /** `iavf`, `ige`, ...; empty: VPP's choice. */
  readonly driver: string;
  /** For the driver, `NAME=VALUE,...`. */
  readonly args: string;
  readonly port: number;
  /** What VPP is to call its interface. */
  readonly name: string;
  /** 0: VPP's choice, as below. */
  readonly rxQueues: number;
  readonly txQueues: number;
  readonly rxQueueSize: number;
  readonly txQueueSize: number;
  /** For the port. */
  readonly portArgs: string;
}

/** A tap of VPP (plugins/tap); all but the name is of its end in the kernel. */
export interface UplinkTap {
  readonly hostInterface: string;
  /** Empty: VPP's own. */
  readonly netns: string;
  /** Empty: the kernel's choice. */
  readonly mac: string;
  /** One of each family at most. */
  readonly addresses: readonly string[];
  /** Bridge of the kernel that it is put into; empty: none. */
  readonly bridge: string;
}

export interface UplinkVlan extends VlanTags {
  /** VPP's name of the interface, or the PCI address as another uplink has it. */
  readonly parent: string;
}

/** One of the first six is given. */
export interface Uplink {
  /** VPP's name of an interface that somebody else makes. */
  readonly interface?: string;
  /** The same by the NIC's PCI address: a port of DPDK. */
  readonly pci?: Bdf;
  /** A kernel interface for VPP to take by af_packet. VPP's own is called `host-NAME` then. */
  readonly hostInterface?: string;
  readonly device?: DevicePort;
  readonly tap?: UplinkTap;
  readonly vlan?: UplinkVlan;
  /** `address/length`; none: it only carries VLANs that are uplinks. */
  readonly addresses: readonly string[];
  /** Bytes of a packet that the underlay carries. VPP takes 9000 for every interface of Ethernet. */
  readonly mtu: number;
  readonly routes: readonly UplinkRoute[];
}
