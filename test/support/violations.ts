import assert from 'node:assert/strict';
import { NfvError, type FieldViolation } from '../../src/errors.js';

/** What a check finds, which must find something. */
export function violationsOf(check: () => unknown): readonly FieldViolation[] {
  try {
    check();
  } catch (error) {
    assert.ok(error instanceof NfvError, String(error));
    assert.equal(error.code, 'INVALID_FIELD');
    return error.violations;
  }
  assert.fail('it was not refused');
}

/** `FIELD: VALUE: REASON` of each. */
export function told(violations: readonly FieldViolation[]): string[] {
  return violations.map(
    ({ field, value, reason }) => `${field}: ${value === '' ? '(empty)' : value}: ${reason}`,
  );
}
