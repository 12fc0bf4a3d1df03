/**
 * Random messages with the bytes that must stand for them, made from VPP's API definitions as they
 * are in JSON and from the wire grammar alone: nothing here comes from src. Value and bytes are made
 * side by side, so that there is no encoder to share a fault with.
 */
import { z } from 'zod';
import { seeded } from './seeded.js';
import { WireBytes } from './vpp-wire-bytes.js';
import { WireValues, widthOf, type Family, type Item } from './vpp-wire-values.js';

export interface Sample {
  readonly give: Record<string, unknown>;
  readonly expect: unknown;
  readonly bytes: Buffer;
}

export interface Header {
  readonly id: number;
  readonly client: number;
  readonly context: number;
}

/** Type and name, then a length and what counts, or properties. */
type Field = readonly [type: string, name: string, ...rest: unknown[]];
const record = z.record(z.string(), z.unknown());
const property = (part: unknown, name: string): unknown => record.safeParse(part).data?.[name];
const aliasShape = z.object({ type: z.string(), length: z.number().optional() });
const inner = (type: string): string => type.replace(/^vl_api_(\w+)_t$/, '$1');

function lists(json: unknown): unknown[][] {
  if (!Array.isArray(json)) throw new Error('not a list');
  return json.filter((item): item is unknown[] => Array.isArray(item));
}

function fieldsOf(parts: readonly unknown[]): Field[] {
  return lists(parts).map(([type, name, ...rest]) => [String(type), String(name), ...rest]);
}

/** A type as it is in JSON, taken apart once. */
interface Definition {
  readonly kind: string;
  readonly fields: readonly Field[];
  readonly alias: { readonly type: string; readonly length?: number | undefined };
  readonly width: number;
  readonly values: readonly Value[];
}

type Value = readonly [name: string, number: number];

const NONE: Definition = { kind: '', fields: [], alias: { type: '' }, width: 0, values: [] };

function definitionOf(kind: string, [, ...parts]: readonly unknown[]): Definition {
  if (kind === 'types' || kind === 'unions') return { ...NONE, kind, fields: fieldsOf(parts) };
  const values = lists(parts).map(([name, value]): Value => [String(name), Number(value)]);
  return { ...NONE, kind, values, width: widthOf(String(property(parts.at(-1), 'enumtype'))) };
}

/** What a release has, and what selects the members of unions. */
class Definitions {
  readonly types = new Map<string, Definition>();
  readonly messages = new Map<string, readonly Field[]>();
  /** `struct.field` of a union: its discriminator. */
  readonly discriminators = new Map<string, string>();
  /** `union.member`: the value that selects it. */
  readonly cases = new Map<string, string>();

  add(json: unknown): void {
    const module = record.parse(json);
    for (const kind of ['types', 'unions', 'enums', 'enumflags']) {
      for (const definition of lists(module[kind])) {
        this.types.set(String(definition[0]), definitionOf(kind, definition));
      }
    }
    for (const [name, alias] of Object.entries(record.parse(module['aliases']))) {
      this.types.set(name, { ...NONE, kind: 'aliases', alias: aliasShape.parse(alias) });
    }
    for (const message of lists(module['messages'])) {
      this.messages.set(String(message[0]), fieldsOf(message));
    }
  }

  learn(json: unknown, untold: ReadonlySet<string>): void {
    const module = record.parse(json);
    for (const [name, ...fields] of lists(module['types'])) {
      for (const [, fieldName, meta] of fieldsOf(fields)) {
        const discriminator = property(meta, 'discriminator');
        if (typeof discriminator !== 'string') continue;
        this.discriminators.set(`${String(name)}.${fieldName}`, discriminator);
      }
    }
    for (const [name, ...members] of lists(module['unions'])) {
      if (untold.has(String(name))) continue;
      for (const [, member, meta] of fieldsOf(members)) {
        this.cases.set(`${String(name)}.${member}`, String(property(meta, 'case')));
      }
    }
  }
}

/** Unions whose members only a declaration tells: their values are not named after them. */
const UNTOLD = new Set(['npol_entry_data', 'npol_ipset_member_val']);

export class WireSampler {
  readonly #definitions = new Definitions();

