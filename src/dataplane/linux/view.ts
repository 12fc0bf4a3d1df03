/** What is to be read of the kernel, and what was read. */
import type { FdbEntry, Neighbor, Route } from './entries.js';
import type { HostAddress, Link } from './links.js';
import { parseAlias, VXLAN_PART } from './names.js';
import { RouterView, RouterWants } from './routing/router-view.js';

interface Place {
  readonly vni: number;
  /** Something of a key that was there when it was last looked at. */
  readonly wasThere?: boolean;
}

export interface MacPlace extends Place {
  readonly mac: string;
}

export interface NeighborPlace extends Place {
  readonly ip: string;
}

/** A destination of a flood list. */
export interface MemberPlace extends Place {
  readonly remote: string;
}

export interface Path {
  readonly remote: string;
  readonly local: string;
}

/** A list of reading to do; things noted twice are read once. */
export class Wants {
  readonly links = new Set<string>();
  /** VNIs that are known to be ours: their links need not be read. */
  readonly ours = new Set<number>();
  /** VNIs whose bridge's settings are wanted. */
  readonly settings = new Set<number>();
  /** VNIs whose flood list is wanted. */
  readonly floods = new Set<number>();
  readonly members = new Map<string, MemberPlace>();
  /** What the links of keys are to be called, where that is configured. */
  readonly names = new Map<string, string>();
  readonly macs = new Map<string, MacPlace>();
  readonly neighbors = new Map<string, NeighborPlace>();
  /** What bridges are to answer for gateways: `VNI IP`. */
  readonly answers = new Set<string>();
  readonly paths = new Map<string, Path>();
  /** By VRF. */
  readonly routers = new Map<number, RouterWants>();
  /** VNIs whose VXLAN device's filter is wanted, with the gateway's MAC. */
  readonly filters = new Map<number, string>();
  /** Names of guests' namespaces. */
  readonly namespaces = new Set<string>();
  addresses = false;
  allLinks = false;
  #wasThere = false;

  /** `everything`: all FDB entries and neighbours, whatever else is noted. */
  constructor(readonly everything: boolean) {
    this.allLinks = everything;
  }

  /** For what is noted from now on: whether it is about a key that was there. */
  about(wasThere: boolean): this {
    this.#wasThere = wasThere;
    return this;
  }

