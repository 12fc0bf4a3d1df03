import assert from 'node:assert/strict';
import { NfvError, type ErrorCode } from '../../src/errors.js';

/** The NfvError that a promise is rejected with. */
export async function refusal(promise: Promise<unknown>): Promise<NfvError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof NfvError, String(error));
    return error;
  }
  assert.fail('it was not refused');
}

export async function refusedWith(code: ErrorCode, promise: Promise<unknown>): Promise<NfvError> {
  const error = await refusal(promise);
  assert.equal(error.code, code, error.message);
  return error;
}
