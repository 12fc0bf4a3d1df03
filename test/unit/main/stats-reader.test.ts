import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import { statsReader } from '../../../src/main/stats-reader.js';
import { refusedWith } from '../../support/refusals.js';

describe('the reader of statistics', () => {
  it('is opened once, though VPP is away or hangs: each attempt at one holds a thread', async () => {
    let opened = 0;
    let isAway = true;
    const read = statsReader(() => {
      opened++;
      return Promise.resolve({
        interfaces: () =>
          isAway
            ? Promise.reject(new NfvError('DEADLINE_EXCEEDED', 'it hangs'))
            : Promise.resolve([]),
      });
    });
    assert.equal(opened, 0);
    for (let i = 0; i < 5; i++) await refusedWith('DEADLINE_EXCEEDED', read());
    isAway = false;
    assert.deepEqual(await Promise.all([read(), read()]), [[], []]);
    assert.equal(opened, 1);
  });

  it('is opened again where it could not be', async () => {
    let isInstalled = false;
    const read = statsReader(() =>
      isInstalled
        ? Promise.resolve({ interfaces: () => Promise.resolve([]) })
        : Promise.reject(new NfvError('VPP_LIBRARY_MISSING', 'there is none')),
    );
    await refusedWith('VPP_LIBRARY_MISSING', read());
    isInstalled = true;
    assert.deepEqual(await read(), []);
  });
});
