import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { interfaceIndex } from '../../../src/host/interface-index.js';
import { tempDir } from '../../support/temp-dir.js';

describe('the index of an interface', () => {
  let dir: ReturnType<typeof tempDir>;
  beforeEach(() => {
    dir = tempDir();
  });
  afterEach(() => {
    dir.remove();
  });

  it("is the kernel's", async () => {
    assert.equal(await interfaceIndex('lo'), 1);
    assert.equal(await interfaceIndex('nfvt-none'), undefined);
  });

  const refusals: [errno: string, make: (path: string) => void][] = [
    [
      'EISDIR',
      (path) => {
        mkdirSync(path);
      },
    ],
    [
      'ELOOP',
      (path) => {
        symlinkSync('ifindex', path);
      },
    ],
  ];
  for (const [errno, make] of refusals) {
    it(`is an error of ours when the kernel says ${errno}`, async () => {
      mkdirSync(join(dir.path, 'eth0'));
      make(join(dir.path, 'eth0', 'ifindex'));
      await assert.rejects(interfaceIndex('eth0', dir.path), {
        code: 'KERNEL_REFUSED',
        message: `the kernel does not tell the index of interface eth0: ${errno}`,
        metadata: { interface: 'eth0', errno },
      });
    });
  }
});
