/** Tells which items of routing may have changed behind our back. */
import type { Payload } from '../../../model/item.js';
import {
  gatewayKey,
  gatewayNeighborKey,
  routeKey,
  vrfKey,
  type RouteVia,
} from '../../../model/routing-items.js';
import { addressesAt } from './gateway-addresses.js';
import { subnetsOf } from './gateway-subnets.js';
import type { Memory } from '../memory.js';
import { crossVrfOfName, innerVniOfName, PROTOCOL } from '../names.js';
import { parseRouterEvent, type RouterEvent } from './router-events.js';
import type { View } from '../view.js';

/** What is thought to be in the kernel, and who is told. */
export interface Book {
  readonly known: ReadonlyMap<string, Payload>;
  isAtWork(key: string): boolean;
  tell(key: string): void;
}

type EventOf<K extends RouterEvent['kind']> = Extract<RouterEvent, { readonly kind: K }>;

/**
 * As `Changes`: what happens to something that is at work is held back, and the last of it is compared
 * with what was wanted when it is done.
 */
export class RouterChanges {
  /** By key and by what of it is told of. */
  readonly #held = new Map<string, Map<string, () => boolean>>();
  /** By namespace and index, the network of a gateway that was told of. */
  readonly #vnis = new Map<string, number>();
  /** Keys of gateways that were up when they were last told of. */
  readonly #up = new Set<string>();

  constructor(
    private readonly book: Book,
    private readonly memory: Memory,
  ) {}

  line(text: string): void {
    const event = parseRouterEvent(text);
    if (event === undefined) return;
    // Another that gets its number may have other links at these indexes.
    if (event.kind === 'namespace') this.#forget(event.nsid);
    const vrf = this.memory.routerOf(event.nsid);
    if (vrf === undefined) return;
    switch (event.kind) {
      case 'namespace':
        this.lost(vrf);
        break;
      case 'link':
        this.#link(vrf, event);
        break;
      case 'address':
        this.#address(vrf, event);
        break;
      case 'route':
        this.#route(vrf, event);
        break;
      case 'neighbor':
        this.#neighbor(vrf, event);
        break;
    }
  }

  /** Everything was read. */
  knowAll(view: View): void {
    this.#up.clear();
    for (const [vrf, { links }] of view.routers) {
      for (const { name, up } of links.values()) {
        const vni = up ? innerVniOfName(name) : undefined;
        if (vni !== undefined) this.#up.add(gatewayKey(vrf, vni));
      }
    }
  }

  /** Something has ended its work. */
  release(key: string): void {
    const parts = [...(this.#held.get(key)?.values() ?? [])];
    this.#held.delete(key);
    if (parts.filter((isNews) => isNews()).length > 0) this.book.tell(key);
  }

  /** A router's namespace is no more, or may not be: nor is anything in it, nor the ways into it. */
  lost(vrf: number): void {
    this.#take(vrfKey(vrf), 'namespace', () => {
      const isNews = this.book.known.has(vrfKey(vrf));
      if (isNews) this.#tellAll((payload) => isIn(vrf, payload) || leadsInto(vrf, payload));
      return isNews;
    });
  }

