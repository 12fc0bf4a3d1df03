/** What was read of a VPP. */
import type { NfvError } from '../../errors.js';
import { bridgeDomainKey } from '../../model/item.js';
import type { DetailsOf } from '../../vpp-api/product-types.js';
import { RoutingView } from './routing/routing-view.js';
import type { SocketAccess } from './host-doors.js';
import type { Learning } from './learning.js';
import { bareTag, parseTag, tagOf, type Tag } from './tag.js';

/** An interface as `sw_interface_details` tells it. */
export interface Interface {
  readonly index: number;
  readonly name: string;
  readonly tag: string;
  readonly mac: string;
  readonly up: boolean;
  readonly linkUp: boolean;
  /** Bytes; 0: as that of its hardware. */
  readonly mtu: number;
  /** Bytes of a packet that its hardware takes. */
  readonly linkMtu: number;
  /** Of a sub-interface only. */
  readonly sub: SubInterface | undefined;
}

/** Which frames of an interface are a sub-interface's. */
export interface SubInterface {
  /** Index of the interface that it is of. */
  readonly parent: number;
  readonly id: number;
  readonly outerVlanId: number;
  readonly innerVlanId: number;
  /** Tags of its frames: 0, 1 or 2. */
  readonly tags: number;
  readonly dot1ad: boolean;
  /** Frames with more tags are not its own. */
  readonly exact: boolean;
  /** What is done to the tags (`l2_vtr_op_t` of vnet/l2/l2_vtr.h). */
  readonly rewrite: number;
}

export interface Tunnel {
  readonly index: number;
  readonly vni: number;
  readonly local: string;
  readonly remote: string;
  /** That a group is joined on. */
  readonly multicastInterface: number;
}

/** By which one is found. */
type TunnelEnds = Pick<Tunnel, 'vni' | 'local' | 'remote'>;

export interface Domain {
  readonly id: number;
  readonly tag: string;
  readonly learn: boolean;
  readonly flood: boolean;
  readonly unknownFlood: boolean;
  readonly forward: boolean;
  readonly arpTermination: boolean;
  /** Minutes; 0: what is learned stays. */
  readonly macAge: number;
  /** The routed interface in it, `NO_INTERFACE`: none. */
  readonly bvi: number;
  /** Split-horizon group of each member, by its interface. */
  readonly members: ReadonlyMap<number, number>;
}

export interface Mac {
  readonly index: number;
  readonly isStatic: boolean;
  /** The MAC of the domain's own routed interface. */
  readonly isOwn: boolean;
}

/** What VPP tells of a tap: the names and the namespace of its kernel end. */
export type Tap = Pick<
  DetailsOf<'sw_interface_tap_v2_dump'>,
  | 'host_if_name'
  | 'host_namespace'
  | 'host_mac_addr'
  | 'host_mtu_size'
  | 'host_ip4_prefix'
  | 'host_ip6_prefix'
  | 'host_bridge'
>;

export interface VhostUser {
  readonly socket: string;
  readonly isServer: boolean;
  /** Undefined: the socket is not there; an error: nobody knows. */
  readonly access: SocketAccess | NfvError | undefined;
}

export type Memif = Pick<DetailsOf<'memif_dump'>, 'id' | 'role' | 'mode' | 'socket_id'> & {
  readonly socket: string;
};

/** An interface of the kernel that VPP has taken. */
export interface HostInterface {
  readonly name: string;
  /** The kernel's number of what has the name now; undefined: nothing that the agent sees. */
  readonly kernelIndex: number | undefined;
}

interface Gateway {
  readonly vrf: number;
  readonly vni: number;
}

export interface Address {
  readonly index: number;
  readonly address: string;
  readonly prefixLength: number;
}

export interface UplinkSight {
  /** Undefined: VPP has no such interface. */
  readonly index: number | undefined;
  /** What is wrong with it. */
  readonly defects: readonly string[];
}

export interface UplinkSights {
  /** By the addresses that uplinks are to have; an error: which interface it is cannot be told. */
  readonly byAddress: ReadonlyMap<string, UplinkSight | NfvError>;
  /** Interfaces that are to be made anew, by their indices, and why. */
  readonly differing: ReadonlyMap<number, readonly string[]>;
  /** What we made for uplinks that the configuration has no more, by their names. */
  readonly stale: ReadonlyMap<string, Interface>;
  /** Addresses on interfaces of ours, and prefixes of routes of ours, that the configuration does not have. */
  readonly leftovers: ReadonlySet<string>;
}

/** Of what was not looked at. */
export const NO_SIGHTS: UplinkSights = {
  byAddress: new Map(),
  differing: new Map(),
  stale: new Map(),
  leftovers: new Set(),
};

