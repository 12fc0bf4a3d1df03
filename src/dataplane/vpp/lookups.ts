/** What several steps of a wave must look up before they change anything: read once for all of them. */
import { tableNames } from './read-routing.js';
import { leads } from './route.js';
import type { TableNames } from './routing-view.js';
import { SharedWork } from './shared-work.js';
import { NO_INTERFACE, type Vpp } from './vpp.js';

export class Lookups {
  readonly #tables = new SharedWork<ReadonlyMap<number, TableNames>>();
  readonly #connects = new SharedWork<ReadonlyMap<number, number>>();
  readonly #ways = new SharedWork<boolean>();
  readonly #members = new SharedWork<ReadonlyMap<number, number>>();

  /** VPP has a route to a VTEP; there may be a tunnel to it in each network. */
  leads(address: string, vpp: Vpp): Promise<boolean> {
    return this.#ways.do(`${vpp.start} ${address}`, () => leads(address, vpp));
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
