import { isDeepStrictEqual } from 'node:util';
import { Violations } from '../../model/violations.js';

/**
 * Fields that are what they were at creation.
 * @throws NfvError INVALID_FIELD naming those that differ, under `base`.
 */
export function isImmutable<Spec extends object>(
  base: string,
  before: Spec,
  after: Spec,
  fields: readonly (keyof Spec & string)[],
): void {
  const v = new Violations(base);
  for (const field of fields) {
    if (isDeepStrictEqual(before[field], after[field])) continue;
    const name = field.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
    v.add(
      name,
      after[field],
      `cannot be changed from ${textOf(before[field])}`,
      'create another resource instead',
    );
  }
  v.throwIfAny();
}

function textOf(value: unknown): string {
  if (value === undefined) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