/** Only what was asked for is in it. */
export class View {
  readonly interfaces = new Map<number, Interface>();
  readonly tunnels = new Map<number, Tunnel>();
  readonly #tunnelByEnds = new Map<string, Tunnel>();
  readonly domains = new Map<number, Domain>();
  readonly taps = new Map<number, Tap>();
  readonly hostInterfaces = new Map<number, HostInterface>();
  /** What VPP makes for virtual machines can offer them the event index. */
  offersEventIdx = false;
  readonly vhostUsers = new Map<number, VhostUser>();
  readonly memifs = new Map<number, Memif>();
  /** What a memif's tag attests of a secret, by its name, or why it cannot be read. */
  readonly secretPrints = new Map<string, string | NfvError>();
  /** Why a port cannot be on another socket than it is, by its tag. */
  readonly socketFaults = new Map<string, NfvError>();
  readonly addresses: Address[] = [];
  readonly routing = new RoutingView();
  /** Where the frames of each interface go that has a cross-connect. */
  readonly crossConnects = new Map<number, number>();
  /** Endpoints by the tags of their ports, as far as they are wanted: a tag may not have all of a name. */
  endpoints: ReadonlyMap<string, string> = new Map();
  /** `VNI IP MAC` of what gateways that are wanted answer for themselves. */
  answers: ReadonlySet<string> = new Set();
  /** How the uplinks of the configuration stand, and those that it has no more. */
  uplinks: UplinkSights = NO_SIGHTS;
  /** VPP's names of interfaces to physical networks, by the names that networks call them by. */
  providers: ReadonlyMap<string, string> = new Map();
  /** VNIs of networks in which addresses of guests are looked for. */
  watched: ReadonlySet<number> = new Set();
  /** Where what learns must be looked after. */
  learning: Learning = { networks: new Set(), takers: new Set() };
  /** Whether each interface in those networks learns. */
  learners: ReadonlyMap<number, boolean> = new Map();
  /** Remote VTEPs that VPP has a way to. */
  readonly reachable = new Set<string>();
  readonly #byTag = new Map<string, Interface>();
  readonly #tags = new Map<number, Tag | undefined>();
  readonly #gateways = new Map<number, Gateway | undefined>();
  readonly #ownDomains = new Set<number>();
  readonly #domainOf = new Map<number, number>();
  readonly #macs = new Map<number, Map<string, Mac>>();
  readonly #neighbors = new Map<number, Map<string, string>>();

  addInterface(each: Interface): void {
    this.interfaces.set(each.index, each);
    const tag = bareTag(each.tag);
    if (tag !== undefined) this.#byTag.set(tag, each);
  }

  addTunnel(tunnel: Tunnel): void {
    this.tunnels.set(tunnel.index, tunnel);
    this.#tunnelByEnds.set(endsOf(tunnel), tunnel);
  }

  tunnelWith(ends: TunnelEnds): Tunnel | undefined {
    return this.#tunnelByEnds.get(endsOf(ends));
  }

  addDomain(domain: Domain): void {
    this.domains.set(domain.id, domain);
    if (domain.tag === tagOf(bridgeDomainKey(domain.id))) this.#ownDomains.add(domain.id);
    for (const index of domain.members.keys()) this.#domainOf.set(index, domain.id);
  }

  addMac(bdId: number, mac: string, entry: Mac): void {
    const macs = this.#macs.get(bdId) ?? new Map<string, Mac>();
    this.#macs.set(bdId, macs.set(mac, entry));
  }

  addNeighbor(bdId: number, ip: string, mac: string): void {
    const neighbors = this.#neighbors.get(bdId) ?? new Map<string, string>();
    this.#neighbors.set(bdId, neighbors.set(ip, mac));
  }

  /** @param tag without what it attests */
  tagged(tag: string): Interface | undefined {
    return this.#byTag.get(tag);
  }

  /** Without what they attest. */
  tags(): Iterable<string> {
    return this.#byTag.keys();
  }

  /** What the tag of an interface says, of which many entries may be; undefined: it is not ours. */
  tagAt(index: number): Tag | undefined {
    if (!this.#tags.has(index)) {
      this.#tags.set(index, parseTag(this.interfaces.get(index)?.tag ?? ''));
    }
    return this.#tags.get(index);
  }

  /** The router and the network of a gateway interface, by which many routes may go; undefined: it is none of ours. */
  gatewayAt(index: number): Gateway | undefined {
    if (!this.#gateways.has(index)) {
      const [kind, vrf, vni] = this.tagAt(index)?.key.split('/') ?? [];
      const gateway = kind === 'gw' ? { vrf: Number(vrf), vni: Number(vni) } : undefined;
      this.#gateways.set(index, gateway);
    }
    return this.#gateways.get(index);
  }

  /** The bridge domain of a VN is ours. */
  isOurs(vni: number): boolean {
    return this.#ownDomains.has(vni);
  }

  /** The bridge domain that an interface is in. */
  domainOf(index: number): Domain | undefined {
    const id = this.#domainOf.get(index);
    return id === undefined ? undefined : this.domains.get(id);
  }

  mac(bdId: number, mac: string): Mac | undefined {
    return this.#macs.get(bdId)?.get(mac);
  }

  macs(bdId: number): ReadonlyMap<string, Mac> {
    return this.#macs.get(bdId) ?? new Map<string, Mac>();
  }

  neighbors(bdId: number): ReadonlyMap<string, string> {
    return this.#neighbors.get(bdId) ?? new Map<string, string>();
  }
}

function endsOf({ vni, local, remote }: TunnelEnds): string {
  return `${vni} ${local} ${remote}`;
}
