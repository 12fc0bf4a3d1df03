/**
 * What becomes of virtual addresses on this host: the dataplane is told at which ports to look for them, the NVA
 * what was seen, and the guests, when an address has moved, who has it now. So they are of the addresses of gateways:
 * another MAC of a router, which no guest would ask for while it believes the old one. And so is an address that
 * comes back with another MAC, of a machine that was made anew say: with ARP suppression what it says itself stays on its host.
 */
import type { AddressSighting } from '../model/allowed-address.js';
import type { Clock } from '../model/clock.js';
import { errorFields, type Log } from '../model/log.js';
import { NfvError } from '../errors.js';
import { bare } from '../model/interface-addresses.js';
import { portKey, type Item, type Payload, type PortItem } from '../model/item.js';
import type { ItemReport } from '../model/southbound.js';
import type { AddressWatch, Announcement } from '../reconcile/dataplane.js';

export interface SightingsOptions {
  readonly watch: AddressWatch;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Pick<Log, 'warn'>;
  readonly tell: (sighting: AddressSighting) => void;
}

/**
 * An address of a port is told once in so many milliseconds. What is seen meanwhile is left out: told later it
 * might be of somebody who has given the address away. So the guest is asked then, and listened to twice as
 * long before it is asked again: its answers alone are no reason to go on for ever.
 */
const QUIET_MS = 250;
const LONGEST_QUIET_MS = 8000;
/**
 * It begins with the shortest again when the NVA has heard of another who has the address: but no more often, until
 * the guest is quiet, than an address may move before it is frozen (RFC 7432 section 15.1).
 */
const MAX_CUTS = 5;
/** Addresses whose former MACs are remembered, the latest. */
const MAX_FORMER = 10_000;

/** Of one port. */
interface Quiet {
  readonly cancel: () => void;
  /** What was told in it, by address and MAC. */
  readonly told: Map<string, AddressSighting>;
  /** Something of that was seen again. */
  isAgain: boolean;
  /** How often it has begun again, because an address had gone. */
  readonly cuts: number;
}

export class AddressSightings {
  readonly #ports = new Map<string, PortItem>();
  readonly #announced = new Map<string, readonly Announcement[]>();
  /**
   * The MACs that guests know, by the keys of their entries: of addresses that went, which may come back with others,
   * and of those that have another, until that is applied.
   */
  readonly #former = new Map<string, string>();
  /** By endpoint. */
  readonly #quiet = new Map<string, Quiet>();

  constructor(private readonly options: SightingsOptions) {
    options.watch.onSeen((seen) => {
      this.#saw(seen);
    });
  }

  /**
   * What the NVE should have is another now.
   * @param before what it should have had
   */
  changed(
    upserts: Iterable<Item>,
    removes: Iterable<string>,
    before: (key: string) => Item | undefined,
  ): void {
    let isOther = false;
    const moved = new Map<string, string>();
    for (const key of removes) {
      isOther = this.#ports.delete(key) || isOther;
      this.#announced.delete(key);
      this.#remember(key, this.#known(key, before));
    }
    for (const { key, payload } of upserts) {
      if (payload.kind === 'port') isOther = this.#port(key, payload) || isOther;
      const known = this.#known(key, before);
      const announced = announcementsOf(payload, known);
      if (announced.length > 0) this.#remember(key, known);
      else this.#former.delete(key);
      if (announced.length > 0) this.#announced.set(key, announced);
      else this.#announced.delete(key);
      for (const { vni, ip, mac } of announced) moved.set(addressOf(vni, ip), mac);
    }
    if (moved.size > 0) this.#moved(moved);
    if (isOther) this.options.watch.watch([...this.#ports.values()]);
  }

  #known(key: string, before: (key: string) => Item | undefined): string | undefined {
    return this.#former.get(key) ?? macOf(before(key));
  }

  #remember(key: string, mac: string | undefined): void {
    if (mac === undefined) return;
    this.#former.delete(key);
    const [oldest] = this.#former.keys();
    if (oldest !== undefined && this.#former.size >= MAX_FORMER) this.#former.delete(oldest);
    this.#former.set(key, mac);
  }

  /** @returns whether there is something else to look for */
  #port(key: string, port: PortItem): boolean {
    if ((port.allowedAddresses ?? []).length === 0) return this.#ports.delete(key);
    this.#ports.set(key, port);
    return true;
  }

