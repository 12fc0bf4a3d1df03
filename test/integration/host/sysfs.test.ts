/** The reader and the writer on real files, FIFOs and the kernel's own attributes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, open, readFile, symlink } from 'node:fs/promises';
import { NfvError } from '../../../src/errors.js';
import { SystemPrograms } from '../../../src/host/program.js';
import { ProcessSysfsWriter } from '../../../src/host/sysfs-writer.js';
import { KernelFiles } from '../../../src/host/sysfs.js';
import { systemClock } from '../../../src/model/clock.js';
import { TempFiles } from '../../support/temp-files.js';

const programs = new SystemPrograms('/usr/sbin:/usr/bin:/sbin:/bin', systemClock);
const signal = new AbortController().signal;
const options = { deadlineMs: 5000, signal };
const kernel = new KernelFiles('/', programs);

describe('KernelFiles', () => {
  let temp: TempFiles;
  let files: KernelFiles;
  beforeEach(async () => {
    temp = await TempFiles.create();
    files = new KernelFiles(temp.directory, programs);
  });
  afterEach(() => temp.remove());

  it('reads the kernel of this machine', async () => {
    assert.equal(await kernel.text('proc/sys/kernel/ostype'), 'Linux');
    assert.equal(await kernel.integer('sys/class/net/lo/mtu'), 65536);
    assert.ok((await kernel.list('sys/class/net')).includes('lo'));
    assert.equal(await kernel.exists('sys/class/net/lo'), true);
    assert.equal(await kernel.exists('sys/class/net/nfvt-none'), false);
  });

  it('takes for absent what is not there and what has no answer', async () => {
    await temp.write('a', '1\n');
    assert.equal(await files.text('none'), undefined);
    assert.equal(await files.text('a/b'), undefined);
    assert.equal(await files.link('a'), undefined);
    assert.deepEqual(await files.list('none'), []);
    // EINVAL, as the kernel answers for a loopback device.
    assert.equal(await kernel.text('sys/class/net/lo/speed'), undefined);
  });

  it('refuses what is no number', async () => {
    await temp.write('n', '12 pages\n');
    await assert.rejects(files.integer('n'), {
      code: 'KERNEL_REFUSED',
      message: '/n has "12 pages", not a whole number',
    });
  });

  it('reads at most 256 KiB of a file', async () => {
    await temp.write('big', 'x'.repeat(300_000));
    assert.equal((await files.text('big'))?.length, 256 * 1024);
  });

  it('tells the last part of a link', async () => {
    await symlink('../../../bus/pci/drivers/igb', temp.path('driver'));
    assert.equal(await files.link('driver'), 'igb');
  });

  it('reads locked attributes of PCI functions, and leaves out what is not there', async () => {
    const at = 'sys/bus/pci/devices/0000:41:00.0';
    await mkdir(temp.path(at), { recursive: true });
    await temp.write(`${at}/driver_override`, '(null)\n');
    await temp.write(`${at}/sriov_numvfs`, '4\n');
    const names = [`${at}/driver_override`, `${at}/sriov_numvfs`, `${at}/none`];
    const { texts, hung } = await files.lockedTexts(names, options);
    assert.deepEqual(
      [...texts],
      [
        [`${at}/driver_override`, '(null)'],
        [`${at}/sriov_numvfs`, '4'],
      ],
    );
    assert.deepEqual(hung, []);
  });

  it('names the attribute that does not answer, and still reads the others', async () => {
    // Opening a FIFO that nobody writes to waits, as a device's lock does.
    await temp.write('a/driver_override', '(null)\n');
    execFileSync('mkfifo', [temp.path('stuck')]);
    await temp.write('b/driver_override', 'vfio-pci\n');
    const names = ['a/driver_override', 'stuck', 'b/driver_override'];
    const { texts, hung } = await files.lockedTexts(names, { deadlineMs: 150, signal });
    assert.deepEqual(Object.fromEntries(texts), {
      'a/driver_override': '(null)',
      'b/driver_override': 'vfio-pci',
    });
    assert.deepEqual(hung, ['stuck']);
  });
});

describe('ProcessSysfsWriter', () => {
  let temp: TempFiles;
  let writer: ProcessSysfsWriter;
  const kernelWriter = new ProcessSysfsWriter(kernel, programs);
  beforeEach(async () => {
    temp = await TempFiles.create();
    writer = new ProcessSysfsWriter(new KernelFiles(temp.directory, programs), programs);
  });
  afterEach(() => temp.remove());

  it('writes a value with one write, and creates nothing', async () => {
    await temp.write('attribute', 'old value');
    await writer.write('attribute', 'new', options);
    assert.equal(await readFile(temp.path('attribute'), 'utf8'), 'new value');
    await assert.rejects(writer.write('none', '1', options), {
      code: 'KERNEL_REFUSED',
      message: 'cannot write "1" to /none: ENOENT (No such file or directory)',
      metadata: { path: '/none', value: '1', errno: 'ENOENT' },
    });
  });

  it('refuses the empty write that the kernel would not see', async () => {
    await temp.write('attribute', '');
    await assert.rejects(writer.write('attribute', '', options), { code: 'INTERNAL' });
  });

  it("tells the kernel's errno", async () => {
    await assert.rejects(kernelWriter.write('proc/sys/net/ipv4/ip_forward', 'x', options), {
      code: 'KERNEL_REFUSED',
      message: 'cannot write "x" to /proc/sys/net/ipv4/ip_forward: EINVAL (Invalid argument)',
    });
    await assert.rejects(kernelWriter.write('proc/sys/kernel/ostype', 'x', options), {
      code: 'NOT_PRIVILEGED',
    });
  });

  it('gives up a write that never returns, and names who holds the device', async () => {
    execFileSync('mkfifo', [temp.path('unbind')]);
    const device = await temp.write('dev/vfio/10', '');
    // This process holds it: /proc is the real one, under a root that has nothing else.
    await symlink('/proc', temp.path('proc'));
    const held = await open(device, 'r');
    try {
      await assert.rejects(
        writer.write('unbind', '0000:41:10.0', { deadlineMs: 150, signal, suspects: [device] }),
        (error) => {
          assert.ok(error instanceof NfvError);
          assert.equal(error.code, 'WRITE_HUNG');
          assert.equal(error.metadata['holders'], String(process.pid));
          assert.match(
            error.message,
            /^writing "0000:41:10.0" to \/unbind did not return within 150 ms/,
          );
          assert.ok(error.message.includes(`(pid ${process.pid}) holds ${device}`));
          return true;
        },
      );
    } finally {
      await held.close();
    }
  });
});
