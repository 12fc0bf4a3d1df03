/** The uplinks of the configuration, each with the way in which VPP comes to its interface. */
import { bare } from '../../../model/interface-addresses.js';
import type { Uplink } from './uplink.js';
import { uplinkTag, type UplinkPart, type UplinkView } from './uplink-part.js';
import { partOf } from './uplink-parts.js';
import { bareTag, parseTag, UPLINK } from '../tag.js';
import type { Address, Interface } from '../view.js';

export class UplinkTable {
  readonly #parts: ReadonlyMap<Uplink, UplinkPart>;
  /** Of those that the configuration has, or needs to carry one. */
  readonly #tags: ReadonlySet<string>;

  constructor(readonly all: readonly Uplink[]) {
    this.#parts = new Map(all.map((uplink) => [uplink, partOf(uplink)]));
    const names = [...this.#parts.values()].flatMap(({ name, parent }) => [name, parent ?? name]);
    this.#tags = new Set(names.map(uplinkTag));
  }

  part(uplink: Uplink): UplinkPart {
    return this.#parts.get(uplink) ?? partOf(uplink);
  }

  /** The uplink that is to have an address. */
  withAddress(address: string): Uplink | undefined {
    return this.all.find(({ addresses }) => addresses.some((each) => bare(each) === address));
  }

  /** @param name as VPP has it, or the configuration */
  named(name: string): Uplink | undefined {
    return this.all.find((uplink) => this.part(uplink).name === name);
  }

  /** The uplink that one is a VLAN of; undefined: it is none, or one of an interface that is no uplink. */
  carrierOf({ parent }: UplinkPart): Uplink | undefined {
    return parent === undefined ? undefined : this.named(parent);
  }

  /** Bytes of the largest packet that is to go over an uplink, or a VLAN of it. */
  largestMtu(uplink: Uplink): number {
    const { name } = this.part(uplink);
    const on = this.all.filter((each) => this.part(each).parent === name);
    return Math.max(uplink.mtu, ...on.map(({ mtu }) => mtu));
  }

  /** What we made for uplinks that are no more in the configuration, by their names. */
  stale(interfaces: Iterable<Interface>): Map<string, Interface> {
    const found = new Map<string, Interface>();
    for (const each of interfaces) {
      const key = parseTag(each.tag)?.key ?? '';
      const isStale = key.startsWith(UPLINK) && !this.#tags.has(bareTag(each.tag) ?? '');
      if (isStale) found.set(key.slice(UPLINK.length), each);
    }
    return found;
  }

  /**
   * Addresses on what we made for uplinks, and would still make, that the configuration does not have there. What
   * IPv6 has of itself is none (RFC 4291 §2.5.6).
   */
  leftovers(interfaces: Iterable<Interface>, addresses: readonly Address[]): Address[] {
    const own = new Map<number, readonly string[]>();
    for (const { index, tag: text } of interfaces) {
      const tag = bareTag(text);
      if (tag === undefined || !this.#tags.has(tag)) continue;
      const uplink = this.all.find((each) => uplinkTag(this.part(each).name) === tag);
      own.set(index, (uplink?.addresses ?? []).map(bare));
    }
    return addresses.filter(
      ({ index, address }) =>
        own.get(index)?.includes(address) === false && !/^fe[89ab]/i.test(address),
    );
  }

  /** Of the configured ones and of those that are stale. */
  interfaces(view: UplinkView): Interface[] {
    const own = this.all.flatMap((uplink) => this.part(uplink).find(view) ?? []);
    return [...new Set([...own, ...this.stale(view.interfaces).values()])];
  }
}
