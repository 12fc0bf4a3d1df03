/** The physical networks of a campaign, and the machine outside that is in all of them. */
import { cable, type Netns } from '../netns.js';
import type { Machine } from './network.js';
import { FIXED_PLACE, FLAT_PLACES, interfaceOf, UPLINKS, VLAN_PLACES } from './places.js';

/** Whose its routes are. */
const PROTOCOL = '99';

export class Outside {
  readonly #tenants = new Set<string>();

  private constructor(readonly ns: Netns) {}

  /** A bridge for each uplink, which has the machine's own address there. */
  static async create(ns: Netns, vlans: boolean): Promise<Outside> {
    const outside = new Outside(ns);
    await ns.run('sh', '-c', 'echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter');
    for (const uplink of UPLINKS) {
      const bridge = ['type', 'bridge', 'stp_state', '0', 'mcast_snooping', '0'];
      await ns.ip('link', 'add', 'name', uplink, 'up', ...bridge);
    }
    for (const { uplink, vlan, outside: address, target } of [
      ...[FIXED_PLACE, ...FLAT_PLACES],
      ...(vlans ? VLAN_PLACES : []),
    ]) {
      const device = vlan === 0 ? uplink : `vlan${vlan}`;
      const tag = ['type', 'vlan', 'id', String(vlan)];
      if (vlan !== 0) await ns.ip('link', 'add', 'link', uplink, 'name', device, 'up', ...tag);
      await ns.ip('addr', 'add', `${address}/24`, 'dev', device);
      await ns.ip('addr', 'add', `${target}/32`, 'dev', 'lo');
    }
    return outside;
  }

  /** A host's uplinks. */
  async join({ ns, port }: Machine): Promise<void> {
    for (const uplink of UPLINKS) {
      const name = interfaceOf(uplink);
      await cable([ns, name], [this.ns, `${port}${name}`]);
      await this.ns.ip('link', 'set', 'dev', `${port}${name}`, 'master', uplink);
    }
  }

  /** As its operator would: to each tenant's prefix by these gateways, and to no others. */
  async route(gateways: ReadonlyMap<string, readonly string[]>): Promise<void> {
    for (const [prefix, addresses] of gateways) {
      const hops = addresses.flatMap((address) => ['nexthop', 'via', address]);
      await this.ns.ip('route', 'replace', prefix, 'proto', PROTOCOL, ...hops);
    }
    for (const prefix of this.#tenants) {
      if (!gateways.has(prefix)) await this.ns.ip('route', 'del', prefix, 'proto', PROTOCOL);
    }
    this.#tenants.clear();
    for (const prefix of gateways.keys()) this.#tenants.add(prefix);
  }
}
