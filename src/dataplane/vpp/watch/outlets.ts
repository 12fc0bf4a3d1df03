/** The ports of VPP as they are now, for what is sent to the guests at them. */
import type { OpenOutlet, Outlet } from './guest-door.js';
import type { Memory } from '../memory.js';
import { readInterfaces } from '../read-interfaces.js';
import { bareTag } from '../tag.js';
import type { Interface, SubInterface } from '../view.js';
import type { Vpp } from '../vpp.js';

/** EtherTypes of VLAN tags (IEEE 802.1Q). */
const CUSTOMER = 0x8100;
const SERVICE = 0x88a8;

/** By the tags of ours. */
export type OpenOutlets = ReadonlyMap<string, OpenOutlet>;

/** Reads them; whoever asks while that is under way shares the next reading with the others that do. */
export class OutletReader {
  #next: Promise<OpenOutlets> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly vpp: () => Vpp,
    /** What is removed it forgets before. */
    private readonly memory: Pick<Memory, 'indexOf'>,
  ) {}

  /** @throws NfvError as Vpp.dump */
  read(): Promise<OpenOutlets> {
    if (this.#next === undefined) {
      this.#next = this.#last.then(async () => {
        this.#next = undefined;
        return this.#open(outletsOf(await readInterfaces(this.vpp())));
      });
      this.#last = this.#next.catch(() => undefined);
    }
    return this.#next;
  }

  #open(found: ReadonlyMap<string, Outlet>): OpenOutlets {
    const open = ([tag, outlet]: readonly [string, Outlet]): [string, OpenOutlet] => [
      tag,
      { ...outlet, isThere: () => this.memory.indexOf(tag) === outlet.index },
    ];
    return new Map([...found].map(open));
  }
}

/** Those that are up: at the others is nobody. */
export function outletsOf(interfaces: readonly Interface[]): ReadonlyMap<string, Outlet> {
  const found = new Map<string, Outlet>();
  for (const { index, tag, up, sub } of interfaces) {
    const own = bareTag(tag);
    if (own === undefined || !up) continue;
    found.set(own, { index, tags: sub === undefined ? [] : tagsOf(sub) });
  }
  return found;
}

function tagsOf({ tags, dot1ad, outerVlanId, innerVlanId }: SubInterface): Outlet['tags'] {
  const outer = { protocol: dot1ad ? SERVICE : CUSTOMER, id: outerVlanId };
  return [outer, { protocol: CUSTOMER, id: innerVlanId }].slice(0, tags);
}
