/**
 * What we had made when we were killed, or when VPP's answer was lost. It has our tag; or it was not
 * named yet: then it has none, is as VPP makes it, and nothing uses it. Anything else is somebody's.
 */
import { NfvError } from '../../errors.js';
import { readAddresses, readInterfaces } from './read-interfaces.js';
import { dumpTunnels } from './read-tunnels.js';
import { SharedWork } from './shared-work.js';
import { bareTag } from './tag.js';
import type { Interface, View } from './view.js';
import { NO_INTERFACE, type Vpp } from './vpp.js';

export interface Orphan {
  /** For people. */
  readonly what: string;
  /** The tag that it has, or is to get. */
  readonly tag: string;
  /** VPP sets it up when it makes it. */
  readonly comesUp: boolean;
  readonly find: (seen: Seen) => Interface | undefined;
}

/** Interfaces, and what uses them. */
interface Inventory {
  readonly interfaces: ReadonlyMap<number, Interface>;
  /** Those that have an address, or are in a bridge domain or a cross-connect. */
  readonly used: ReadonlySet<number>;
}

export interface Seen extends Inventory {
  readonly tunnels: Awaited<ReturnType<typeof dumpTunnels>>;
}

export class Orphans {
  /** There may be as many as steps at a time: VPP's tables are read once for all of them. */
  readonly #seen = new SharedWork<Seen>();
  /**
   * What stood there when everything was looked at, or else when the first step looked for a loopback: each look reads all of
   * VPP's interfaces. It holds for tags that no step has been at since.
   */
  #first: { readonly start: number; readonly inventory: Promise<Inventory> } | undefined;
  /** Tags of loopbacks that steps have looked for or removed. */
  readonly #touched = new Set<string>();
  /** Loopbacks that a step has taken up, and that others may still see without a name. */
  readonly #taken = new Set<number>();

  /** No step is at work: what was taken up has a name, or is to be taken up again. */
  settled(): void {
    this.#taken.clear();
    this.#touched.clear();
    this.#first = undefined;
  }

  /** All that stood there before the first step. */
  noted(view: View, start: number): void {
    this.#first = { start, inventory: Promise.resolve(inventoryOf(view)) };
  }

  /**
   * A loopback that is ours already, or that nobody has named and that has just this MAC, which VPP
   * would not give one by itself; undefined: there is none.
   */
  async takeLoopback(tag: string, mac: string, vpp: Vpp): Promise<Interface | undefined> {
    const isFirst = !this.#touched.has(tag);
    this.#touched.add(tag);
    const { interfaces, used } = await (isFirst ? this.#seenFirst(vpp) : this.seen(vpp));
    const all = [...interfaces.values()];
    const named = all.find((each) => each.tag === tag);
    if (named !== undefined) return named;
    const found = all.find(
      (each) =>
        each.tag === '' &&
        each.name.startsWith('loop') &&
        each.mac === mac &&
        !each.up &&
        !used.has(each.index) &&
        !this.#taken.has(each.index),
    );
    if (found !== undefined) this.#taken.add(found.index);
    return found;
  }

  /** The loopback with this tag is gone. */
  removed(tag: string): void {
    this.#touched.add(tag);
  }

  /**
   * An interface that is to be ours and is there already.
   * @throws NfvError FOREIGN_OBJECT if it is somebody's
   */
  async take({ what, tag, comesUp, find }: Orphan, vpp: Vpp): Promise<number> {
    const seen = await this.seen(vpp);
    const found = find(seen);
    if (found !== undefined && bareTag(found.tag) === tag) return found.index;
    const isNew = found?.tag === '' && found.up === comesUp;
    if (isNew && !seen.used.has(found.index)) return found.index;
    throw somebodyElses(found, what);
  }

  #seenFirst(vpp: Vpp): Promise<Inventory> {
    if (this.#first?.start !== vpp.start) {
      const inventory = this.seen(vpp);
      const first = { start: vpp.start, inventory };
      this.#first = first;
      // Who waits for it is told; the next one looks again.
      inventory.catch(() => {
        if (this.#first === first) this.#first = undefined;
      });
    }
    return this.#first.inventory;
  }

  /** All that stands in VPP now. */
  seen(vpp: Vpp): Promise<Seen> {
    return this.#seen.do(String(vpp.start), () => look(vpp));
  }
}

/** @param what what it was to be, for people */
export function somebodyElses(found: Interface | undefined, what: string): NfvError {
  const name = found?.name ?? what;
  const text = found === undefined ? what : `${name}, ${what},`;
  return new NfvError('FOREIGN_OBJECT', `${text} is somebody else's`, {
    metadata: { interface: name, tag: found?.tag ?? '' },
  });
}

function inventoryOf({ interfaces, addresses, domains, crossConnects }: View): Inventory {
  const members = [...domains.values()].flatMap((domain) => [...domain.members.keys()]);
  const connected = [...crossConnects].flat();
  return {
    interfaces,
    used: new Set([...addresses.map(({ index }) => index), ...members, ...connected]),
  };
}

async function look(vpp: Vpp): Promise<Seen> {
  const [interfaces, tunnels, domains, crossConnects] = await Promise.all([
    readInterfaces(vpp),
    dumpTunnels(NO_INTERFACE, vpp),
    vpp.dump('bridge_domain_dump', { bd_id: NO_INTERFACE, sw_if_index: NO_INTERFACE }),
    vpp.has('l2_xconnect_dump') ? vpp.dump('l2_xconnect_dump', {}) : [],
  ]);
  const nameless = interfaces.filter(({ tag }) => tag === '');
  const addresses = await readAddresses(nameless, vpp);
  const used = new Set([
    ...addresses.map(({ index }) => index),
    ...domains.flatMap(({ sw_if_details: members }) => members.map((each) => each.sw_if_index)),
    ...crossConnects.flatMap((each) => [each.rx_sw_if_index, each.tx_sw_if_index]),
  ]);
  return { interfaces: new Map(interfaces.map((each) => [each.index, each])), tunnels, used };
}
