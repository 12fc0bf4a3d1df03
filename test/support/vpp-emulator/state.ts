/** What a VPP has been told, as far as more than one feature looks at it. */
import { BridgeDomains } from './features/bridge-domain.js';
import { Devices } from './features/device.js';
import { Memifs } from './features/memif.js';
import { Neighbors } from './features/neighbor.js';
import { Routes } from './features/route.js';
import { Taps } from './features/tap.js';
import { VhostUsers } from './features/vhost-user.js';
import { VxlanTunnels } from './features/vxlan.js';
import { Sockets } from './sockets.js';
import type { Values } from './wire.js';

/** VPP's answers to what cannot be done (src/vnet/error.h). */
export const RETVAL = {
  UNSPECIFIED: -1,
  INVALID_SW_IF_INDEX: -2,
  NO_SUCH_FIB: -3,
  NO_SUCH_ENTRY: -6,
  INVALID_VALUE: -7,
  INVALID_SW_IF_INDEX_2: -10,
  SYSCALL_ERROR_1: -11,
  SYSCALL_ERROR_2: -12,
  SYSCALL_ERROR_4: -14,
  INVALID_REGISTRATION: -31,
  NO_PATHS_IN_ROUTE: -52,
  NO_MATCHING_INTERFACE: -54,
  INVALID_VLAN: -55,
  VLAN_ALREADY_EXISTS: -56,
  ADDRESS_NOT_FOUND_FOR_INTERFACE: -60,
  SUBIF_ALREADY_EXISTS: -68,
  INVALID_INTERFACE: -71,
  INVALID_ARGUMENT: -73,
  UNEXPECTED_INTF_STATE: -74,
  TUNNEL_EXIST: -75,
  IF_ALREADY_EXISTS: -79,
  VALUE_EXIST: -81,
  SAME_SRC_DST: -82,
  INVALID_SUB_SW_IF_INDEX: -98,
  ADDRESS_IN_USE: -105,
  ADDRESS_FOUND_FOR_INTERFACE: -114,
  ENTRY_ALREADY_EXISTS: -116,
  BD_ALREADY_EXISTS: -119,
  BD_IN_USE: -120,
  BD_NOT_MODIFIABLE: -121,
  BD_ID_EXCEED_MAX: -122,
  SUBIF_DOESNT_EXIST: -123,
  DUPLICATE_IF_ADDRESS: -127,
  INSTANCE_IN_USE: -147,
  BD_ALREADY_HAS_BVI: -152,
  EAGAIN: -165,
  INVALID_PREFIX_LENGTH: -171,
} as const;

export const NONE = 0xffff_ffff;
export const ADMIN_UP = 1;
export const LINK_UP = 2;

export interface Interface {
  readonly swIfIndex: number;
  readonly supSwIfIndex: number;
  name: string;
  /** As `show hardware` says: Loopback, VXLAN, ... */
  readonly devType: string;
  /** 0 hardware, 1 sub-interface. */
  readonly type: number;
  mac: string;
  flags: number;
  linkMtu: number;
  mtu: readonly number[];
  tag: string;
  /** Fields of sw_interface_details that are more than the above. */
  details: Values;
  readonly tables: Map<boolean, number>;
  /** Address in hexadecimal digits with its prefix length: `0a000001/24`. */
  readonly addresses: Set<string>;
}

/** VPP's pools give the index that was freed last. */
export class Indices {
  readonly #free: number[] = [];
  #next: number;

  constructor(first = 0) {
    this.#next = first;
  }

  take(): number {
    return this.#free.pop() ?? this.#next++;
  }

  give(index: number): void {
    this.#free.push(index);
  }
}

export class VppState {
  readonly interfaces = new Map<number, Interface>();
  readonly #indices = new Indices();
  readonly #clients = new Indices(1);
  /** Clients that want an event, by the `want_`. */
  readonly wishes = new Map<string, Set<number>>();
  /** What `l2_arp_term_event` told last. */
  lastArp: { readonly what: string; readonly at: number } | undefined;
  readonly bridgeDomains = new BridgeDomains();
  readonly routes = new Routes();
  /** That were added to VPP's own. */
  readonly fibSources: { readonly id: number; readonly priority: number; readonly name: string }[] =
    [];
  /** Interfaces that speak it. */
  readonly lldp = new Set<number>();
  readonly neighbors = new Neighbors();
  readonly vxlan = new VxlanTunnels();
  readonly taps = new Taps();
  readonly sockets = new Sockets();
  readonly vhostUsers = new VhostUsers();
  readonly memifs = new Memifs();
  readonly devices = new Devices();
  /** Packet buffers that it has in all (`buffers { buffers-per-numa N }`). */
  buffers = 16_384;
  /** Interfaces of the kernel that there are. */
  readonly hostInterfaces = new Set(['eth0', 'eth1', 'eth2', 'eth3']);
  readonly loopbackInstances = new Set<number>();

  constructor(readonly pid: number) {
    this.add({ name: 'local0', devType: 'local', linkMtu: 0 });
  }

  nextClient(): number {
    return this.#clients.take();
  }

  forgetClient(clientIndex: number): void {
    this.#clients.give(clientIndex - 0x8000_0000);
    for (const clients of this.wishes.values()) clients.delete(clientIndex);
  }

  add(
    wanted: Pick<Interface, 'name' | 'devType'> &
      Partial<Pick<Interface, 'mac' | 'linkMtu' | 'supSwIfIndex' | 'type' | 'details' | 'flags'>>,
  ): Interface {
    const swIfIndex = this.#indices.take();
    const { supSwIfIndex = swIfIndex, linkMtu = 9000 } = wanted;
    const created: Interface = {
      type: 0,
      mac: '000000000000',
      flags: 0,
      details: {},
      ...wanted,
      swIfIndex,
      supSwIfIndex,
      linkMtu,
      mtu: [wanted.type === 1 ? 0 : linkMtu, 0, 0, 0],
      tag: '',
      tables: new Map(),
      addresses: new Set(),
    };
    this.interfaces.set(swIfIndex, created);
    return created;
  }

  remove(swIfIndex: number): void {
    for (const sub of [...this.interfaces.values()]) {
      if (sub.supSwIfIndex === swIfIndex && sub.swIfIndex !== swIfIndex) this.remove(sub.swIfIndex);
    }
    this.bridgeDomains.forget(swIfIndex, this.interfaces.get(swIfIndex)?.mac);
    this.routes.interfaceGone(swIfIndex);
    this.neighbors.forget(swIfIndex);
    this.lldp.delete(swIfIndex);
    this.interfaces.delete(swIfIndex);
    this.#indices.give(swIfIndex);
  }
}
