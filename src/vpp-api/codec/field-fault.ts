import { NfvError, type FieldViolation } from '../../errors.js';
import { nearestNames } from '../nearest-name.js';
import { bytesOf, rangeOf } from './integer-types.js';
import { type Layout, type Native, type StructLayout } from './layout.js';
import { memberOf, sizeOfOctets } from './octets.js';

type Path = readonly (string | number)[];

/** What the generated code calls when a value is not right. Each throws. */
export interface Refuse {
  /** The value of `holder` at `key` is not one of `layout`. */
  readonly value: (
    path: Path,
    depth: number,
    holder: object,
    key: string | number,
    layout: Layout,
  ) => never;
  /** Not an object at all. */
  readonly object: (path: Path, depth: number, value: unknown, layout: StructLayout) => never;
  /** Has other keys than the struct. */
  readonly keys: (path: Path, depth: number, value: object, layout: StructLayout) => void;
  /** A count that is not the length of its list. */
  readonly count: (path: Path, depth: number, holder: object, key: string, length: number) => never;
  /** A union whose discriminator selects `wanted`. */
  readonly member: (
    path: Path,
    depth: number,
    holder: object,
    key: string | number,
    wanted: string,
  ) => never;
}

/** A way to a field as JSON pointer (RFC 6901); names have no character to escape. */
const pointer = (path: Path, depth: number, ...more: readonly (string | number)[]): string =>
  [...path.slice(0, depth), ...more].map((part) => `/${part}`).join('');

const read = (holder: object, key: string | number): unknown => Reflect.get(holder, key);

/** `messageName` is asked when there is something to tell. */
export function createRefuse(messageName: () => string): Refuse {
  const fail = (field: string, value: unknown, reason: string, remedy: string): never => {
    throw fieldFault(messageName(), [{ field, value: showValue(value), reason, remedy }]);
  };
  return {
    value: (path, depth, holder, key, layout) => {
      const value = read(holder, key);
      const field = pointer(path, depth, key);
      if (value === undefined) return fail(field, '', ...missing(holder, key, layout));
      return fail(field, value, reasonFor(layout, value), `give ${describe(layout)}`);
    },
    object: (path, depth, value, layout) =>
      fail(
        pointer(path, depth),
        value,
        value === undefined ? 'missing' : 'not an object',
        `give ${describe(layout)}`,
      ),
    keys: (path, depth, value, layout) => {
      const unknown = unknownKey(value, layout);
      if (unknown === undefined) return;
      const known = layout.fields.map(({ name }) => name);
      const [near] = nearestNames(unknown, known, 1);
      fail(
        pointer(path, depth, unknown),
        read(value, unknown),
        `unknown field of ${layout.name}`,
        near === undefined
          ? `give only ${known.join(', ') || 'no field'}`
          : `did you mean ${near}?`,
      );
    },
    count: (path, depth, holder, key, length) =>
      fail(
        pointer(path, depth, key),
        read(holder, key),
        `not the number of elements, ${length}`,
        'leave it out, or give the number of elements',
      ),
    member: (path, depth, holder, key, wanted) =>
      fail(
        pointer(path, depth, key),
        read(holder, key),
        `not what its discriminator says, ${wanted}`,
        `give ${wanted}, or change the discriminator`,
      ),
  };
}

function unknownKey(value: object, { fields }: StructLayout): string | undefined {
  return Object.keys(value).find((key) => !fields.some(({ name }) => name === key));
}

/** The object has no key that the struct does not have. */
export function knowsKeysOf(value: object, layout: StructLayout): boolean {
  return unknownKey(value, layout) === undefined;
}

function fieldFault(message: string, violations: readonly FieldViolation[]): NfvError {
  const [first] = violations;
  const text = violations
    .map((v) => `${v.field || '/'}: ${v.value === '' ? '' : `${v.value}: `}${v.reason}`)
    .join('; ');
  return new NfvError('VPP_FIELD_INVALID', `${message}: ${text}`, {
    violations,
    ...(first === undefined ? {} : { remedy: first.remedy }),
  });
}

/** Like `show` of errors.ts, which cannot show what JSON does not have. */
function showValue(value: unknown): string {
  const text = textOf(value);
  return text.length <= 120 ? text : `${text.slice(0, 117)}...`;
}

