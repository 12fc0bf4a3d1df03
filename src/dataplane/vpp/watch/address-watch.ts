/**
 * Virtual addresses on a VPP. It tells from which addresses ARP packets and neighbour discovery come in at its
 * interfaces (`l2_arp_term_event`), where a bridge domain terminates ARP; it has no message to ask a guest or to tell it
 * something, for which there is its punt socket.
 */
import { NfvError } from '../../../errors.js';
import type { AddressSighting } from '../../../model/allowed-address.js';
import type { Clock } from '../../../model/clock.js';
import type { Log } from '../../../model/log.js';
import { bridgeDomainKey, portKey, type Payload, type PortItem } from '../../../model/item.js';
import type { AddressWatch, Announcement } from '../../../reconcile/dataplane.js';
import type { VppClient } from '../../../vpp-api/client/client.js';
import { AddressEvents } from './address-events.js';
import type { Changes } from '../changes.js';
import { Damping } from './damping.js';
import type { GuestDoor } from './guest-door.js';
import type { Memory } from '../memory.js';
import { OutletReader } from './outlets.js';
import { Questions } from './questions.js';
import { parseTag, tagOf, UPLINK } from '../tag.js';
import { NO_INTERFACE, Vpp } from '../vpp.js';
import { WayToGuests } from './way-to-guests.js';

export interface AddressWatchOptions {
  readonly client: VppClient;
  readonly memory: Memory;
  readonly changes: Changes;
  readonly door: GuestDoor;
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** `canSee` has another answer. */
  readonly canSeeNow: () => void;
}

/** Announcements that may be under way. */
const MAX_ANNOUNCEMENTS = 10_000;

export class VppAddressWatch implements AddressWatch {
  /** By the tags of their interfaces. */
  #ports: ReadonlyMap<string, PortItem> = new Map();
  #networks: ReadonlySet<number> = new Set();
  #takers: ReadonlySet<string> = new Set();
  #listener: (seen: AddressSighting) => void = () => undefined;
  #announcements = 0;
  readonly #events: AddressEvents;
  readonly #way: WayToGuests;
  readonly #questions: Questions;
  readonly #outlets: OutletReader;
  readonly #damping: Damping;

