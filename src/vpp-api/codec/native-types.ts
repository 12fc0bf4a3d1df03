import type { TypeDef } from '../schema/api-schema.js';
import type { Layout, Native } from './layout.js';

type Types = ReadonlyMap<string, TypeDef>;

interface Shape {
  readonly native: Native;
  readonly size: number;
  /** How it is built, written out; see `form`. */
  readonly form: string;
}

const ADDRESS = '(u8{ADDRESS_IP4=0,ADDRESS_IP6=1},(u8[4]|u8[16]))';

const SHAPES: readonly Shape[] = [
  { native: 'ip4_address', size: 4, form: 'u8[4]' },
  { native: 'ip6_address', size: 16, form: 'u8[16]' },
  { native: 'mac_address', size: 6, form: 'u8[6]' },
  { native: 'address_union', size: 16, form: '(u8[4]|u8[16])' },
  { native: 'address', size: 17, form: ADDRESS },
  { native: 'prefix', size: 18, form: `(${ADDRESS},u8)` },
  { native: 'ip4_prefix', size: 5, form: '(u8[4],u8)' },
  { native: 'ip6_prefix', size: 17, form: '(u8[16],u8)' },
];

/**
 * The layout of a type that VPP itself defines (vnet/ip/ip_types.api, ethernet_types.api) and that
 * has a text of its own; undefined for all else, and for a type of that name that is built otherwise.
 */
export function nativeOf(def: TypeDef, types: Types): Layout | undefined {
  const shape = SHAPES.find(({ native }) => native === def.name);
  if (shape?.form !== formOf(def, types, 4)) return undefined;
  return { kind: 'native', native: shape.native, size: shape.size };
}

function formOf(def: TypeDef, types: Types, depth: number): string {
  const inner = (name: string): string => {
    const type = types.get(name);
    return type === undefined || depth === 0 ? name : formOf(type, types, depth - 1);
  };
  const simple = (items: readonly { type: string; repeat: { kind: string } }[]): string[] =>
    items.map(({ type, repeat }) => (repeat.kind === 'one' ? inner(type) : '?'));
  switch (def.kind) {
    case 'alias':
      return def.length === undefined ? inner(def.type) : `${inner(def.type)}[${def.length}]`;
    case 'struct':
      return `(${simple(def.fields).join(',')})`;
    case 'union':
      return `(${simple(def.members).join('|')})`;
    case 'enum':
    case 'flags':
      return `${def.repr}{${[...def.values].map(([name, value]) => `${name}=${value}`).join(',')}}`;
  }
}
