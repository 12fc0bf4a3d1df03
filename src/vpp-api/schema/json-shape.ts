import { NfvError, show } from '../../errors.js';

/** A place in a JSON document that is being parsed, for errors: `/3/messages/17/2`. */
export type At = readonly (string | number)[];

export function refuse(at: At, value: unknown, wanted: string): never {
  const path = `/${at.join('/')}`;
  throw new NfvError('VPP_SCHEMA_INVALID', `${path}: ${show(value)}: not ${wanted}`, {
    violations: [
      { field: path, value: show(value), reason: `not ${wanted}`, remedy: `give ${wanted}` },
    ],
  });
}

/** Names become properties and parts of generated code, so that they are held to this. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

export function nameAt(value: unknown, at: At): string {
  if (typeof value !== 'string' || !NAME.test(value) || value === '__proto__') {
    refuse(at, value, 'a name of letters, digits and "_"');
  }
  return value;
}

export function textAt(value: unknown, at: At): string {
  return typeof value === 'string' ? value : refuse(at, value, 'a string');
}

export function listAt(value: unknown, at: At): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(at, value, 'a list');
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function recordAt(value: unknown, at: At): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : refuse(at, value, 'an object');
}

/** What may be left out is an empty record. */
export function optionalRecordAt(value: unknown, at: At): Readonly<Record<string, unknown>> {
  return value === undefined ? {} : recordAt(value, at);
}

export function optionalListAt(value: unknown, at: At): readonly unknown[] {
  return value === undefined ? [] : listAt(value, at);
}

export function lengthAt(value: unknown, at: At): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xff_ffff) {
    refuse(at, value, 'a length from 0 to 16777215');
  }
  return value;
}
