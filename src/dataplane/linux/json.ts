/** iproute2's JSON, checked by hand: unknown fields are passed over, missing ones are undefined. */
import { NfvError, show } from '../../errors.js';

export type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The objects of a query's answer. iproute2 prints `{}` for what its filter left out.
 * @throws NfvError KERNEL_REFUSED when it is not an array of objects
 */
export function rows(answer: unknown): Fields[] {
  if (!Array.isArray(answer)) throw unreadable(answer);
  return answer.map((row: unknown) => {
    if (!isFields(row)) throw unreadable(answer);
    return row;
  });
}

export function unreadable(answer: unknown): NfvError {
  return new NfvError('KERNEL_REFUSED', `iproute2 answered what cannot be read: ${show(answer)}`);
}

export function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' ? value : undefined;
}

export function number(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  return typeof value === 'number' ? value : undefined;
}

/** Booleans are printed as true and false; by some releases as "on" and "off", or 1 and 0. */
export function flag(fields: Fields, name: string): boolean | undefined {
  const value = fields[name];
  if (typeof value === 'boolean') return value;
  if (value === 'on' || value === 1) return true;
  return value === 'off' || value === 0 ? false : undefined;
}

export function object(fields: Fields, name: string): Fields {
  const value = fields[name];
  return isFields(value) ? value : {};
}

export function list(fields: Fields, name: string): readonly unknown[] {
  const value: unknown = fields[name];
  return Array.isArray(value) ? value : [];
}
