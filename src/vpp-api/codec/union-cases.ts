import type { EnumDef, FieldDef, StructDef, TypeDef, UnionDef } from '../schema/api-schema.js';

type Types = ReadonlyMap<string, TypeDef>;

export interface Cases {
  readonly discriminator: FieldDef;
  /** Number of the member by value of the discriminator. */
  readonly cases: ReadonlyMap<number, number>;
}

/**
 * What selects the member of the union in `field`: the declared discriminator (VPP 26.06 and later).
 * For earlier releases, an enum field before it in the same struct in which each member has exactly
 * one value: `ADDRESS_IP4` is `ip4`, `FLOW_TYPE_ETHERNET_V2` is `ethernet`. So is the address in
 * fib_path.nh selected by fib_path.proto, which no release declares.
 */
export function casesOf(field: FieldDef, struct: StructDef, types: Types): Cases | undefined {
  if (field.repeat.kind !== 'one') return undefined;
  const union = unionIn(field.type, types);
  if (union === undefined) return undefined;
  const before = struct.fields.slice(0, struct.fields.indexOf(field));
  for (const discriminator of before.reverse()) {
    if (discriminator.repeat.kind !== 'one') continue;
    const def = types.get(discriminator.type);
    if (def?.kind !== 'enum') continue;
    const declared = field.discriminator === discriminator.name;
    const cases = declared ? declaredCases(union, def) : matchingCases(union, def);
    if (cases !== undefined) return { discriminator, cases };
  }
  return undefined;
}

/** The union itself, or the address union in a struct such as fib_path_nh. */
function unionIn(type: string, types: Types): UnionDef | undefined {
  const def = types.get(type);
  if (def?.kind === 'union') return def;
  if (def?.kind !== 'struct') return undefined;
  const inner = def.fields.map((field) => types.get(field.type));
  const found = inner.find((one) => one?.name === 'address_union');
  const selectedInside = inner.some((one) => one?.kind === 'enum');
  return found?.kind === 'union' && !selectedInside ? found : undefined;
}

function declaredCases(union: UnionDef, { values }: EnumDef): ReadonlyMap<number, number> {
  const cases = new Map<number, number>();
  union.members.forEach((member, i) => {
    const value = member.case === undefined ? undefined : values.get(member.case);
    if (value !== undefined) cases.set(value, i);
  });
  return cases;
}

function matchingCases(
  union: UnionDef,
  { values }: EnumDef,
): ReadonlyMap<number, number> | undefined {
  const cases = new Map<number, number>();
  for (const [i, member] of union.members.entries()) {
    const end = `_${member.name.toUpperCase()}`;
    const matching = [...values].filter(([name]) => name.replace(/_V\d+$/, '').endsWith(end));
    const [only] = matching;
    if (only === undefined || matching.length > 1) return undefined;
    cases.set(only[1], i);
  }
  return cases;
}