  /**
   * These have another MAC than was told: whoever had told it is to be heard again soon if the address comes back.
   * @param moved address -> MAC
   */
  #moved(moved: ReadonlyMap<string, string>): void {
    for (const [endpoint, quiet] of this.#quiet) {
      const port = this.#ports.get(portKey(endpoint));
      if (port === undefined || quiet.cuts >= MAX_CUTS) continue;
      const isGone = ({ ip, mac }: AddressSighting): boolean =>
        (moved.get(addressOf(port.vni, ip)) ?? mac) !== mac;
      if (![...quiet.told.values()].some(isGone)) continue;
      quiet.cancel();
      const { told, isAgain, cuts } = quiet;
      this.#begin(endpoint, QUIET_MS, { told, isAgain, cuts: cuts + 1 });
    }
  }

  /** These were read back: what has moved may be told, and who is at a port be asked. */
  reported(entries: readonly ItemReport[]): void {
    for (const { key, failure } of entries) {
      if (failure !== undefined) continue;
      const port = this.#ports.get(key);
      if (port !== undefined) this.options.watch.ask([port]);
      const announced = this.#announced.get(key);
      if (announced === undefined) continue;
      this.#former.delete(key);
      for (const each of announced) this.#announce(key, each);
    }
  }

  #announce(key: string, what: Announcement): void {
    this.options.watch.announce(what).catch((thrown: unknown) => {
      const fields = { key, ...errorFields(NfvError.from(thrown)) };
      this.options.log.warn(fields, 'the guests are not told where an address is');
    });
  }

  #saw(seen: AddressSighting): void {
    const { endpoint, ip, mac } = seen;
    const quiet = this.#quiet.get(endpoint) ?? this.#begin(endpoint, QUIET_MS);
    const what = `${ip} ${mac}`;
    if (quiet.told.has(what)) {
      quiet.isAgain = true;
      return;
    }
    quiet.told.set(what, seen);
    this.options.tell(seen);
  }

  #begin(
    endpoint: string,
    ms: number,
    { told, isAgain, cuts }: Omit<Quiet, 'cancel'> = { told: new Map(), isAgain: false, cuts: 0 },
  ): Quiet {
    const over = (): void => {
      const isAgain = this.#quiet.get(endpoint)?.isAgain === true;
      this.#quiet.delete(endpoint);
      const port = this.#ports.get(portKey(endpoint));
      if (!isAgain || port === undefined) return;
      const longer = Math.min(2 * ms, LONGEST_QUIET_MS);
      this.#begin(endpoint, longer, { told: new Map(), isAgain: false, cuts });
      this.options.watch.ask([port]);
    };
    const quiet = { cancel: this.options.clock.after(ms, over), told, isAgain, cuts };
    this.#quiet.set(endpoint, quiet);
    return quiet;
  }

  /** An NVA listens that may have missed something: what is told is what is so now. */
  begun(): void {
    this.#forget();
    this.options.watch.ask([...this.#ports.values()]);
  }

  #forget(): void {
    for (const { cancel } of this.#quiet.values()) cancel();
    this.#quiet.clear();
  }

  stop(): void {
    this.options.watch.watch([]);
    this.#forget();
  }
}

/** @param known the MAC that guests may have for the address of a neighbour entry */
function announcementsOf(item: Payload, known: string | undefined): readonly Announcement[] {
  if (item.kind === 'neighbor_entry') {
    const { vni, ip, mac, announce } = item;
    return announce === true || (known ?? mac) !== mac ? [{ vni, ip, mac }] : [];
  }
  if (item.kind !== 'gateway_interface') return [];
  const { vni, mac, addresses } = item;
  return addresses.map((each) => ({ vni, ip: bare(each), mac, isRouter: true }));
}

function macOf(item: Item | undefined): string | undefined {
  return item?.payload.kind === 'neighbor_entry' ? item.payload.mac : undefined;
}

/** In whatever network. */
function addressOf(vni: number, ip: string): string {
  return `${vni} ${ip}`;
}
