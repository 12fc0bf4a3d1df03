/** Tells which items may have changed behind our back, from the kernel's events. */
import type { Clock } from '../../model/clock.js';
import {
  bridgeDomainKey,
  floodKey,
  keyOf,
  macKey,
  neighborKey,
  portKey,
  providerPortKey,
  vtepKey,
  type Payload,
} from '../../model/item.js';
import { gatewayKey } from '../../model/routing-items.js';
import { parseEvent } from './events.js';
import { hasEntry, isLinkAsWanted, linksOf, type EventOf, type Part } from './expectations.js';
import type { Memory, Reading } from './memory.js';
import { bridgeName, FLOOD_MAC, gatewayName, gatewayVniOfName, vniOfName } from './names.js';
import { RouterChanges } from './routing/router-changes.js';
import { Teller, type Listener } from './teller.js';
import type { View } from './view.js';

/** The events of what we did to entries have all come by then. */
const ENTRIES_SETTLE_MS = 150;
/** A link's state of operation is told up to a second late (net/core/link_watch.c). */
const LINKS_SETTLE_MS = 1200;

/** The last event of a part of something that is at work. */
interface Held {
  readonly key: string;
  readonly part: Part;
  readonly event: EventOf<'link'> | EventOf<'entry'>;
}

/** Who must know when names no longer lead to the links they did. */
export interface NameListener {
  /** The links of these names have, or may have, other names now. */
  renamed(names: readonly string[]): void;
  /** There are no links of these names any more. */
  gone(names: readonly string[]): void;
}

/**
 * Our own doing comes back as events, too. Those about what is at work, and for a while after, are
 * held back; then the last of each part is compared with what was wanted. Any other event is news
 * if it tells something else of an entry than is known, or anything at all of a link.
 */
export class Changes {
  #teller: Teller | undefined;
  /** What is thought to be in the kernel. */
  readonly #known = new Map<string, Payload>();
  /** Items without an object in the kernel, which events can still be about. */
  readonly #wanted = new Map<string, Payload>();
  /** The devices that lead to remote VTEPs, with their MTU; 0: not told yet. */
  readonly #underlays = new Map<string, number>();
  readonly #names = new Map<number, string>();
  /** Links that were up when they were last told of, or read. */
  readonly #up = new Set<string>();
  /** How many times a key or a link is at work. */
  readonly #atWork = new Map<string, number>();
  readonly #held = new Map<string, Map<Part, Held>>();
  readonly #timers = new Set<() => void>();
  readonly #routers: RouterChanges;
  #pathsChanged = false;
  #closed = false;

  constructor(
    private readonly clock: Clock,
    private readonly memory: Memory,
    private readonly names: NameListener,
  ) {
    const book = {
      known: this.#known,
      isAtWork: (key: string): boolean => this.#atWork.has(key),
      tell: (key: string): void => {
        this.#tell(key);
      },
    };
    this.#routers = new RouterChanges(book, memory);
  }

  listen(listener: Listener): void {
    this.#teller?.close();
    this.#teller = new Teller(this.clock, listener, () => this.#paths());
  }

