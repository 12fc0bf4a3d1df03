import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import { loadChecked } from '../../../src/nva/load-checked.js';

const DAMAGED = new NfvError('STORE_DAMAGED', 'page 7: is not what it should be');
const ODD = new NfvError('INTERNAL', 'a network that is not there');

const never = new Promise<void>(() => undefined);
const fails = (error: NfvError) => (): Promise<void> => Promise.reject(error);

describe('reading a store that is being checked', () => {
  it('fails with the reason of the check', async () => {
    await assert.rejects(loadChecked(Promise.reject(ODD), fails(DAMAGED)), DAMAGED);
  });

  it('fails with the check, also when there is no end to what is read', async () => {
    await assert.rejects(loadChecked(never, fails(DAMAGED)), DAMAGED);
  });

  it('fails by itself, of a store that is sound', async () => {
    await assert.rejects(
      loadChecked(Promise.reject(ODD), () => Promise.resolve()),
      ODD,
    );
    await assert.rejects(loadChecked(Promise.reject(ODD), undefined), ODD);
  });
});
