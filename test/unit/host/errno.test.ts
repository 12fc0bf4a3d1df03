import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { errnoOfText, nodeErrno } from '../../../src/host/errno.js';

describe('errno', () => {
  it("knows the texts that this machine's C library has", () => {
    // perror(1) is not everywhere; the shell's own message is strerror's.
    const script = 'cat /proc/self/nfvt-none; cat /; echo x > /proc/version';
    const said = execFileSync('sh', ['-c', `(${script}) 2>&1; true`], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    });
    const names = said
      .trim()
      .split('\n')
      .map((line) => errnoOfText(line.split(': ').at(-1) ?? ''));
    assert.deepEqual(names.slice(0, 2), ['ENOENT', 'EISDIR']);
  });

  it('knows no others', () => {
    assert.equal(errnoOfText('constructor'), undefined);
    assert.equal(errnoOfText('Something else'), undefined);
  });

  it("tells Node's", () => {
    assert.equal(nodeErrno(Object.assign(new Error('x'), { code: 'EIO' })), 'EIO');
    assert.equal(nodeErrno(new Error('x')), '');
    assert.equal(nodeErrno('EIO'), '');
  });
});
