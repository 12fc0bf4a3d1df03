/**
 * Code that checks the value of a struct, and says what is wrong and where:
 *
 *   check(v: value, p: path, d: depth, a: number of the selected union member) -> size in bytes
 *
 * `p` holds the way to `v` in its first `d` places. What is wrong goes to `bad`, which throws.
 */
import type { IntegerType } from '../schema/api-schema.js';
import * as address from './address-text.js';
import type { CodeOf } from './emit-put.js';
import { property, type Emitter } from './emitter.js';
import type { Refuse } from './field-fault.js';
import { CUT } from './integer-types.js';
import {
  isFixed,
  isU8,
  minimumOf,
  type FieldLayout,
  type Layout,
  type StructLayout,
  type UnionLayout,
} from './layout.js';
import { isSigned64, isUnsigned64, memberOf, sizeOfOctets } from './octets.js';
import { sizeOfFixedText, sizeOfText } from './text.js';

/** Where a value stands: in `holder` under `key`, both as code. */
interface Place {
  readonly holder: string;
  readonly key: string;
  readonly depth: string;
}

export function emitCheck(e: Emitter, struct: StructLayout, codeOf: CodeOf, refuse: Refuse): void {
  const checker = new Checker(e, struct, codeOf, refuse);
  const layout = e.value(struct);
  e.line(`if (typeof v !== 'object' || v === null) ${e.value(refuse.object)}(p, d, v, ${layout});`);
  e.line(`let s = ${struct.minimum}, m = ${struct.fields.length};`);
  for (const field of struct.fields) checker.field(field);
  e.line('for (const k in v) m--;');
  e.line(`if (m !== 0) ${e.value(refuse.keys)}(p, d, v, ${layout});`);
  e.line('return s;');
}

class Checker {
  constructor(
    private readonly e: Emitter,
    private readonly struct: StructLayout,
    private readonly codeOf: CodeOf,
    private readonly refuse: Refuse,
  ) {}

  field(field: FieldLayout): void {
    const { e } = this;
    const x = e.local();
    e.line(`const ${x} = ${property('v', field.name)};`);
    const place: Place = { holder: 'v', key: JSON.stringify(field.name), depth: 'd' };
    const optional = field.default !== undefined || field.counts !== undefined;
    if (!optional) {
      this.value(field.layout, x, place, this.#member(field));
    } else {
      e.line(`if (${x} === undefined) { if (!(${place.key} in v)) m--; }`);
      e.line('else {');
      this.value(field.layout, x, place, '-1');
      e.line('}');
    }
    if (field.layout.kind === 'list') this.#agree(field.layout, x);
  }

  /** The count, where it is given, is the length of the list. */
  #agree(layout: Layout & { kind: 'list' }, x: string): void {
    const { e } = this;
    const length = isU8(layout.element) ? `${e.value(sizeOfOctets)}(${x})` : `${x}.length`;
    const count = property('v', layout.count);
    e.line(
      `if (${count} !== undefined && ${count} !== ${length}) ${e.value(this.refuse.count)}(p, d, v, ${JSON.stringify(layout.count)}, ${length});`,
    );
    const others = this.struct.fields.filter(
      (f) => f.layout.kind === 'list' && f.layout.count === layout.count,
    );
    const [first] = others;
    if (others.length > 1 && first !== undefined && first.layout !== layout) {
      const expected = isU8(layout.element)
        ? `${e.value(sizeOfOctets)}(${property('v', first.name)})`
        : `${property('v', first.name)}.length`;
      e.line(
        `if (${length} !== ${expected}) ${e.value(this.refuse.count)}(p, d, v, ${JSON.stringify(layout.count)}, ${length});`,
      );
    }
  }

