/** What several steps must look up before they change anything: read once for all of them. */
import { tableNames } from './routing/read-routing.js';
import { leads } from './routing/route.js';
import type { TableNames } from './routing/routing-view.js';
import { SharedWork } from './shared-work.js';
import { NO_INTERFACE, type Vpp } from './vpp.js';

export class Lookups {
  readonly #tables = new SharedWork<ReadonlyMap<number, TableNames>>();
  readonly #connects = new SharedWork<ReadonlyMap<number, number>>();
  readonly #ways = new SharedWork<boolean>();
  /** VTEPs that a way was found to, with the start of VPP. */
  readonly #reached = new Set<string>();
  readonly #members = new SharedWork<ReadonlyMap<number, number>>();
  readonly #bvis = new SharedWork<number | undefined>();

  /** No step is at work, and everything is looked at anew. */
  settled(): void {
    this.#reached.clear();
  }

  /**
   * VPP has a route to a VTEP; there may be a tunnel to it in each network. One that there was stays
   * until `settled`: whether it is there still is seen when what was made is read back.
   */
  async leads(address: string, vpp: Vpp): Promise<boolean> {
    const name = `${vpp.start} ${address}`;
    if (this.#reached.has(name)) return true;
    const found = await this.#ways.do(name, () => leads(address, vpp));
    if (found) this.#reached.add(name);
    return found;
  }

  tables(vpp: Vpp): Promise<ReadonlyMap<number, TableNames>> {
    return this.#tables.do(String(vpp.start), () => tableNames(vpp));
  }

  /** Where the frames of each interface go that has a cross-connect. */
  crossConnects(vpp: Vpp): Promise<ReadonlyMap<number, number>> {
    return this.#connects.do(String(vpp.start), async () => {
      const found = await vpp.dump('l2_xconnect_dump', {});
      return new Map(found.map((each) => [each.rx_sw_if_index, each.tx_sw_if_index]));
    });
  }

  /**
   * The routed interface of a bridge domain, NO_INTERFACE where it has none; undefined: there is no such bridge
   * domain. VPP tells it only with all that is in there.
   */
  bviOf(vni: number, vpp: Vpp): Promise<number | undefined> {
    return this.#bvis.do(`${vpp.start} ${vni}`, async () => {
      const asked = { bd_id: vni, sw_if_index: NO_INTERFACE };
      const [domain] = await vpp.dump('bridge_domain_dump', asked);
      return domain?.bvi_sw_if_index;
    });
  }

  /** The bridge domain of each interface that is in one. */
  bridged(vpp: Vpp): Promise<ReadonlyMap<number, number>> {
    return this.#members.do(String(vpp.start), async () => {
      const all = { bd_id: NO_INTERFACE, sw_if_index: NO_INTERFACE };
      const domains = await vpp.dump('bridge_domain_dump', all);
      return new Map(
        domains.flatMap(({ bd_id: id, sw_if_details: members }) =>
          members.map((each) => [each.sw_if_index, id] as const),
        ),
      );
    });
  }
}