  /** `declaring`: a release that declares discriminators; they hold for those before it too. */
  constructor(modules: readonly unknown[], declaring: readonly unknown[]) {
    for (const module of modules) this.#definitions.add(module);
    const untold = modules === declaring ? new Set<string>() : UNTOLD;
    for (const module of declaring) this.#definitions.learn(module, untold);
  }

  get names(): string[] {
    return [...this.#definitions.messages.keys()];
  }

  /** The same seed makes the same message. */
  message(name: string, seed: number, { id, client, context }: Header): Sample {
    const [, ...fields] = this.#definitions.messages.get(name) ?? [];
    const bytes = new WireBytes();
    bytes.integer(id, 2);
    for (const [header, value] of [
      ['client_index', client],
      ['context', context],
    ] as const) {
      if (fields[0]?.[1] !== header) continue;
      bytes.integer(value, 4);
      fields.shift();
    }
    const sampling = new Sampling(this.#definitions, new WireValues(seeded(seed), bytes));
    const { give, expect } = sampling.struct(name, fields, undefined);
    return { give: record.parse(give), expect, bytes: bytes.since(0) };
  }
}

class Sampling {
  constructor(
    private readonly definitions: Definitions,
    private readonly values: WireValues,
  ) {}

  /** `family` is that of an address union in it which a field around it selects. */
  struct(name: string, fields: readonly Field[], family: Family | undefined): Item {
    const give: Record<string, unknown> = {};
    const expect: Record<string, unknown> = {};
    for (const one of fields) {
      const item = this.#field(name, one, fields, expect, family);
      if (item.give !== undefined) give[one[1]] = item.give;
      expect[one[1]] = item.expect;
    }
    return { give, expect };
  }

  #field(
    struct: string,
    [type, name, third, count]: Field,
    fields: readonly Field[],
    expect: Readonly<Record<string, unknown>>,
    family: Family | undefined,
  ): Item {
    if (fields.some((other) => other[3] === name)) return this.#count(type);
    if (typeof count === 'string') return this.#array(type, Number(expect[count]));
    if (typeof third === 'number' && type !== 'string') return this.#array(type, third);
    const left = this.#leftOut(type, property(third, 'default'));
    if (left !== undefined) return left;
    const selected = this.#selected(struct, name, expect);
    const within = name === 'nh' ? familyOf(expect['proto']) : (familyOf(selected) ?? family);
    return this.#value(type, typeof third === 'number' ? third : 0, selected, within);
  }

  /** How many there are is told by the list, or by the count as well. */
  #count(type: string): Item {
    const count = this.values.below(4);
    this.values.bytes.integer(count, widthOf(type));
    return { give: this.values.chance(0.5) ? count : undefined, expect: count };
  }

