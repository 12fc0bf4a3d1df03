import assert from 'node:assert/strict';
import { nfsRoot, sshClient } from '../../../src/dpdk/peers.js';

describe('sshClient', () => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['203.0.113.9 50100 192.0.2.1 22', ['203.0.113.9']],
    ['2001:DB8::9 50100 2001:db8::1 22', ['2001:db8::9']],
    ['fe80::1%eth0 50100 fe80::2%eth0 22', ['fe80::1']],
    ['', []],
    ['rubbish', []],
    ['203.0.113.9', ['203.0.113.9']],
  ];
  for (const [text, addresses] of rows) {
    it(JSON.stringify(text), () => {
      assert.deepEqual(
        sshClient(text).map(({ address }) => address),
        addresses,
      );
    });
  }
});

describe('nfsRoot', () => {
  it('finds the server on the command line and among the mounts', () => {
    const mounts = [
      '192.0.2.8:/other /mnt nfs4 rw,addr=192.0.2.8 0 0',
      '192.0.2.7:/root / nfs4 rw,vers=4.2,addr=192.0.2.7 0 0',
    ].join('\n');
    assert.deepEqual(nfsRoot('root=/dev/nfs nfsroot=192.0.2.6:/srv,vers=4 ip=dhcp', mounts), [
      { role: 'nfs-root', address: '192.0.2.6' },
      { role: 'nfs-root', address: '192.0.2.7' },
    ]);
    assert.deepEqual(nfsRoot('root=/dev/sda1', 'tmpfs / tmpfs rw 0 0'), []);
  });
});
