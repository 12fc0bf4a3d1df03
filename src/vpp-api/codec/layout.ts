import type { IntegerType } from '../schema/api-schema.js';
import type { EnumTable } from './enum-table.js';
import { bytesOf } from './integer-types.js';
import type { FlagsTable, WideFlagsTable } from './flags-table.js';

/** VPP's own types that have a text of their own. */
export type Native =
  | 'ip4_address'
  | 'ip6_address'
  | 'mac_address'
  | 'address_union'
  | 'address'
  | 'prefix'
  | 'ip4_prefix'
  | 'ip6_prefix';

/** How a value lies in a message; what the emitters make code from. Types are looked up once. */
export type Layout =
  | { readonly kind: 'integer'; readonly type: IntegerType }
  | { readonly kind: 'bool' }
  | { readonly kind: 'f64' }
  | { readonly kind: 'enum'; readonly repr: IntegerType; readonly table: EnumTable }
  /** `repr` is unsigned. */
  | {
      readonly kind: 'flags';
      readonly repr: IntegerType;
      readonly table: FlagsTable | WideFlagsTable;
    }
  | { readonly kind: 'native'; readonly native: Native; readonly size: number }
  /** `size` with the NUL; undefined: u32 length and as many bytes. */
  | { readonly kind: 'string'; readonly size: number | undefined }
  /** u8[length] */
  | { readonly kind: 'bytes'; readonly length: number }
  | { readonly kind: 'array'; readonly element: Layout; readonly length: number }
  /** T[count], its length in another field of the struct; of u8: bytes. */
  | {
      readonly kind: 'list';
      readonly element: Layout;
      readonly count: string;
      /** The largest number that the count can hold. */
      readonly max: number;
    }
  | StructLayout
  | UnionLayout;

export interface FieldLayout {
  readonly name: string;
  readonly layout: Layout;
  /** Written when the field is left out: as it goes on the wire. */
  readonly default: number | bigint | undefined;
  /** The list whose elements this field counts: it may be left out. */
  readonly counts: string | undefined;
  readonly selector: Selector | undefined;
}

/** The field of the same struct whose enum value says what a union holds. */
export interface Selector {
  readonly field: string;
  readonly table: EnumTable;
  /** Number of the member by value. */
  readonly cases: ReadonlyMap<number, number>;
}

export interface StructLayout {
  readonly kind: 'struct';
  readonly name: string;
  readonly fields: readonly FieldLayout[];
  /** Bytes that are always there; all of them when `fixed`. */
  readonly minimum: number;
  readonly fixed: boolean;
  /** Values hold an address union that a field of the struct around them selects. */
  readonly selected: boolean;
}

export interface UnionLayout {
  readonly kind: 'union';
  readonly name: string;
  readonly members: readonly { readonly name: string; readonly layout: Layout }[];
  readonly size: number;
}

/** Bytes that a value of this layout takes at least. */
export function minimumOf(layout: Layout): number {
  switch (layout.kind) {
    case 'integer':
      return bytesOf(layout.type);
    case 'bool':
      return 1;
    case 'f64':
      return 8;
    case 'enum':
    case 'flags':
      return bytesOf(layout.repr);
    case 'native':
    case 'union':
      return layout.size;
    case 'string':
      return layout.size ?? 4;
    case 'bytes':
      return layout.length;
    case 'array':
      return layout.length * minimumOf(layout.element);
    case 'list':
      return 0;
    case 'struct':
      return layout.minimum;
  }
}

/** Every value of this layout has the same size. */
export function isFixed(layout: Layout): boolean {
  if (layout.kind === 'array') return isFixed(layout.element);
  if (layout.kind === 'struct') return layout.fixed;
  return layout.kind !== 'list' && (layout.kind !== 'string' || layout.size !== undefined);
}

/** An array of these is a Buffer. */
export const isU8 = (layout: Layout): boolean => layout.kind === 'integer' && layout.type === 'u8';