  #member({ selector }: FieldLayout): string {
    if (selector === undefined) return this.struct.selected ? 'a' : '-1';
    const { e } = this;
    const member = e.local();
    const code = `${e.value(selector.table)}.code(${property('v', selector.field)})`;
    e.line(`const ${member} = ${e.value(selector.cases)}.get(${code}) ?? -1;`);
    return member;
  }

  value(layout: Layout, x: string, place: Place, member: string): void {
    const { e } = this;
    switch (layout.kind) {
      case 'integer':
        this.#unless(this.#isInteger(layout.type, x), layout, place);
        break;
      case 'bool':
        this.#unless(`${x} === true || ${x} === false`, layout, place);
        break;
      case 'f64':
        this.#unless(`typeof ${x} === 'number' && ${x} - ${x} === 0`, layout, place);
        break;
      case 'enum':
      case 'flags':
        this.#unless(`${e.value(layout.table)}.code(${x}) !== undefined`, layout, place);
        break;
      case 'native':
        this.#native(layout, x, place, member);
        break;
      case 'string':
        this.#string(layout, x, place);
        break;
      case 'bytes':
        this.#unless(`${e.value(sizeOfOctets)}(${x}) === ${layout.length}`, layout, place);
        break;
      case 'array':
      case 'list':
        this.#elements(layout, x, place);
        break;
      case 'struct':
        this.#struct(layout, x, place, member);
        break;
      case 'union':
        this.#union(layout, x, place, member);
        break;
    }
  }

  #unless(condition: string, layout: Layout, { holder, key, depth }: Place): void {
    const { e } = this;
    const bad = `${e.value(this.refuse.value)}(p, ${depth}, ${holder}, ${key}, ${e.value(layout)})`;
    e.line(`if (!(${condition})) ${bad};`);
  }

  #isInteger(type: IntegerType, x: string): string {
    const { e } = this;
    if (type === 'u64') return `${e.value(isUnsigned64)}(${x})`;
    if (type === 'i64') return `${e.value(isSigned64)}(${x})`;
    return `typeof ${x} === 'number' && (${x} ${CUT[type]}) === ${x}`;
  }

  #native(layout: Layout & { kind: 'native' }, x: string, place: Place, member: string): void {
    const { e } = this;
    if (layout.native !== 'address_union') {
      this.#unless(`${e.value(NATIVES[layout.native])}(${x})`, layout, place);
      return;
    }
    const family = e.local();
    e.line(`const ${family} = ${e.value(address.parseAddress)}(${x});`);
    this.#unless(`${family} >= 0`, layout, place);
    const { holder, key, depth } = place;
    e.line(
      `if (${member} >= 0 && ${member} !== ${family}) ${e.value(this.refuse.member)}(p, ${depth}, ${holder}, ${key}, ${e.value(['an IPv4 address', 'an IPv6 address'])}[${member}]);`,
    );
  }

  #string(layout: Layout & { kind: 'string' }, x: string, place: Place): void {
    const { e } = this;
    const size = e.local();
    const sizeOf = layout.size === undefined ? sizeOfText : sizeOfFixedText;
    e.line(`const ${size} = ${e.value(sizeOf)}(${x});`);
    if (layout.size === undefined) {
      this.#unless(`${size} >= 0`, layout, place);
      e.line(`s += ${size};`);
    } else {
      this.#unless(`${size} >= 0 && ${size} < ${layout.size}`, layout, place);
    }
  }

  #elements(layout: Layout & { kind: 'array' | 'list' }, x: string, place: Place): void {
    const { e } = this;
    if (layout.kind === 'list' && isU8(layout.element)) {
      const size = e.local();
      e.line(`const ${size} = ${e.value(sizeOfOctets)}(${x});`);
      this.#unless(`${size} >= 0 && ${size} <= ${layout.max}`, layout, place);
      e.line(`s += ${size};`);
      return;
    }
    const length = layout.kind === 'array' ? `=== ${layout.length}` : `<= ${layout.max}`;
    this.#unless(`Array.isArray(${x}) && ${x}.length ${length}`, layout, place);
    const i = e.local();
    const element = e.local();
    e.line(`p[${place.depth}] = ${place.key};`);
    e.line(`for (let ${i} = 0; ${i} < ${x}.length; ${i}++) {`);
    e.line(`const ${element} = ${x}[${i}];`);
    if (layout.kind === 'list' && isFixed(layout.element))
      e.line(`s += ${minimumOf(layout.element)};`);
    else if (layout.kind === 'list') e.line(`s += ${minimumOf(layout.element)};`);
    this.value(layout.element, element, inside(x, i, place), '-1');
    e.line('}');
  }

  #struct(layout: StructLayout, x: string, place: Place, member: string): void {
    const { e } = this;
    e.line(`p[${place.depth}] = ${place.key};`);
    const size = `${e.value(this.codeOf(layout).check)}(${x}, p, ${place.depth} + 1, ${member})`;
    e.line(layout.fixed ? `${size};` : `s += ${size} - ${layout.minimum};`);
  }

  #union(layout: UnionLayout, x: string, place: Place, member: string): void {
    const { e } = this;
    const { holder, key, depth } = place;
    e.line(`if (${x} instanceof Uint8Array) {`);
    this.#unless(`${x}.length === ${layout.size}`, layout, place);
    e.line('} else {');
    const names = e.value(layout.members.map(({ name }) => name));
    const found = e.local();
    e.line(`const ${found} = ${e.value(memberOf)}(${x}, ${names});`);
    this.#unless(`${found} >= 0`, layout, place);
    e.line(
      `if (${member} >= 0 && ${member} !== ${found}) ${e.value(this.refuse.member)}(p, ${depth}, ${holder}, ${key}, ${names}[${member}]);`,
    );
    e.line(`p[${depth}] = ${key};`);
    e.line(`switch (${found}) {`);
    layout.members.forEach(({ name, layout: inner }, i) => {
      const y = e.local();
      e.line(`case ${i}: { const ${y} = ${property(x, name)};`);
      this.value(inner, y, inside(x, JSON.stringify(name), place), '-1');
      e.line('break; }');
    });
    e.line('} }');
  }
}

const inside = (holder: string, key: string, { depth }: Place): Place => ({
  holder,
  key,
  depth: `${depth} + 1`,
});

const NATIVES = {
  ip4_address: address.isIp4,
  ip6_address: address.isIp6,
  mac_address: address.isMac,
  address: address.isAddress,
  prefix: address.isPrefix,
  ip4_prefix: address.isIp4Prefix,
  ip6_prefix: address.isIp6Prefix,
} as const;
