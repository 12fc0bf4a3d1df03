import { invalidField, invalidFields } from '../../errors.js';
import type { Collection } from '../../model/names.js';
import type { Timestamp, Timestamp__Output } from '../gen/google/protobuf/Timestamp.js';

/** What the handlers need to know of the message that a request carries a resource in. */
export interface WireRequest<Spec, WireOut> {
  readonly collection: Collection;
  /** Wire name of each field that a user sets, and its name in the model. */
  readonly fields: Readonly<Record<string, keyof Spec & string>>;
  /** The fields that are set, by their wire names (AIP-134's implied mask). */
  readonly setFields: (wire: WireOut) => string[];
  /**
   * What a user asks for, defaults filled in. Only `fields` must be present and right: an update
   * need not repeat the rest.
   */
  readonly specFromWire: (wire: WireOut, fields: readonly (keyof Spec)[]) => Spec;
}

/** The same, and both ways, for the client. */
export interface WireType<Spec, Resource, Wire, WireOut> extends WireRequest<Spec, WireOut> {
  readonly specToWire: (spec: Spec) => Wire;
  readonly toWire: (resource: Resource) => Wire;
  readonly fromWire: (wire: WireOut) => Resource;
}

/** The wire names of those fields that are set. */
export function namesOfSet(set: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(set).flatMap(([field, is]) => (is ? [field] : []));
}

/** RFC 3339 to google.protobuf.Timestamp; null for an empty text. */
export function toTimestamp(text: string): Timestamp | null {
  if (text === '') return null;
  const ms = Date.parse(text);
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: (ms - seconds * 1000) * 1_000_000 };
}

/** google.protobuf.Timestamp to RFC 3339 with milliseconds; empty for null. */
export function fromTimestamp(time: Timestamp__Output | null): string {
  if (time === null) return '';
  const ms = time.seconds * 1000 + Math.floor(time.nanos / 1_000_000);
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) {
    throw invalidField('time', ms, 'out of range', 'give a time in the years 1-9999');
  }
  return date.toISOString();
}

/** An int64 or uint64 that fits JavaScript's integers, 0 or more. */
export function fromInteger(field: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw invalidField(field, value, 'out of range', 'give 0 to 9007199254740991');
  }
  return value;
}

/** A two-way table between the names of an enum in the model and on the wire. */
export class EnumTable<Model extends string, Wire extends string> {
  constructor(
    private readonly models: readonly Model[],
    private readonly wires: Readonly<Record<Model, Wire>>,
  ) {}

  toWire(value: Model): Wire {
    return this.wires[value];
  }

  /**
   * `fallback` is for the unspecified value; without one it is an error, as is any value that
   * this table does not have: the decoder passes numbers on that the enum does not name.
   */
  fromWire(field: string, value: string | number, fallback?: Model): Model {
    const found = this.models.find((model) => this.wires[model] === value);
    if (found !== undefined) return found;
    if (fallback !== undefined && String(value).endsWith('_UNSPECIFIED')) return fallback;
    throw invalidField(
      field,
      value,
      'not a value of this enum',
      `give one of ${this.models.map((model) => this.wires[model]).join(', ')}`,
    );
  }

  /** Some of them, as whoever looks for a long time names them: what there is a million of is not kept so long. */
  someFromWire(field: string, values: readonly (string | number)[]): Model[] {
    if (values.length <= this.models.length) {
      return values.map((value, i) => this.fromWire(`${field}[${i}]`, value));
    }
    throw invalidField(field, `${values.length} of them`, 'more than there are', 'name each once');
  }
}

/** The fields that an update is about, by their names in the model. */
export function fieldsToChange<Spec, WireOut>(
  type: WireRequest<Spec, WireOut>,
  wire: WireOut,
  mask: { readonly paths: readonly string[] } | null,
): (keyof Spec)[] {
  const { fields } = type;
  const paths = mask === null || mask.paths.length === 0 ? type.setFields(wire) : mask.paths;
  return paths.flatMap((path) => {
    if (path === '*') return Object.values(fields);
    const field = Object.hasOwn(fields, path) ? fields[path] : undefined;
    if (field !== undefined) return [field];
    throw invalidFields(
      [
        {
          field: 'update_mask',
          value: path,
          reason: 'not a field that can be changed',
          remedy: `give some of ${Object.keys(fields).join(', ')}, or *`,
        },
      ],
      'INVALID_FIELD_MASK',
    );
  });
}

/** The part of a specification that is to be changed; an optional field that is absent stays as it is. */
export function pick<Spec extends object>(
  spec: Spec,
  fields: readonly (keyof Spec)[],
): Partial<Spec> {
  const changes: Partial<Spec> = {};
  for (const field of fields) if (Object.hasOwn(spec, field)) changes[field] = spec[field];
  return changes;
}
