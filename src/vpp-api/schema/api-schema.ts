/**
 * VPP's API definitions after parsing: names resolved, shapes checked, nothing compiled. Built by
 * parse-module.ts from what VPP's own `vppapigen` writes (`*.api.json`, `get_api_json`).
 */

export type IntegerType = 'u8' | 'u16' | 'u32' | 'u64' | 'i8' | 'i16' | 'i32' | 'i64';
export type ScalarType = IntegerType | 'bool' | 'f64' | 'string';

/** How often a field's type stands in it. */
export type Repeat =
  | { readonly kind: 'one' }
  /** `u32 mtu[4]`; of a string: its size in bytes with the NUL. */
  | { readonly kind: 'fixed'; readonly length: number }
  /** `T paths[n_paths]`: as many as the integer field `count` of the same struct says. */
  | { readonly kind: 'counted'; readonly count: string };

export interface FieldDef {
  readonly name: string;
  /** A scalar, or a key of `ApiSchema.types`. */
  readonly type: string;
  readonly repeat: Repeat;
  /** What the definition declares; a field that has one may be left out. */
  readonly default: string | number | boolean | undefined;
  /** Of a union: the field of the same struct whose enum value selects the member. */
  readonly discriminator: string | undefined;
}

export interface StructDef {
  readonly kind: 'struct';
  readonly name: string;
  readonly fields: readonly FieldDef[];
}

export interface UnionMember {
  readonly name: string;
  readonly type: string;
  readonly repeat: Repeat;
  /** The name of the discriminator's value that selects this member. */
  readonly case: string | undefined;
}

export interface UnionDef {
  readonly kind: 'union';
  readonly name: string;
  readonly members: readonly UnionMember[];
}

export interface EnumDef {
  /** `flags`: values are or-ed together. */
  readonly kind: 'enum' | 'flags';
  readonly name: string;
  readonly repr: IntegerType;
  readonly values: ReadonlyMap<string, number>;
}

export interface AliasDef {
  readonly kind: 'alias';
  readonly name: string;
  readonly type: string;
  /** `u8[6]`: 6. */
  readonly length: number | undefined;
}

export type TypeDef = StructDef | UnionDef | EnumDef | AliasDef;

export interface MessageDef {
  readonly name: string;
  /** Eight hexadecimal digits: `51077d14`. */
  readonly crc: string;
  /** `name_crc`, as VPP's message table has it. */
  readonly key: string;
  /** The API module it is from: `vxlan`. */
  readonly module: string;
  /** Has `u32 client_index` after the message id. */
  readonly hasClientIndex: boolean;
  /** Has `u32 context` after that. */
  readonly hasContext: boolean;
  /** Without the header. */
  readonly fields: readonly FieldDef[];
  /** `deprecated`, `in_progress`, ... with their values, '' where there is none. */
  readonly options: ReadonlyMap<string, string>;
}

/** What VPP answers to a request. */
export interface ServiceDef {
  readonly request: string;
  /** Undefined: nothing comes back. */
  readonly reply: string | undefined;
  /** `_dump`: any number of `reply`. */
  readonly stream: boolean;
  /** `_get`: any number of these, then one `reply`. */
  readonly streamMessage: string | undefined;
  /** What comes unasked after a `want_`. */
  readonly events: readonly string[];
}

export interface ModuleDef {
  readonly name: string;
  /** `option version` of the module; '' if it has none. */
  readonly version: string;
  readonly options: ReadonlyMap<string, string>;
}

export interface ApiSchema {
  readonly messages: ReadonlyMap<string, MessageDef>;
  /**
   * By the name that fields refer to. Two modules that define one name differently keep both: the
   * later one's is `name@module`.
   */
  readonly types: ReadonlyMap<string, TypeDef>;
  /** By request. */
  readonly services: ReadonlyMap<string, ServiceDef>;
  readonly modules: ReadonlyMap<string, ModuleDef>;
}
