/**
 * What we had made when we were killed, or when VPP's answer was lost. It has our tag; or it was not
 * named yet: then it has none, is as VPP makes it, and nothing uses it. Anything else is somebody's.
 */
import { NfvError } from '../../errors.js';
import { readAddresses, readInterfaces } from './read-interfaces.js';
import { dumpTunnels } from './read-tunnels.js';
import { SharedWork } from './shared-work.js';
import { bareTag } from './tag.js';
import type { Interface } from './view.js';
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

export interface Seen {
  readonly interfaces: ReadonlyMap<number, Interface>;
  readonly tunnels: Awaited<ReturnType<typeof dumpTunnels>>;
  /** Interfaces that have an address, or are in a bridge domain or a cross-connect. */
  readonly used: ReadonlySet<number>;
}

export class Orphans {
  /** There may be as many as steps at a time: VPP's tables are read once for all of them. */
  readonly #seen = new SharedWork<Seen>();
  /** Loopbacks that a step has taken up, and that others may still see without a name. */
  readonly #taken = new Set<number>();

  /** No step is at work: what was taken up has a name, or is to be taken up again. */
  settled(): void {
    this.#taken.clear();
  }

  /**
   * A loopback that is ours already, or that nobody has named and that has just this MAC, which VPP
   * would not give one by itself; undefined: there is none.
   */
  async takeLoopback(tag: string, mac: string, vpp: Vpp): Promise<Interface | undefined> {
    const { interfaces, used } = await this.#seen.do(String(vpp.start), () => look(vpp));
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
