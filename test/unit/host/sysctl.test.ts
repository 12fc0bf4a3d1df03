import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sysctl } from '../../../src/host/sysctl.js';

describe('Sysctl', () => {
  let root: string;
  let sysctl: Sysctl;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'nfvd-'));
    await mkdir(join(root, 'net/ipv4/conf/a.b'), { recursive: true });
    await writeFile(join(root, 'net/ipv4/conf/a.b/rp_filter'), '2\n');
    sysctl = new Sysctl(root);
  });

  afterEach(() => rm(root, { recursive: true }));

  it('reads and writes, names with dots too', async () => {
    assert.equal(await sysctl.read('net/ipv4/conf/a.b/rp_filter'), '2');
    await sysctl.write('net/ipv4/conf/a.b/rp_filter', '1');
    assert.equal(
      await readFile(join(root, 'net/ipv4/conf/a.b/rp_filter'), 'utf8'),
      '1\n'.trim() + '\n',
    );
  });

  it('tells a missing setting from a refused one, and makes none', async () => {
    assert.equal(await sysctl.read('net/ipv4/conf/a.b/none'), undefined);
    await assert.rejects(sysctl.write('net/ipv4/conf/a.b/none', '1'), {
      code: 'KERNEL_REFUSED',
      metadata: { errno: 'ENOENT' },
    });
    await assert.rejects(sysctl.read('net/ipv4/conf'), { code: 'KERNEL_REFUSED' });
  });

  it('tells a missing privilege by its own code', async () => {
    // A file of the kernel's that nobody may write to, root neither.
    const proc = new Sysctl('/proc/sys');
    await assert.rejects(proc.write('kernel/osrelease', 'x'), {
      code: 'NOT_PRIVILEGED',
      message: /cannot write x to kernel\/osrelease: E(ACCES|PERM|ROFS)/,
    });
  });
});
