import type { ApiSchema, FieldDef, MessageDef, Repeat, TypeDef } from './api-schema.js';

/** One of two definitions and the schema that has its types. */
export interface Side {
  readonly def: MessageDef;
  readonly schema: ApiSchema;
}

/** Deeper types than VPP has; keeps a type that contains itself from going on for ever. */
const MAX_DEPTH = 16;

/**
 * The first field in which two definitions of a message differ, in the order of the wire:
 * `route.paths[].weight: u8, known as u16`. Values of enums count only where all else is the same:
 * VPP adds some under the same CRC. Undefined when nothing differs that shows on the wire.
 */
export function firstDifference(actual: Side, known: Side): string | undefined {
  if (header(actual.def) !== header(known.def)) {
    return `header: ${header(actual.def)}, known as ${header(known.def)}`;
  }
  const differ = (values: boolean): string | undefined =>
    fieldsDiffer({ actual, known, values }, actual.def.fields, known.def.fields, '', MAX_DEPTH);
  return differ(false) ?? differ(true);
}

interface Comparison {
  readonly actual: Side;
  readonly known: Side;
  /** Look at the values of enums too. */
  readonly values: boolean;
}

const header = ({ hasClientIndex, hasContext }: MessageDef): string =>
  ['id', hasClientIndex ? 'client_index' : '', hasContext ? 'context' : '']
    .filter(Boolean)
    .join(' ');

type Item = Pick<FieldDef, 'name' | 'type' | 'repeat'>;

function fieldsDiffer(
  compared: Comparison,
  ours: readonly Item[],
  theirs: readonly Item[],
  path: string,
  depth: number,
): string | undefined {
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    const [a, b] = [ours[i], theirs[i]];
    if (a === undefined) return `${path}${b?.name ?? ''}: not there, known as ${shape(b)}`;
    if (b === undefined) return `${path}${a.name}: ${shape(a)}, not known`;
    if (a.name !== b.name) {
      return `${path}${a.name}: ${shape(a)} in the place of ${b.name}, ${shape(b)}`;
    }
    const found = itemsDiffer(compared, a, b, path, depth);
    if (found !== undefined) return found;
  }
  return undefined;
}

function itemsDiffer(
  compared: Comparison,
  a: Item,
  b: Item,
  path: string,
  depth: number,
): string | undefined {
  const place = `${path}${a.name}`;
  const [ours, theirs] = [
    compared.actual.schema.types.get(a.type),
    compared.known.schema.types.get(b.type),
  ];
  const sameName = (ours?.name ?? a.type) === (theirs?.name ?? b.type);
  if (!sameName || text(a.repeat) !== text(b.repeat)) {
    return `${place}: ${shape(a)}, known as ${shape(b)}`;
  }
  if (ours === undefined || theirs === undefined || depth === 0) return undefined;
  const inner = `${place}${a.repeat.kind === 'one' ? '' : '[]'}`;
  return typesDiffer(compared, ours, theirs, inner, depth - 1);
}

function typesDiffer(
  compared: Comparison,
  a: TypeDef,
  b: TypeDef,
  place: string,
  depth: number,
): string | undefined {
  const [x, y] = [itemsOf(a), itemsOf(b)];
  if (x !== undefined && y !== undefined) {
    return fieldsDiffer(compared, x, y, a.kind === 'alias' ? `${place} as ` : `${place}.`, depth);
  }
  if ('values' in a && 'values' in b) return enumsDiffer(a, b, place, compared.values);
  return a.kind === b.kind ? undefined : `${place}: ${a.kind}, known as ${b.kind}`;
}

function itemsOf(type: TypeDef): readonly Item[] | undefined {
  if (type.kind === 'struct') return type.fields;
  if (type.kind === 'union') return type.members;
  if (type.kind !== 'alias') return undefined;
  const { name, length } = type;
  const repeat: Repeat = length === undefined ? { kind: 'one' } : { kind: 'fixed', length };
  return [{ name, type: type.type, repeat }];
}

function enumsDiffer(
  a: TypeDef & { values: ReadonlyMap<string, number> },
  b: TypeDef & { values: ReadonlyMap<string, number> },
  place: string,
  values: boolean,
): string | undefined {
  if ('repr' in a && 'repr' in b && a.repr !== b.repr) {
    return `${place}: enum of ${a.repr}, known as ${b.repr}`;
  }
  if (!values) return undefined;
  for (const [name, value] of a.values) {
    const known = b.values.get(name);
    if (known === undefined) return `${place}: has value ${name}, not known`;
    if (known !== value) return `${place}: ${name} is ${value}, known as ${known}`;
  }
  const gone = [...b.values.keys()].find((name) => !a.values.has(name));
  return gone === undefined ? undefined : `${place}: lacks value ${gone}`;
}

function shape(item: Item | undefined): string {
  return item === undefined ? '' : `${item.type}${text(item.repeat)}`;
}

function text(repeat: Repeat): string {
  if (repeat.kind === 'one') return '';
  return `[${repeat.kind === 'fixed' ? repeat.length : repeat.count}]`;
}
