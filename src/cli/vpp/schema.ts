/**
 * The messages of a VPP, as far as nfvctl looks at them. Whoever connects has them in this form; see
 * docs/vpp-api.md for what the types are on the wire.
 */

export type VppRepeat =
  | { readonly kind: 'one' }
  | { readonly kind: 'fixed'; readonly length: number }
  /** As many as the field `count` of the same struct says. */
  | { readonly kind: 'counted'; readonly count: string };

export interface VppField {
  readonly name: string;
  /** A scalar (`u32`, `string`, ...), or a key of `VppSchema.types`. */
  readonly type: string;
  readonly repeat: VppRepeat;
  /** A field that has one may be left out. */
  readonly default: string | number | boolean | undefined;
}

export type VppType =
  | { readonly kind: 'struct'; readonly name: string; readonly fields: readonly VppField[] }
  | {
      readonly kind: 'union';
      readonly name: string;
      readonly members: readonly Omit<VppField, 'default'>[];
    }
  | {
      /** `flags`: values are or-ed together. */
      readonly kind: 'enum' | 'flags';
      readonly name: string;
      readonly repr: string;
      readonly values: ReadonlyMap<string, number>;
    }
  | {
      readonly kind: 'alias';
      readonly name: string;
      readonly type: string;
      /** `u8[6]`: 6. */
      readonly length: number | undefined;
    };

export interface VppMessage {
  readonly name: string;
  /** Eight hexadecimal digits. */
  readonly crc: string;
  /** `name_crc` */
  readonly key: string;
  readonly module: string;
  /** Without the header. */
  readonly fields: readonly VppField[];
  readonly options: ReadonlyMap<string, string>;
}

export interface VppService {
  readonly request: string;
  readonly reply: string | undefined;
  /** Any number of `reply`. */
  readonly stream: boolean;
  /** Any number of these, then one `reply`. */
  readonly streamMessage: string | undefined;
  readonly events: readonly string[];
}

export interface VppSchema {
  readonly messages: ReadonlyMap<string, VppMessage>;
  readonly types: ReadonlyMap<string, VppType>;
  /** By request. */
  readonly services: ReadonlyMap<string, VppService>;
  /** By name. */
  readonly modules: ReadonlyMap<string, unknown>;
}