  close(): void {
    this.#closed = true;
    this.#teller?.close();
    this.#teller = undefined;
    for (const cancel of this.#timers) cancel();
  }

  /** What was read back of a key, or what is about to be made of it; undefined: nothing. */
  know(key: string, payload: Payload | undefined): void {
    if (payload === undefined) this.#known.delete(key);
    else this.#known.set(key, payload);
  }

  knows(key: string): boolean {
    return this.#known.has(key);
  }

  /** It is wanted, whether it is there or not. */
  want(key: string, payload: Payload): void {
    if (payload.kind === 'vtep' || payload.kind === 'tunnel') this.#wanted.set(key, payload);
  }

  unwant(key: string): void {
    this.#wanted.delete(key);
    this.#known.delete(key);
  }

  /**
   * Everything was read; what is there and what is wanted is told next. What events told meanwhile is
   * newer. False: a link has another name than was read.
   */
  knowAll(view: View, { names }: Reading): boolean {
    this.#known.clear();
    this.#wanted.clear();
    this.#names.clear();
    this.#up.clear();
    this.#routers.knowAll(view);
    let isWhole = true;
    for (const { index, name, up } of view.links.values()) {
      if (up) this.#up.add(name);
      const now = names.has(index) ? names.get(index) : name;
      this.#names.set(index, name);
      if (now === name) continue;
      // Whose it was may not have been known when its event came.
      const key = this.#keyOfLink(name);
      if (key !== undefined) this.#tellLink(key, name);
      this.memory.forgetLink(name);
      if (now !== undefined) isWhole = false;
    }
    for (const [index, name] of names) {
      if (name === undefined) this.#names.delete(index);
      else this.#names.set(index, name);
    }
    return isWhole;
  }

  leadsThrough(device: string): void {
    if (!this.#underlays.has(device)) this.#underlays.set(device, 0);
  }

  /** Holds back events about these; call the answer when they have been applied. */
  working(payloads: readonly Payload[]): () => void {
    const keys = payloads.map(keyOf);
    const links = payloads.flatMap(linksOf).map(({ name }) => linkSubject(name));
    for (const subject of [...keys, ...links]) {
      this.#atWork.set(subject, (this.#atWork.get(subject) ?? 0) + 1);
    }
    return () => {
      this.#releaseAfter(ENTRIES_SETTLE_MS, keys);
      if (links.length > 0) this.#releaseAfter(LINKS_SETTLE_MS, links);
    };
  }

  /** Events may have been lost. */
  gap(): void {
    this.names.renamed([...this.#names.values()]);
    this.memory.gap();
    this.#teller?.unknown();
  }

  /** An event of any namespace; those of our own are passed over. */
  routerLine(text: string): void {
    this.#routers.line(text);
  }

  /** See `RouterChanges.lost`. */
  routerLost(vrf: number): void {
    this.#routers.lost(vrf);
  }

  /** A network namespace has got this name, or lost it: whose guest's end is to be there. */
  netnsNamed(name: string): void {
    for (const [key, payload] of this.#known) {
      if (payload.kind !== 'port' || payload.port.kind !== 'veth') continue;
      if (payload.port.netns === name) this.#tell(key);
    }
  }

  line(text: string): void {
    const event = parseEvent(text);
    switch (event?.kind) {
      case 'link':
        this.#link(event);
        break;
      case 'address':
        if (this.#wanted.has(vtepKey(event.address))) this.#tell(vtepKey(event.address));
        this.#pathsMayHave();
        break;
      case 'route':
        this.#pathsMayHave();
        break;
      case 'entry':
        this.#entry(event);
        break;
      case undefined:
        break;
    }
  }

  #tell(key: string): void {
    this.#teller?.add(key);
  }

  #link(event: EventOf<'link'>): void {
    const { name, index, gone, brief } = event;
    // Before its name is taken away from it.
    const key = this.#keyOfLink(name);
    if (gone && key === undefined) this.#up.delete(name);
    if (!brief) this.#name(index, gone ? undefined : name);
    this.#underlay(event);
    if (!brief || gone)
      for (const vni of this.memory.providersAt(name)) this.#tell(providerPortKey(vni));
    if (key === undefined) return;
    if (gone) this.#tellMacsAt(name);
    // The kernel tells of a bridge's port at once, of a link's state of operation late.
    if (!this.#atWork.has(brief ? key : linkSubject(name))) this.#tellLink(key, name);
    else if (!brief) this.#holdLink(key, event);
    if (!brief) this.#noteUp(event);
  }

  /** That a link went down is not undone when it is up again: what it took with it stays away. */
  #holdLink(key: string, event: EventOf<'link'>): void {
    const subject = linkSubject(event.name);
    this.#hold(subject, { key, part: 'link', event });
    // One that takes the place of another has nothing to lose yet.
    if (event.gone) this.#held.get(subject)?.delete('loss');
    else if (!event.up && this.#up.has(event.name))
      this.#hold(subject, { key, part: 'loss', event });
  }

  #noteUp({ name, gone, up }: EventOf<'link'>): void {
    if (up && !gone) this.#up.add(name);
    else this.#up.delete(name);
  }

  /** The bridge's entries for a port go with it; their events come when it has no name any more. */
  #tellMacsAt(link: string): void {
    const endpoint = this.memory.portAt(link)?.endpoint;
    if (endpoint === undefined || this.#atWork.has(linkSubject(link))) return;
    for (const [key, payload] of this.#known) {
      if (payload.kind !== 'mac_entry' || payload.via.kind !== 'endpoint') continue;
      if (payload.via.endpoint === endpoint) this.#tell(key);
    }
  }

  #tellLink(key: string, name: string): void {
    const vni = vniOfName(name);
    if (vni !== undefined) {
      this.memory.setDomain(vni, false);
      const gateway = this.#gatewayAt(gatewayName(vni));
      if (gateway !== undefined) this.#tell(gateway);
    }
    this.#tell(key);
  }

  /** Keeps the names of indexes, and tells of each that changed its owner. */
  #name(index: number, name: string | undefined): void {
    const before = this.#names.get(index);
    if (before === name) return;
    this.memory.named(index, name);
    if (name === undefined) this.#names.delete(index);
    else this.#names.set(index, name);
    // A link that is new takes nobody's name: that of who had it was told before.
    if (before === undefined) return;
    if (name === undefined) {
      this.names.gone([before]);
      return;
    }
    this.names.renamed([before]);
    const key = this.#keyOfLink(before);
    if (key !== undefined) this.#tellLink(key, before);
    // A port of ours may have got another name: it must be looked for among all.
    this.memory.primed = false;
    this.memory.forgetLink(before);
  }

  #underlay({ name, mtu, brief }: EventOf<'link'>): void {
    const before = this.#underlays.get(name);
    if (before === undefined || brief) return;
    this.#pathsMayHave();
    this.#underlays.set(name, mtu);
    if (before === mtu) return;
    for (const [key, { kind }] of this.#known) if (kind === 'bridge_domain') this.#tell(key);
  }

  #keyOfLink(name: string): string | undefined {
    const vni = vniOfName(name);
    if (vni !== undefined) return bridgeDomainKey(vni);
    const gateway = this.#gatewayAt(name);
    if (gateway !== undefined) return gateway;
    const port = this.memory.portAt(name);
    return port === undefined ? undefined : portKey(port.endpoint);
  }

