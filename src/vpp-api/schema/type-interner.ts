import type { FieldDef, TypeDef } from './api-schema.js';
import { aliasAt, enumAt, fieldsAt, isScalar, unionAt } from './parse-definition.js';
import { isRecord, listAt, nameAt, type At } from './json-shape.js';

export type TypeKind = 'types' | 'unions' | 'enums' | 'enumflags' | 'aliases';

/** A type as its module has it, not yet looked at. */
export interface RawType {
  readonly kind: TypeKind;
  readonly name: string;
  readonly json: unknown;
  readonly at: At;
}

/** The types that one module can see: each file repeats what it imports. */
export interface Scope {
  readonly module: string;
  readonly types: ReadonlyMap<string, RawType>;
  /** Name in the module to name in the schema. */
  readonly ids: Map<string, string>;
}

interface Known {
  readonly raw: RawType;
  readonly id: string;
  /** What it refers to: name in its module, name in the schema. */
  readonly references: ReadonlyMap<string, string>;
}

/**
 * Gives every distinct type one name in the schema. Modules repeat what they import, word by word:
 * that is parsed once. What two modules define differently under one name stays apart.
 */
export class TypeInterner {
  readonly types = new Map<string, TypeDef>();
  readonly #known = new Map<string, Known[]>();

  /** The schema's name of what `name` is in the module. A type nobody defines keeps its name. */
  resolve(scope: Scope, name: string): string {
    const done = scope.ids.get(name);
    if (done !== undefined) return done;
    const raw = scope.types.get(name);
    if (raw === undefined || isScalar(name)) return name;
    // A type that contains itself ends here; compiling it is refused later.
    scope.ids.set(name, name);
    const same = this.#known.get(name)?.find((known) => this.#isSame(scope, raw, known));
    const id = same?.id ?? this.#add(scope, raw);
    scope.ids.set(name, id);
    return id;
  }

  fields(scope: Scope, fields: readonly FieldDef[]): FieldDef[] {
    return fields.map((field) => ({ ...field, type: this.resolve(scope, field.type) }));
  }

  #isSame(scope: Scope, raw: RawType, known: Known): boolean {
    if (raw.kind !== known.raw.kind || !sameJson(raw.json, known.raw.json)) return false;
    for (const [name, id] of known.references) {
      if (this.resolve(scope, name) !== id) return false;
    }
    return true;
  }

  #add(scope: Scope, raw: RawType): string {
    const parsed = parse(raw);
    const references = new Map<string, string>();
    const refer = <T extends { readonly type: string }>(item: T): T => {
      const type = this.resolve(scope, item.type);
      references.set(item.type, type);
      return { ...item, type };
    };
    const id = this.#freeName(raw.name, scope.module);
    this.types.set(id, referring(parsed, refer));
    const known = this.#known.get(raw.name) ?? [];
    known.push({ raw, id, references });
    this.#known.set(raw.name, known);
    return id;
  }

  #freeName(name: string, module: string): string {
    let id = name;
    for (let n = 1; this.types.has(id); n++) id = `${name}@${module}${n === 1 ? '' : n}`;
    return id;
  }
}

function parse(raw: RawType): TypeDef {
  if (raw.kind === 'aliases') return aliasAt(raw.name, raw.json, raw.at);
  const definition = listAt(raw.json, raw.at);
  switch (raw.kind) {
    case 'types':
      return {
        kind: 'struct',
        name: nameAt(definition[0], raw.at),
        fields: fieldsAt(definition, raw.at),
      };
    case 'unions':
      return unionAt(definition, raw.at);
    case 'enums':
      return enumAt('enum', definition, raw.at);
    case 'enumflags':
      return enumAt('flags', definition, raw.at);
  }
}

function referring(
  def: TypeDef,
  refer: <T extends { readonly type: string }>(item: T) => T,
): TypeDef {
  switch (def.kind) {
    case 'struct':
      return { ...def, fields: def.fields.map(refer) };
    case 'union':
      return { ...def, members: def.members.map(refer) };
    case 'alias':
      return refer(def);
    case 'enum':
    case 'flags':
      return def;
  }
}

/** The same but for comments, which some files carry and others do not. */
function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    if (!Array.isArray(b)) return false;
    const length = lengthWithoutComment(a);
    if (length !== lengthWithoutComment(b)) return false;
    for (let i = 0; i < length; i++) if (!sameJson(a[i], b[i])) return false;
    return true;
  }
  if (!isRecord(a) || !isRecord(b)) return false;
  for (const key in a) if (key !== 'comment' && !sameJson(a[key], b[key])) return false;
  for (const key in b) if (key !== 'comment' && !(key in a)) return false;
  return true;
}

/** A comment is the only property of some definitions, and the last part of all. */
function lengthWithoutComment(list: readonly unknown[]): number {
  const last = list.at(-1);
  const onlyComment = isRecord(last) && 'comment' in last && Object.keys(last).length === 1;
  return onlyComment ? list.length - 1 : list.length;
}
