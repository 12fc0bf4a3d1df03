/** Random values of single fields, each with its bytes. */
import { upTo } from './seeded.js';
import type { WireBytes } from './vpp-wire-bytes.js';

/** What to give to the encoder, and what the decoder must answer. */
export interface Item {
  readonly give: unknown;
  readonly expect: unknown;
}

export const same = (value: unknown): Item => ({ give: value, expect: value });

export type Family = 4 | 6;

const WIDTHS: Readonly<Record<string, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
};

export function widthOf(type: string): number {
  const width = WIDTHS[type];
  if (width === undefined) throw new Error(`no integer type ${type}`);
  return width;
}

export class WireValues {
  constructor(
    readonly random: () => number,
    readonly bytes: WireBytes,
  ) {}

  chance(share: number): boolean {
    return this.random() < share;
  }

  below(limit: number): number {
    return upTo(this.random, limit);
  }

  /** A scalar type of the grammar; `length` is that of a fixed string. */
  scalar(type: string, length: number): Item {
    if (type === 'string') return this.#string(length);
    if (type === 'bool') {
      const octet = this.below(2);
      this.bytes.integer(octet, 1);
      return same(octet === 1);
    }
    if (type === 'f64') {
      const value = (this.random() - 0.5) * 10 ** this.below(30);
      this.bytes.double(value);
      return same(value);
    }
    return this.#integer(type);
  }

  /** The ends of the range, and anything between them. */
  #integer(type: string): Item {
    const width = widthOf(type);
    const least = type.startsWith('i') ? -(2n ** BigInt(8 * width - 1)) : 0n;
    const most = least + 2n ** BigInt(8 * width) - 1n;
    const between = least + BigInt(Math.floor(this.random() * Number(most - least)));
    const value = [least, most, between, between][this.below(4)] ?? 0n;
    const inRange = value > most ? most : value;
    this.bytes.integer(inRange, width);
    return same(width === 8 ? inRange : Number(inRange));
  }

  #string(length: number): Item {
    const most = length === 0 ? 40 : length - 1;
    const alphabet = this.chance(0.8) ? ['a', 'Z', '0', ' ', '/', '-'] : ['a', 'ü', '€', '😀'];
    let text = '';
    for (const size = this.chance(0.1) ? most : this.below(most + 1); ;) {
      const letter = alphabet[this.below(alphabet.length)] ?? '';
      if (new TextEncoder().encode(text + letter).length > size) break;
      text += letter;
    }
    const octets = new TextEncoder().encode(text);
    if (length === 0) this.bytes.integer(octets.length, 4);
    this.bytes.push(octets);
    if (length > 0) this.bytes.zeros(length - octets.length);
    return same(text);
  }

  /** u8[length], in one of the forms that stand for it. */
  octets(length: number): Item {
    const octets = Buffer.from(Array.from({ length }, () => this.below(256)));
    this.bytes.push(octets);
    const forms = [octets, new Uint8Array(octets), octets.toString('hex')];
    return { give: forms[this.below(3)], expect: octets };
  }

  /** VPP's own types that are text; undefined if `name` is none. */
  text(name: string, family: Family | undefined): Item | undefined {
    switch (name) {
      case 'ip4_address':
        return this.#address(4);
      case 'ip6_address':
        return this.#address(6);
      case 'mac_address':
        return this.#mac();
      case 'address_union':
        return this.#union(family);
      case 'address':
        return this.#familyAndAddress();
      case 'prefix':
        return this.#prefix(this.#familyAndAddress());
      case 'ip4_prefix':
        return this.#prefix(this.#address(4));
      case 'ip6_prefix':
        return this.#prefix(this.#address(6));
      default:
        return undefined;
    }
  }

  #address(family: Family): Item {
    if (family === 4) {
      const octets = Array.from({ length: 4 }, () => this.below(256));
      this.bytes.push(octets);
      return same(octets.join('.'));
    }
    const groups = Array.from({ length: 8 }, () => (this.chance(0.4) ? 0 : this.below(0x10000)));
    for (const group of groups) this.bytes.integer(group, 2);
    const full = groups.map((group) => group.toString(16).padStart(this.chance(0.5) ? 4 : 1, '0'));
    const give = full.join(':');
    const expect = shortened(give);
    return { give: this.chance(0.5) ? give.toUpperCase() : expect, expect };
  }

  /** Without a discriminator the octets are shown as an IPv6 address. */
  #union(selected: Family | undefined): Item {
    const family = selected ?? (this.chance(0.5) ? 4 : 6);
    const start = this.bytes.length;
    const { give, expect } = this.#address(family);
    this.bytes.zeros(start + 16 - this.bytes.length);
    if (selected !== undefined) return { give, expect };
    const groups = this.bytes.since(start).toString('hex').match(/.{4}/g) ?? [];
    return { give, expect: shortened(groups.join(':')) };
  }

  #familyAndAddress(): Item {
    const family = this.chance(0.5) ? 4 : 6;
    this.bytes.integer(family === 4 ? 0 : 1, 1);
    return this.#union(family);
  }

  #prefix({ give, expect }: Item): Item {
    const most = String(expect).includes(':') ? 128 : 32;
    const length = this.below(most + 1);
    this.bytes.integer(length, 1);
    return { give: `${String(give)}/${length}`, expect: `${String(expect)}/${length}` };
  }

  #mac(): Item {
    const octets = Array.from({ length: 6 }, () => this.below(256));
    this.bytes.push(octets);
    const text = octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':');
    return { give: this.chance(0.5) ? text.toUpperCase() : text, expect: text };
  }
}

/** As RFC 5952 says, by the URL parser of Node. */
const shortened = (address: string): string =>
  new URL(`http://[${address}]/`).hostname.replace(/^\[|\]$/g, '');
