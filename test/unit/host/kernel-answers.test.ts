import assert from 'node:assert/strict';
import { ERROR_TABLE, NfvError } from '../../../src/errors.js';
import { explained, KERNEL_ANSWERS, meaningOf } from '../../../src/host/kernel-answers.js';

describe('what the kernel answers', () => {
  it('has a reason and a remedy for each, and each once', () => {
    const keys = KERNEL_ANSWERS.map((r) => `${r.operation} ${r.errno} ${r.driver ?? ''}`);
    assert.equal(new Set(keys).size, keys.length);
    for (const { reason, remedy } of KERNEL_ANSWERS) {
      assert.notEqual(reason, '');
      assert.notEqual(remedy, '');
    }
  });

  it('lets a driver have its own meaning', () => {
    assert.equal(meaningOf('numvfs', 'EINVAL', 'i40e')?.verdict, 'stop-consumer');
    assert.equal(meaningOf('numvfs', 'EINVAL', 'ice')?.verdict, 'user');
    assert.equal(meaningOf('numvfs', 'EBUSY', 'igb')?.verdict, 'user');
    assert.equal(meaningOf('numvfs', 'EFAULT', 'igb'), undefined);
  });

  it('turns a verdict into a code, and keeps the error', () => {
    const cause = new NfvError('KERNEL_REFUSED', 'cannot write', { metadata: { errno: 'ENOMEM' } });
    const error = explained('numvfs', cause, 'ice');
    assert.ok(error instanceof NfvError);
    assert.equal(error.code, 'FIRMWARE_LIMIT');
    assert.equal(error.metadata['verdict'], 'firmware');
    assert.equal(error.cause, cause);
    assert.ok(Object.hasOwn(ERROR_TABLE, error.code));
  });

  it('leaves alone what it does not know', () => {
    const hung = new NfvError('WRITE_HUNG', 'never', { metadata: { errno: 'ENOMEM' } });
    assert.equal(explained('numvfs', hung, 'ice'), hung);
  });
});
