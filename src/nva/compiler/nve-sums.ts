/**
 * What all items of an NVE come to, without a list of them: with an NVA that comes back all its NVEs come
 * at once, and nearly all hold what they should, which the digest tells. What the NVEs of a network have
 * in common, most of it, is added up once for all of them.
 */
import type { CompileCounters } from './counters.js';
import type { NetworkView } from './inputs.js';
import { ItemSum } from './item-sum.js';
import { vtepItems } from './items.js';
import type { NetworkDiff } from './network-diff.js';
import type { Network, Tables } from './tables.js';

/** A network that its NVEs' items are added up of. */
interface Summed {
  readonly view: NetworkView;
  readonly network: Network;
  /** What an NVE has that no endpoint is on; undefined: two endpoints have a key in common, of which one counts. */
  readonly elsewhere: ItemSum | undefined;
}

export class NveSums {
  /** By network. */
  readonly #known = new Map<string, Summed | undefined>();

  constructor(
    private readonly tables: Tables,
    private readonly networks: NetworkDiff,
    private readonly counters: CompileCounters,
  ) {}

  /** These networks are not what they were; absent: none is. */
  forget(networks?: Iterable<string>): void {
    if (networks === undefined) this.#known.clear();
    else for (const id of networks) this.#known.delete(id);
  }

  /** @returns undefined: it has to be compiled to tell */
  of(nve: string): ItemSum | undefined {
    const joined = [...this.tables.joined(nve)];
    if (joined.some((network) => this.tables.routersTo(network).size > 0)) return undefined;
    const sum = new ItemSum();
    const input = this.tables.nve(nve);
    if (input === undefined) return sum;
    sum.addAll(vtepItems(input.spec));
    for (const id of joined) {
      const summed = this.#summed(id);
      if (summed === undefined) continue;
      if (summed.elsewhere === undefined) return undefined;
      if (!summed.view.members.has(nve)) continue;
      sum.addSet(summed.elsewhere);
      this.#addOwn(sum, summed, nve);
    }
    this.counters.sum++;
    return sum;
  }

  /** What it has otherwise than an NVE that no endpoint is on. */
  #addOwn(sum: ItemSum, { view, network }: Summed, nve: string): void {
    sum.addAll(this.networks.itemsWithoutEndpoints(view, nve));
    for (const id of network.byNve.get(nve) ?? []) {
      const endpoint = network.endpoints.get(id);
      if (endpoint === undefined) continue;
      sum.removeAll(this.networks.itemsElsewhere(view, endpoint));
      sum.addAll(this.networks.endpointItems(view, nve, id, endpoint));
    }
  }

  #summed(id: string): Summed | undefined {
    if (!this.#known.has(id)) this.#known.set(id, this.#sum(id));
    return this.#known.get(id);
  }

  #sum(id: string): Summed | undefined {
    const network = this.tables.network(id);
    const view = this.tables.view(id);
    if (network === undefined || view === undefined) return undefined;
    const sum = new ItemSum();
    const keys = new Set<string>();
    let count = 0;
    for (const endpoint of network.endpoints.values()) {
      sum.addAll(this.networks.itemsElsewhere(view, endpoint));
      // Also where only the NVE has them that the endpoint is on.
      for (const { key } of this.networks.addressItems(view, endpoint)) {
        keys.add(key);
        count++;
      }
    }
    return { view, network, elsewhere: keys.size === count ? sum : undefined };
  }
}
