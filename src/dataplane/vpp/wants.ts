import { RoutingWants } from './routing/routing-view.js';

/** The socket of a port. */
export interface PortSocket {
  readonly path: string;
  /** VPP makes it, and waits for the other end; otherwise it looks for one. */
  readonly listens: boolean;
}

/** What is to be read of VPP; things noted twice are read once. */
export class Wants {
  /** Bridge domains whose settings and members are wanted. */
  readonly domains = new Set<number>();
  /** Settings and members of all bridge domains are wanted: whichever an interface is in. */
  allDomains: boolean;
  /** Bridge domains that are looked at: whether they are to learn besides the MACs that the NVA enters. */
  readonly learning = new Map<number, boolean>();
  /** Bridge domains whose MAC table is wanted. */
  readonly macs = new Set<number>();
  /** Bridge domains whose ARP-termination table is wanted. */
  readonly neighbors = new Set<number>();
  /** Remote VTEPs to which a way is wanted. */
  readonly remotes = new Set<string>();
  /** Endpoints by the tags of their ports. */
  readonly endpoints = new Map<string, string>();
  /** `VNI IP MAC` of what gateways answer for themselves. */
  readonly answers = new Set<string>();
  readonly routing: RoutingWants;
  crossConnects: boolean;
  /** Names of secrets that ports are to have. */
  readonly secrets = new Set<string>();
  /** The sockets that ports are to be on, by the ports' tags. */
  readonly sockets = new Map<string, PortSocket>();
  interfaces: boolean;
  addresses: boolean;
  tunnels: boolean;
  ports: boolean;

  /** `everything`: all of every table, whatever else is noted. */
  constructor(readonly everything: boolean) {
    this.allDomains = everything;
    this.interfaces = everything;
    this.addresses = everything;
    this.tunnels = everything;
    this.ports = everything;
    this.crossConnects = everything;
    this.routing = new RoutingWants(everything);
  }

  /** An interface, by its tag, and the bridge domain that it should be in. */
  member(vni: number): void {
    this.interfaces = true;
    this.domains.add(vni);
  }
}