  constructor(private readonly options: AddressWatchOptions) {
    const { client, clock, log } = options;
    this.#outlets = new OutletReader(() => this.#vpp(), options.memory);
    this.#way = new WayToGuests({
      ...{ door: options.door, clock, log },
      ping: () => this.#vpp().request('control_ping', {}),
      openedLate: () => {
        options.canSeeNow();
        this.#askAll();
      },
    });
    this.#questions = new Questions({
      ...{ door: options.door, clock, log },
      outlets: async () => ((await this.#way.isOpen) ? await this.#outlets.read() : new Map()),
      addresses: (tag) => {
        const port = this.#ports.get(tag);
        if (port !== undefined) this.#damping.asked(port);
        return questionsTo(port);
      },
    });
    this.#events = new AddressEvents(
      client,
      {
        seen: (index, ip, mac) => {
          this.#seen(index, ip, mac);
        },
        missed: () => {
          this.#askAll();
        },
        flooded: ({ events, index }, pauseMs) => {
          const tag = index === undefined ? undefined : options.memory.tagAt(index);
          const fields = {
            port: tag === undefined ? '' : (parseTag(tag)?.key ?? ''),
            events,
            pauseMs,
          };
          log.warn(fields, 'guests send too much ARP: no allowed address is looked for meanwhile');
        },
      },
      clock,
      log,
    );
    this.#damping = new Damping({
      clock,
      ask: (port) => {
        this.ask([port]);
      },
    });
  }

  /** Networks with ports at which addresses are looked for: VPP tells only where it terminates ARP. */
  get networks(): ReadonlySet<number> {
    return this.#networks;
  }

  /** Tags of the ports that may come to have a MAC that is not theirs alone. */
  get takers(): ReadonlySet<string> {
    return this.#takers;
  }

  watch(ports: readonly PortItem[]): void {
    const had = [...this.#ports.values()];
    this.#ports = new Map(ports.map((port) => [tagOf(portKey(port.endpoint)), port]));
    const before = this.#networks;
    this.#networks = new Set(ports.map(({ vni }) => vni).filter((vni) => vni !== 0));
    const others = [...before, ...this.#networks].filter(
      (vni) => before.has(vni) !== this.#networks.has(vni),
    );
    const takers = this.#takers;
    this.#takers = new Set(ports.filter(isTaker).map((port) => tagOf(portKey(port.endpoint))));
    const moved = [...had, ...ports].filter(changedIn(takers, this.#takers));
    others.push(...moved.map(({ vni }) => vni));
    const known = others.filter((vni) => vni !== 0);
    if (known.length > 0)
      this.options.changes.tell({ otherwise: new Set(known.map(bridgeDomainKey)) });
    this.#events.want(ports.length > 0);
    if (ports.length === 0) this.#damping.stop();
  }

  /** Those that are asked for while others are being asked go out with the next, once. */
  ask(ports: readonly PortItem[]): void {
    this.#questions.ask(ports.map(({ endpoint }) => tagOf(portKey(endpoint))));
  }

  /** An item stands anew: what guests said before VPP has not told. */
  placed(item: Payload): void {
    if (item.kind === 'port') {
      const port = this.#ports.get(tagOf(portKey(item.endpoint)));
      if (port !== undefined) this.ask([port]);
    } else if (item.kind === 'bridge_domain' && this.#networks.has(item.vni)) {
      this.ask([...this.#ports.values()].filter(({ vni }) => vni === item.vni));
    }
  }

  onSeen(listener: (seen: AddressSighting) => void): void {
    this.#listener = listener;
  }

  /** @throws NfvError as Vpp.dump, and as GuestDoor.announce */
  async announce(what: Announcement): Promise<void> {
    if (this.#announcements >= MAX_ANNOUNCEMENTS) {
      const text = `${MAX_ANNOUNCEMENTS} announcements are under way`;
      throw new NfvError('TOO_MANY_REQUESTS', text);
    }
    this.#announcements++;
    try {
      if (await this.#way.isOpen) await this.#announce(what);
    } finally {
      this.#announcements--;
    }
  }

  async #announce({ vni, ip, mac, isRouter }: Announcement): Promise<void> {
    const domains = this.#vpp().dump('bridge_domain_dump', {
      bd_id: vni,
      sw_if_index: NO_INTERFACE,
    });
    const [[domain], outlets] = await Promise.all([domains, this.#outlets.read()]);
    const members = new Set(domain?.sw_if_details.map(({ sw_if_index }) => sw_if_index));
    const there = [...outlets].filter(([tag, { index }]) => isWayOut(tag) && members.has(index));
    for (const [, outlet] of there) {
      await this.options.door.announce(outlet, ip, mac, isRouter === true);
    }
  }

  /** Whether the VPP that is connected tells what there is to be seen, and guests can be asked. */
  async canSee(vpp: Vpp): Promise<boolean> {
    return vpp.can('virtual_addresses') && (await this.#way.isOpen);
  }

  connected(): void {
    this.#way.connected();
    this.#events.connected();
  }

  /** Another VPP may come: its interfaces are others. */
  lost(): void {
    this.#way.lost();
    this.#questions.stop();
    this.#damping.stop();
  }

  async close(): Promise<void> {
    this.lost();
    await this.#events.close();
    await this.#questions.over;
  }

  #vpp(): Vpp {
    return new Vpp(this.options.client, undefined);
  }

  #askAll(): void {
    this.#questions.ask(this.#ports.keys());
  }

  #seen(index: number, ip: string, mac: string): void {
    const tag = this.options.memory.tagAt(index);
    const port = tag === undefined ? undefined : this.#ports.get(tag);
    const asked = port?.allowedAddresses?.find((each) => each.ip === ip);
    this.#damping.told(asked && port);
    if (port === undefined || asked?.mac !== mac) return;
    this.#listener({ endpoint: port.endpoint, ip, mac });
  }
}

function isTaker({ mac: own, allowedAddresses = [] }: PortItem): boolean {
  return allowedAddresses.some(({ mac }) => mac !== own);
}

/** Ports of which it is another matter now whether they are in a set of tags. */
function changedIn(before: ReadonlySet<string>, now: ReadonlySet<string>) {
  return ({ endpoint }: PortItem): boolean => {
    const tag = tagOf(portKey(endpoint));
    return before.has(tag) !== now.has(tag);
  };
}

/** Behind an interface of ours is a guest, or a physical network; not another host, which tells its own guests. */
function isWayOut(tag: string): boolean {
  return ['port/', 'provider/', UPLINK].some((kind) => tag.startsWith(tagOf(kind)));
}

/**
 * For its own address first and last: what VPP tells of the others it has not told just before, and tells again at
 * the guest's next packet.
 */
function questionsTo(port: PortItem | undefined): string[] {
  if (port === undefined) return [];
  const { addresses, allowedAddresses = [] } = port;
  const own = addresses.slice(0, 1).map((address) => address.replace(/\/.*$/, ''));
  return [...own, ...allowedAddresses.map(({ ip }) => ip), ...own];
}
