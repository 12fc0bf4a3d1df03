import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { answeredOr } from '../../../../src/nva/resources/answered-requests.js';

describe('a request that may have been carried out', () => {
  const full = new NfvError('QUOTA_EXCEEDED', 'one too many');

  /** @param answers that there are, one after the other */
  function asked(answers: (string | undefined)[], make: () => Promise<string>): Promise<string> {
    return answeredOr(() => Promise.resolve(answers.shift()), make);
  }

  it('is answered, or carried out', async () => {
    const refused = (): Promise<string> => Promise.reject(full);
    assert.equal(await asked(['as before'], refused), 'as before');
    assert.equal(await asked([undefined], () => Promise.resolve('anew')), 'anew');
  });

  it('is answered where it fails since it was carried out meanwhile, and fails with its own error else', async () => {
    const refused = (): Promise<string> => Promise.reject(full);
    assert.equal(await asked([undefined, 'meanwhile'], refused), 'meanwhile');
    await assert.rejects(asked([undefined, undefined], refused), full);
  });
});
