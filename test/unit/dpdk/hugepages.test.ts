import assert from 'node:assert/strict';
import { parseHugepageMounts, parseNumaMaps } from '../../../src/dpdk/hugepages.js';

describe('parseNumaMaps', () => {
  it('adds up hugepages by node and size', () => {
    // The first line is from Linux 6.12, the others are put together after fs/proc/task_mmu.c.
    const text = [
      '7f759cc00000 default file=/anon_hugepage\\040(deleted) huge anon=2 dirty=2 N0=2 kernelpagesize_kB=2048',
      '7f75a0000000 bind:1 file=/dev/hugepages/a huge dirty=3 N0=1 N1=2 kernelpagesize_kB=2048',
      '7f75c0000000 default file=/mnt/1g/b huge dirty=1 N1=1 kernelpagesize_kB=1048576',
      '7f75d0000000 default file=/usr/lib/huge-ish.so mapped=3 N0=3 kernelpagesize_kB=4',
      '7ffd00000000 default stack anon=3 dirty=3 N0=3 kernelpagesize_kB=4',
    ].join('\n');
    assert.deepEqual(parseNumaMaps(text), [
      { node: 0, sizeKb: 2048, pages: 3 },
      { node: 1, sizeKb: 2048, pages: 2 },
      { node: 1, sizeKb: 1048576, pages: 1 },
    ]);
  });
});

describe('parseHugepageMounts', () => {
  it('takes size, owner and a path with spaces', () => {
    const text = [
      'sysfs /sys sysfs rw 0 0',
      'hugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize=2M 0 0',
      'none /mnt/huge\\0401g hugetlbfs rw,uid=64055,gid=108,pagesize=1024M 0 0',
      'none /mnt/plain hugetlbfs rw 0 0',
    ].join('\n');
    assert.deepEqual(parseHugepageMounts(text, 2048), [
      { path: '/dev/hugepages', sizeKb: 2048, uid: 0, gid: 0 },
      { path: '/mnt/huge 1g', sizeKb: 1048576, uid: 64055, gid: 108 },
      { path: '/mnt/plain', sizeKb: 2048, uid: 0, gid: 0 },
    ]);
  });
});