  flood(vni: number, remote: string): void {
    this.floods.add(vni);
    note(this.members, `${vni} ${remote}`, { vni, remote, wasThere: this.#wasThere });
  }

  mac(vni: number, mac: string): void {
    note(this.macs, `${vni} ${mac}`, { vni, mac, wasThere: this.#wasThere });
  }

  neighbor(vni: number, ip: string): void {
    note(this.neighbors, `${vni} ${ip}`, { vni, ip, wasThere: this.#wasThere });
  }

  answer(vni: number, ip: string): void {
    this.neighbor(vni, ip);
    this.answers.add(`${vni} ${ip}`);
  }

  router(vrf: number): RouterWants {
    const wants = this.routers.get(vrf) ?? new RouterWants();
    this.routers.set(vrf, wants);
    return wants;
  }

  path(remote: string, local: string): void {
    this.paths.set(`${remote} ${local}`, { remote, local });
  }
}

/** Of what is noted for two keys it is enough that one was there. */
function note<P extends Place>(places: Map<string, P>, name: string, place: P): void {
  if (places.get(name)?.wasThere !== true) places.set(name, place);
}

/** The FDB entries of one MAC in one VN. */
export interface MacEntries {
  /** The bridge's, which says at which port it is. */
  readonly bridge: FdbEntry | undefined;
  /** The VXLAN device's, which say behind which VTEP; several only in the flood list. */
  readonly vxlan: readonly FdbEntry[];
}

const NO_ENTRIES: MacEntries = { bridge: undefined, vxlan: [] };

const NO_ROUTER = new RouterView('nothing');

/** What was read. Only what was asked for is in it. */
export class View {
  readonly links = new Map<string, Link>();
  /** Of `links` those with an alias of ours, by its key; a bridge domain's is its bridge. */
  readonly owned = new Map<string, Link>();
  /** Links with a key that another link has, too, by name: only one is what is in `owned`. */
  readonly doubles = new Map<string, Link>();
  addresses: readonly HostAddress[] = [];
  /** By name, the inode of each guest's namespace that there is and that could be looked at. */
  readonly namespaces = new Map<string, number>();
  readonly #macs = new Map<number, Map<string, MacEntries>>();
  readonly #neighbors = new Map<number, Map<string, Neighbor>>();
  readonly #leftAnswers = new Set<string>();
  readonly #routes = new Map<string, Route>();
  /** By VNI; absent: neither is ours. */
  readonly #ours = new Map<number, 'bridge' | 'both'>();
  /** By VNI, what is wrong with the settings of its bridge. */
  readonly settings = new Map<number, readonly string[]>();
  /** By VRF. */
  readonly routers = new Map<number, RouterView>();
  /** By VNI, what is wrong with the filter of its VXLAN device. */
  readonly filters = new Map<number, readonly string[]>();

  router(vrf: number): RouterView {
    return this.routers.get(vrf) ?? NO_ROUTER;
  }

  /** `names`: what the links of keys are to be called. */
  constructor(private readonly names: ReadonlyMap<string, string> = new Map()) {}

  addLink(link: Link): void {
    this.links.set(link.name, link);
    const tag = parseAlias(link.alias);
    if (tag === undefined || tag.attested === VXLAN_PART) return;
    const other = this.owned.get(tag.key);
    const isSecond = other !== undefined && other.name !== link.name;
    const isWorse = isSecond && this.names.get(tag.key) !== link.name;
    const double = isWorse ? link : other;
    if (isSecond && double !== undefined) this.doubles.set(double.name, double);
    if (!isWorse) this.owned.set(tag.key, link);
  }

  /** What of a VN is ours: its bridge, or both that and the VXLAN device it is to have. */
  setOurs(vni: number, ours: 'bridge' | 'both'): void {
    this.#ours.set(vni, ours);
  }

  isBridgeOurs(vni: number): boolean {
    return this.#ours.has(vni);
  }

  /** The bridge and the VXLAN device of a VN are ours, or its bridge where it is to have no other. */
  isOurs(vni: number): boolean {
    return this.#ours.get(vni) === 'both';
  }

  addFdb(vni: number, entry: FdbEntry): void {
    const macs = this.#macs.get(vni) ?? new Map<string, MacEntries>();
    this.#macs.set(vni, macs);
    const before = macs.get(entry.mac) ?? NO_ENTRIES;
    macs.set(
      entry.mac,
      entry.self
        ? { bridge: before.bridge, vxlan: [...before.vxlan, entry] }
        : { bridge: entry, vxlan: before.vxlan },
    );
  }

  entriesOf(vni: number, mac: string): MacEntries {
    return this.#macs.get(vni)?.get(mac) ?? NO_ENTRIES;
  }

  *allEntries(): Iterable<readonly [vni: number, mac: string, MacEntries]> {
    for (const [vni, macs] of this.#macs) {
      for (const [mac, entries] of macs) yield [vni, mac, entries];
    }
  }

  addNeighbor(vni: number, neighbor: Neighbor): void {
    const neighbors = this.#neighbors.get(vni) ?? new Map<string, Neighbor>();
    this.#neighbors.set(vni, neighbors);
    neighbors.set(neighbor.ip, neighbor);
  }

  neighbor(vni: number, ip: string): Neighbor | undefined {
    return this.#neighbors.get(vni)?.get(ip);
  }

  *allNeighbors(): Iterable<readonly [vni: number, Neighbor]> {
    for (const [vni, neighbors] of this.#neighbors) {
      for (const neighbor of neighbors.values()) yield [vni, neighbor];
    }
  }

  /** A bridge answers for a gateway that has not this address, nor is to have it. */
  addLeftAnswer(vni: number, ip: string): void {
    this.#leftAnswers.add(`${vni} ${ip}`);
  }

  isLeftAnswer(vni: number, ip: string): boolean {
    return this.#leftAnswers.has(`${vni} ${ip}`);
  }

  addRoute(path: Path, route: Route): void {
    this.#routes.set(`${path.remote} ${path.local}`, route);
  }

  routes(): Iterable<Route> {
    return this.#routes.values();
  }

  route(remote: string, local: string): Route | undefined {
    return this.#routes.get(`${remote} ${local}`);
  }
}