  #gatewayAt(link: string): string | undefined {
    const vni = gatewayVniOfName(link);
    const vrf = vni === undefined ? undefined : this.memory.gatewayOf(vni);
    return vni === undefined || vrf === undefined ? undefined : gatewayKey(vrf, vni);
  }

  #hold(subject: string, held: Held): void {
    const parts = this.#held.get(subject) ?? new Map<Part, Held>();
    parts.set(held.part, held);
    this.#held.set(subject, parts);
  }

  #releaseAfter(ms: number, subjects: readonly string[]): void {
    if (this.#closed) return;
    const cancel = this.clock.after(ms, () => {
      this.#timers.delete(cancel);
      for (const subject of subjects) this.#release(subject);
    });
    this.#timers.add(cancel);
  }

  #release(subject: string): void {
    const times = (this.#atWork.get(subject) ?? 1) - 1;
    if (times > 0) {
      this.#atWork.set(subject, times);
      return;
    }
    this.#atWork.delete(subject);
    this.#routers.release(subject);
    const parts = [...(this.#held.get(subject)?.values() ?? [])];
    this.#held.delete(subject);
    for (const { key, part, event } of parts) {
      if (event.kind === 'entry') {
        if (this.#isNews(key, part, event)) this.#tell(key);
      } else if (part === 'loss' && !this.#known.has(key)) {
        continue;
      } else if (!isLinkAsWanted(event, this.#known.get(key))) {
        this.#tellLink(key, event.name);
      }
    }
  }

  #entry(event: EventOf<'entry'>): void {
    const place = this.#placeOf(event);
    if (place === undefined) return;
    const [key, part] = place;
    if (this.#atWork.has(key)) this.#hold(key, { key, part, event });
    else if (this.#isNews(key, part, event)) this.#tell(key);
  }

  /**
   * Gone: only what we thought was there is news. There: only what we did not think was, and of
   * what was learned from frames only that which takes the place of ours.
   */
  #isNews(key: string, part: Part, event: EventOf<'entry'>): boolean {
    const payload = this.#known.get(key);
    const endpointAt = (link: string): string | undefined => this.memory.portAt(link)?.endpoint;
    const expected = payload !== undefined && hasEntry(payload, event, part, endpointAt);
    if (event.gone) return expected;
    if (payload?.kind === 'gateway_interface') return false;
    if (payload === undefined && event.mac === FLOOD_MAC) return this.#isFlooded(event);
    return !(expected && event.extern) && (event.extern || payload !== undefined);
  }

  /** On a device of ours, where nobody's mark counts: but for the group, which belongs to the device. */
  #isFlooded({ device, dst }: EventOf<'entry'>): boolean {
    const domain = this.#known.get(bridgeDomainKey(vniOfName(device) ?? 0));
    return domain?.kind === 'bridge_domain' && dst !== '' && dst !== domain.bumGroup;
  }

  /** The key an entry belongs to, and which part of it it is; undefined: not ours. */
  #placeOf({ device, dst, mac }: EventOf<'entry'>): readonly [string, Part] | undefined {
    const vni = vniOfName(device);
    if (vni === undefined) {
      const gateway = this.#gatewayAt(device);
      if (gateway !== undefined) return [gateway, 'bridge'];
      const port = dst === '' ? this.memory.portAt(device) : undefined;
      return port === undefined ? undefined : [macKey(port.vni, mac), 'bridge'];
    }
    if (device === bridgeName(vni)) {
      return dst === '' ? undefined : [neighborKey(vni, dst), 'neighbor'];
    }
    if (mac === FLOOD_MAC) return [floodKey(vni, dst), 'vxlan'];
    return [macKey(vni, mac), dst === '' ? 'bridge' : 'vxlan'];
  }

  /** The ways to remote VTEPs may have changed. Routes come in thousands: no more work than this. */
  #pathsMayHave(): void {
    if (this.#pathsChanged) return;
    this.#pathsChanged = true;
    this.#teller?.soon();
  }

  *#paths(): Iterable<string> {
    if (!this.#pathsChanged) return;
    this.#pathsChanged = false;
    for (const [key, { kind }] of this.#wanted) if (kind === 'tunnel') yield key;
  }
}

const linkSubject = (name: string): string => `link ${name}`;