function textOf(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `${value.length} elements`;
  if (typeof value === 'object' && value !== null) return `{${Object.keys(value).join(', ')}}`;
  return typeof value === 'boolean' || value === null ? String(value) : typeof value;
}

/** Reason and remedy; a name that was misspelt stands in the same object. */
function missing(
  holder: object,
  key: string | number,
  layout: Layout,
): readonly [reason: string, remedy: string] {
  const [near] = typeof key === 'string' ? nearestNames(key, Object.keys(holder), 1) : [];
  const hint = near === undefined || near === key ? '' : ` (there is ${near})`;
  return [`missing${hint}`, `give ${describe(layout)}`];
}

function reasonFor(layout: Layout, value: unknown): string {
  switch (layout.kind) {
    case 'integer':
      return integerReason(value, ...rangeOf(layout.type));
    case 'enum': {
      const [near] = typeof value === 'string' ? nearestNames(value, layout.table.names, 1) : [];
      return near === undefined ? 'not a value of this enum' : `no such value; there is ${near}`;
    }
    case 'string':
      if (typeof value !== 'string') return 'not a string';
      if (layout.size !== undefined && value.includes('\0')) return 'has a NUL';
      if (/\p{Surrogate}/u.test(value)) return 'not well-formed Unicode';
      return `${Buffer.byteLength(value)} bytes, too long`;
    case 'array':
    case 'list':
    case 'bytes':
      return lengthReason(value);
    case 'union':
      return memberOf(
        value,
        layout.members.map(({ name }) => name),
      ) < 0 && !(value instanceof Uint8Array)
        ? 'not one member'
        : 'not of that length';
    default:
      return `not ${describe(layout)}`;
  }
}

function lengthReason(value: unknown): string {
  if (Array.isArray(value)) return `${value.length} elements`;
  const octets = sizeOfOctets(value);
  return octets < 0 ? 'not a list' : `${octets} bytes`;
}

function integerReason(value: unknown, min: bigint, max: bigint): string {
  if (typeof value !== 'number' && typeof value !== 'bigint') return 'not an integer';
  if (typeof value === 'number' && !Number.isInteger(value)) return 'not an integer';
  if (value < min || value > max) return 'out of range';
  return typeof value === 'bigint' ? 'a bigint where a number fits' : 'not a safe integer';
}

const NATIVE: Readonly<Record<Native, string>> = {
  ip4_address: 'an IPv4 address',
  ip6_address: 'an IPv6 address',
  mac_address: 'a MAC address, 02:00:00:00:00:01',
  address_union: 'an IPv4 or IPv6 address',
  address: 'an IPv4 or IPv6 address',
  prefix: 'a prefix, 10.0.0.0/24 or fd00::/64',
  ip4_prefix: 'an IPv4 prefix, 10.0.0.0/24',
  ip6_prefix: 'an IPv6 prefix, fd00::/64',
};

/** What would be right, after "give". */
function describe(layout: Layout): string {
  switch (layout.kind) {
    case 'integer': {
      const [min, max] = rangeOf(layout.type);
      return `${bytesOf(layout.type) === 8 ? 'a bigint or safe integer' : 'an integer'} from ${min} to ${max}`;
    }
    case 'bool':
      return 'true or false';
    case 'f64':
      return 'a finite number';
    case 'enum':
      return `one of ${some(layout.table.names)}`;
    case 'flags':
      return `a list of ${some(layout.table.names)}`;
    case 'native':
      return NATIVE[layout.native];
    case 'string':
      return layout.size === undefined
        ? 'a string'
        : `a string of at most ${layout.size - 1} bytes`;
    case 'bytes':
      return `a Buffer or hexadecimal digits of ${layout.length} bytes`;
    case 'array':
      return `a list of just ${layout.length}`;
    case 'list':
      return `a list of at most ${layout.max}`;
    case 'struct':
      return `an object with ${layout.fields.map(({ name }) => name).join(', ') || 'no field'}`;
    case 'union':
      return `an object with one of ${layout.members.map(({ name }) => name).join(', ')}, or a Buffer of ${layout.size} bytes`;
  }
}

function some(names: Iterable<string>): string {
  const all = [...names];
  return all.length <= 12 ? all.join(', ') : `${all.slice(0, 12).join(', ')}, ...`;
}
