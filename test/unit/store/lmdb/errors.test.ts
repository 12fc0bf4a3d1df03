import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NfvError, type ErrorCode } from '../../../../src/errors.js';
import { commitError, hurtsMemory, storeError } from '../../../../src/store/lmdb/errors.js';

const failure = (code: unknown, message = 'said so'): Error =>
  Object.assign(new Error(message), { code });

describe('lmdb/errors', () => {
  const rows: readonly [unknown, ErrorCode][] = [
    [28, 'STORE_FULL'],
    [122, 'STORE_FULL'],
    [-30792, 'STORE_FULL'],
    ['ENOSPC', 'STORE_FULL'],
    ['EDQUOT', 'STORE_FULL'],
    [-30796, 'STORE_DAMAGED'],
    [-30797, 'STORE_DAMAGED'],
    [-30793, 'STORE_DAMAGED'],
    [5, 'STORE_FAILED'],
    ['EIO', 'STORE_FAILED'],
    [-30795, 'STORE_FAILED'],
    ['EMFILE', 'STORE_FAILED'],
    [undefined, 'STORE_FAILED'],
    ['EACCES', 'FILE_UNREADABLE'],
    ['ENOENT', 'FILE_UNREADABLE'],
    ['EROFS', 'FILE_UNREADABLE'],
  ];
  for (const [code, expected] of rows) {
    it(`takes ${String(code)} for ${expected}`, () => {
      const cause = failure(code);
      const error = storeError(cause, 'cannot do it');
      assert.equal(error.code, expected);
      assert.equal(error.message, 'cannot do it: said so');
      assert.equal(error.cause, cause);
    });
  }

  it('leaves the store’s own errors, and takes what is no error', () => {
    const own = new NfvError('STORE_LOCKED', 'mine');
    assert.equal(storeError(own, 'cannot do it'), own);
    assert.equal(storeError('text', 'cannot do it').message, 'cannot do it: text');
  });

  it('leaves out what lmdb-js read beyond an array', () => {
    const said =
      'Input/output error: Attempting to write page at position 8192, size 4096, buffer sizes 1 -9';
    const { message } = storeError(failure(5, said), 'cannot write it');
    assert.equal(message, 'cannot write it: Input/output error');
  });

  it('knows which messages lmdb-js wrote beyond their memory', () => {
    const said = (bytes: string): Error =>
      failure(5, `Input/output error: Attempting to write page at position ${bytes}`);
    assert.equal(hurtsMemory(said('1')), false);
    assert.equal(hurtsMemory(said('x'.repeat(62))), false);
    assert.equal(hurtsMemory(said('x'.repeat(63))), true);
    assert.equal(hurtsMemory(failure(5, 'x'.repeat(200))), false);
    assert.equal(hurtsMemory('text'), false);
  });

  it('takes a write that was cut short for a full disk, where there is no room', async () => {
    const path = join(tmpdir(), 'data.mdb');
    assert.equal((await commitError(failure(5), path, 0)).code, 'STORE_FAILED');
    assert.equal((await commitError(failure(5), path, 2 ** 60)).code, 'STORE_FULL');
    assert.equal((await commitError(failure(30), path, 2 ** 60)).code, 'STORE_FAILED');
    assert.equal((await commitError(failure(5), '/none/data.mdb', 0)).code, 'STORE_FAILED');
  });
});
