/** What the dataplane remembers between operations, so that a small one reads little. */
import { DEFAULT_GATEWAY_MAC } from '../../model/router.js';

/** The link of a port of ours. */
export interface KnownPort {
  readonly endpoint: string;
  readonly link: string;
  readonly vni: number;
}

/** What events have made void while everything was read. */
export interface Reading {
  /** By index, the last that was told; undefined: the link is gone. */
  readonly names: Map<number, string | undefined>;
  /** Events may have been lost. */
  isVoid: boolean;
}

/**
 * Only hints: each is checked when it matters, or dropped when the kernel tells of a change to
 * the link it is about.
 */
export class Memory {
  /** VNIs whose bridge and VXLAN device were ours when they were last looked at. */
  readonly #domains = new Set<number>();
  readonly #byEndpoint = new Map<string, KnownPort>();
  readonly #byLink = new Map<string, KnownPort>();
  /** By VNI, the VRF of its gateway. */
  readonly #gateways = new Map<number, number>();
  /** By VNI, the addresses that its bridge answers for a gateway. */
  readonly #answers = new Map<number, Set<string>>();
  /** Those that gateways here have or had. */
  readonly #gatewayMacs = new Set([DEFAULT_GATEWAY_MAC]);
  /** By the number of its namespace, the VRF of a router. */
  readonly #routers = new Map<number, number>();
  /** By VNI, the links that its provider port is about. */
  readonly #providers = new Map<number, readonly string[]>();
  readonly #readings = new Set<Reading>();
  /** Everything has been read once, so a port that is not known does not exist. */
  primed = false;

  /** `uplinks`: interfaces of the host to physical networks, by the names that networks call them by. */
  constructor(readonly uplinks: ReadonlyMap<string, string> = new Map()) {}

  /** Everything is about to be read: until `end`, what events make void is noted. */
  begin(): Reading {
    const reading: Reading = { names: new Map(), isVoid: false };
    this.#readings.add(reading);
    return reading;
  }

  end(reading: Reading): void {
    this.#readings.delete(reading);
  }

  /** A link has another name now, or is gone: what is read by now may have the one before. */
  named(index: number, name: string | undefined): void {
    for (const { names } of this.#readings) names.set(index, name);
  }

  /** Events may have been lost. */
  gap(): void {
    for (const reading of this.#readings) reading.isVoid = true;
    this.primed = false;
  }

  providerLinks(vni: number): readonly string[] {
    return this.#providers.get(vni) ?? [];
  }

  /** The VNIs whose provider port a link is about. */
  *providersAt(link: string): Generator<number> {
    for (const [vni, links] of this.#providers) if (links.includes(link)) yield vni;
  }

  setProvider(vni: number, links: readonly string[]): void {
    this.#providers.set(vni, links);
  }

  forgetProvider(vni: number): void {
    this.#providers.delete(vni);
  }

  isOurs(vni: number): boolean {
    return this.#domains.has(vni);
  }

  setDomain(vni: number, ours: boolean): void {
    if (ours) this.#domains.add(vni);
    else this.#domains.delete(vni);
  }

  /** Everything has been read: what is ours is told anew. */
  clear(): void {
    this.#domains.clear();
    this.#byEndpoint.clear();
    this.#byLink.clear();
    this.#gateways.clear();
    this.#answers.clear();
    this.#providers.clear();
    this.#routers.clear();
  }

  *gatewaysOf(vrf: number): Iterable<number> {
    for (const [vni, of] of this.#gateways) if (of === vrf) yield vni;
  }

  routerOf(nsid: number): number | undefined {
    return this.#routers.get(nsid);
  }

  setRouter(nsid: number, vrf: number): void {
    for (const [other, of] of this.#routers) if (of === vrf) this.#routers.delete(other);
    this.#routers.set(nsid, vrf);
  }

  gatewayOf(vni: number): number | undefined {
    return this.#gateways.get(vni);
  }

  setGateway(vni: number, vrf: number): void {
    this.#gateways.set(vni, vrf);
  }

  forgetGateway(vni: number): void {
    this.#gateways.delete(vni);
  }

  answersOf(vni: number): readonly string[] {
    return [...(this.#answers.get(vni) ?? [])];
  }

  addAnswer(vni: number, ip: string): void {
    this.#answers.set(vni, (this.#answers.get(vni) ?? new Set()).add(ip));
  }

  setAnswers(vni: number, ips: readonly string[]): void {
    this.#answers.set(vni, new Set(ips));
  }

  isGatewayMac(mac: string): boolean {
    return this.#gatewayMacs.has(mac);
  }

  addGatewayMac(mac: string): void {
    this.#gatewayMacs.add(mac);
  }

  portOf(endpoint: string): KnownPort | undefined {
    return this.#byEndpoint.get(endpoint);
  }

  portAt(link: string): KnownPort | undefined {
    return this.#byLink.get(link);
  }

  setPort(port: KnownPort): void {
    this.forgetEndpoint(port.endpoint);
    this.forgetLink(port.link);
    this.#byEndpoint.set(port.endpoint, port);
    this.#byLink.set(port.link, port);
  }

  forgetEndpoint(endpoint: string): void {
    const port = this.#byEndpoint.get(endpoint);
    if (port === undefined) return;
    this.#byEndpoint.delete(endpoint);
    this.#byLink.delete(port.link);
  }

  forgetLink(link: string): void {
    const port = this.#byLink.get(link);
    if (port !== undefined) this.forgetEndpoint(port.endpoint);
  }
}