  #forget(nsid: number): void {
    for (const place of this.#vnis.keys()) {
      if (place.startsWith(`${nsid} `)) this.#vnis.delete(place);
    }
  }

  #take(key: string, part: string, isNews: () => boolean): void {
    if (this.book.isAtWork(key)) {
      const parts = this.#held.get(key) ?? new Map<string, () => boolean>();
      this.#held.set(key, parts.set(part, isNews));
    } else if (isNews()) this.book.tell(key);
  }

  #tellAll(concerns: (payload: Payload) => boolean): void {
    for (const [key, payload] of this.book.known) if (concerns(payload)) this.book.tell(key);
  }

  #link(vrf: number, event: EventOf<'link'>): void {
    const { nsid, index, name, gone, up, mtu, mac } = event;
    const other = crossVrfOfName(name);
    if (other !== undefined) this.#cross(vrf, other, event);
    const vni = innerVniOfName(name);
    if (gone || vni === undefined) this.#vnis.delete(`${nsid} ${index}`);
    else this.#vnis.set(`${nsid} ${index}`, vni);
    if (vni === undefined) return;
    const key = gatewayKey(vrf, vni);
    const isDown = gone || !up;
    if (isDown && this.#up.has(key)) this.#take(key, 'loss', () => this.#lose(vrf, vni));
    if (isDown) this.#up.delete(key);
    else this.#up.add(key);
    this.#take(key, 'link', () => {
      const known = this.book.known.get(key);
      if (known?.kind !== 'gateway_interface') return false;
      // The kernel takes routes and neighbours with it, and does not tell of all.
      if (gone || !up) this.#tellAll((payload) => isBy(vrf, vni, payload));
      return gone || !up || mtu !== known.mtu || mac !== known.mac;
    });
  }

  /**
   * The way to another router. The kernel takes the routes by it along when it goes or is set down, and does
   * not tell of all; by one whose far end is down nothing gets there. One that went is news whatever came after: by
   * which routes were set is not known.
   */
  #cross(vrf: number, other: number, { gone, lowerUp }: EventOf<'link'>): void {
    for (const [key, payload] of this.book.known) {
      if (!isIn(vrf, payload) || !leadsInto(other, payload)) continue;
      this.#take(
        key,
        gone ? 'way gone' : 'way',
        () => (gone || !lowerUp) && this.book.known.has(key),
      );
    }
  }

  /** When it is up again, what the kernel took with it is not there again. */
  #lose(vrf: number, vni: number): boolean {
    const isNews = this.book.known.has(gatewayKey(vrf, vni));
    if (isNews) this.#tellAll((payload) => isBy(vrf, vni, payload));
    return isNews;
  }

  /** The link-local address is the same at all gateways with one MAC. */
  #address(vrf: number, { nsid, index, gone, address }: EventOf<'address'>): void {
    const at = this.#vnis.get(`${nsid} ${index}`);
    // What was heard of another router before this one was known says nothing.
    const isOf = at !== undefined && this.memory.gatewayOf(at) === vrf;
    for (const vni of isOf ? [at] : this.memory.gatewaysOf(vrf)) {
      const key = gatewayKey(vrf, vni);
      this.#take(key, address, () => {
        const known = this.book.known.get(key);
        if (!gone || known?.kind !== 'gateway_interface') return false;
        const all = addressesAt(known.addresses, known.mac);
        return all.some((each) => each.startsWith(`${address}/`));
      });
    }
  }

  /** One that is there and was known has been changed, if not by us, or not to what we want. */
  #route(vrf: number, { gone, prefix, protocol, hops }: EventOf<'route'>): void {
    if (gone && protocol === 'kernel') this.#subnet(vrf, prefix);
    const key = routeKey(vrf, prefix);
    const isOwnDoing = this.book.isAtWork(key);
    this.#take(key, 'route', () => {
      const known = this.book.known.get(key);
      if (gone) return known !== undefined;
      if (known?.kind !== 'route') return protocol === PROTOCOL;
      return !isOwnDoing || !leadsTo(hops, known.via);
    });
  }

  /** The kernel's route to a gateway's subnet went, with its address or without. */
  #subnet(vrf: number, prefix: string): void {
    for (const vni of this.memory.gatewaysOf(vrf)) {
      const key = gatewayKey(vrf, vni);
      this.#take(key, `subnet ${prefix}`, () => {
        const known = this.book.known.get(key);
        return known?.kind === 'gateway_interface' && subnetsOf(known).includes(prefix);
      });
    }
  }

  #neighbor(vrf: number, { gone, ip, mac }: EventOf<'neighbor'>): void {
    for (const vni of this.memory.gatewaysOf(vrf)) {
      const key = gatewayNeighborKey(vrf, vni, ip);
      this.#take(key, 'neighbor', () => {
        const known = this.book.known.get(key);
        return known?.kind === 'gateway_neighbor' && (gone || mac !== known.mac);
      });
    }
  }
}

/** Which device leads to another router, an event does not say. */
function leadsTo(hops: readonly string[], via: RouteVia): boolean {
  if (via.kind === 'vrf') return true;
  const wanted = via.kind === 'drop' ? [] : via.nextHops.map(({ address }) => address);
  return hops.join() === wanted.sort().join();
}

function isIn(vrf: number, payload: Payload): boolean {
  switch (payload.kind) {
    case 'vrf':
      return payload.id === vrf;
    case 'gateway_interface':
    case 'gateway_neighbor':
    case 'route':
      return payload.vrf === vrf;
    default:
      return false;
  }
}

function leadsInto(vrf: number, payload: Payload): boolean {
  return payload.kind === 'route' && payload.via.kind === 'vrf' && payload.via.vrf === vrf;
}

/** It may have gone with a gateway interface. */
function isBy(vrf: number, vni: number, payload: Payload): boolean {
  if (!isIn(vrf, payload)) return false;
  return payload.kind === 'route' || (payload.kind === 'gateway_neighbor' && payload.vni === vni);
}
