import { invalidFields, NfvError, type ErrorCode } from '../../src/errors.js';

export function inUse(code: ErrorCode, field: string, value: unknown, user: string): NfvError {
  const { remedy } = new NfvError(code, '');
  const reason = `already used by ${user}`;
  return invalidFields([{ field, value: String(value), reason, remedy }], code);
}

export function missing(field: string, name: string): NfvError {
  const remedy = 'create it first';
  const reason = 'does not exist';
  return invalidFields([{ field, value: name, reason, remedy }], 'REFERENCE_NOT_FOUND');
}