  #selected(struct: string, name: string, expect: Readonly<Record<string, unknown>>): unknown {
    const declared = this.definitions.discriminators.get(`${struct}.${name}`);
    if (declared !== undefined) return expect[declared];
    return struct === 'mprefix' ? expect['af'] : undefined;
  }

  /** Now and then a field that has a default is left out. */
  #leftOut(type: string, value: unknown): Item | undefined {
    const { bytes } = this.values;
    if (value === undefined || this.values.chance(0.5)) return undefined;
    if (type === 'bool') {
      const on = value === 'true' || (value !== 'false' && Boolean(value));
      bytes.integer(Number(on), 1);
      return { give: undefined, expect: on };
    }
    const number = Number(value);
    if (type === 'f64') {
      bytes.double(number);
      return { give: undefined, expect: number };
    }
    const definition = this.definitions.types.get(inner(type));
    if (definition?.kind === 'enums' || definition?.kind === 'enumflags') {
      const { width, values } = definition;
      if (number >= 2 ** (8 * width)) return undefined;
      bytes.integer(number, width);
      const mask = isMask(definition.kind, inner(type));
      return { give: undefined, expect: mask ? namesOf(values, number) : nameOf(values, number) };
    }
    const width = type === 'vl_api_interface_index_t' ? 4 : widthOf(type);
    bytes.integer(number, width);
    return { give: undefined, expect: width === 8 ? BigInt(number) : number };
  }

  #array(type: string, length: number): Item {
    if (type === 'u8') return this.values.octets(length);
    const items = Array.from({ length }, () => this.#value(type, 0, undefined, undefined));
    return { give: items.map(({ give }) => give), expect: items.map(({ expect }) => expect) };
  }

  #value(type: string, length: number, selected: unknown, family: Family | undefined): Item {
    if (!type.startsWith('vl_api_')) return this.values.scalar(type, length);
    const name = inner(type);
    const text = this.values.text(name, family);
    if (text !== undefined) return text;
    const definition = this.definitions.types.get(name);
    if (definition === undefined) throw new Error(`no type ${type}`);
    if (definition.kind === 'aliases') return this.#alias(definition);
    if (definition.kind === 'types') return this.struct(name, definition.fields, family);
    if (definition.kind === 'unions') return this.#union(name, definition.fields, selected);
    return this.#enum(name, definition);
  }

  #alias({ alias: { type, length } }: Definition): Item {
    if (length !== undefined) return this.#array(type, length);
    return this.#value(type, 0, undefined, undefined);
  }

  #enum(name: string, { kind, width, values }: Definition): Item {
    if (isMask(kind, name)) {
      const chosen = values.filter(() => this.values.chance(0.4));
      const mask = chosen.reduce((all, value) => all | BigInt(value[1]), 0n);
      this.values.bytes.integer(mask, width);
      const give = this.values.chance(0.8) ? chosen.map((value) => value[0]) : Number(mask);
      return { give, expect: namesOf(values, Number(mask)) };
    }
    const [chosen, number] = values[this.values.below(values.length)] ?? ['', 0];
    this.values.bytes.integer(number, width);
    return { give: this.values.chance(0.8) ? chosen : number, expect: nameOf(values, number) };
  }

  /** The member that the discriminator selects; octets where nothing does. */
  #union(name: string, members: readonly Field[], selected: unknown): Item {
    const size = Math.max(...members.map(([type]) => this.#sizeOf(type)));
    const { bytes } = this.values;
    const start = bytes.length;
    const byCase = members.find(
      ([, member]) => this.definitions.cases.get(`${name}.${member}`) === selected,
    );
    const known = selected === undefined ? undefined : byCase;
    const [type, member] = known ?? members[this.values.below(members.length)] ?? ['u8', ''];
    const { give, expect } = this.#value(type, 0, undefined, undefined);
    bytes.zeros(start + size - bytes.length);
    const octets = bytes.since(start);
    if (known !== undefined) {
      const form = this.values.chance(0.2) ? octets : { [member]: give };
      return { give: form, expect: { [member]: expect } };
    }
    return { give: this.values.chance(0.5) ? octets : { [member]: give }, expect: octets };
  }

  /** Members of unions have a fixed size, so that one of them written tells it. */
  #sizeOf(type: string): number {
    const trial = new WireValues(seeded(1), new WireBytes());
    new Sampling(this.definitions, trial).#value(type, 0, undefined, undefined);
    return trial.bytes.length;
  }
}

const MASKS = new Set([
  'flow_action',
  'flow_action_v2',
  'gtpu_forwarding_type',
  'pnat_mask',
  'virtio_net_features_first_32',
]);

/** Enums that are bit masks though VPP's files do not call them so. */
function isMask(kind: string, name: string): boolean {
  if (kind === 'enumflags') return true;
  if (name.includes('flag')) return name !== 'trace_filter_flag';
  return MASKS.has(name);
}

const nameOf = (values: readonly Value[], number: number): string | number =>
  values.find((value) => value[1] === number)?.[0] ?? number;

/** Single bits in the order of the definition; no release has a name for several bits only. */
function namesOf(values: readonly Value[], mask: number): string[] {
  const single = values.filter(([, number]) => Number.isInteger(Math.log2(number)));
  return single.filter(([, bit]) => Math.floor(mask / bit) % 2 === 1).map(([name]) => name);
}

function familyOf(selected: unknown): Family | undefined {
  if (typeof selected !== 'string') return undefined;
  return selected.endsWith('_IP4') ? 4 : selected.endsWith('_IP6') ? 6 : undefined;
}
