import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broadcasts } from '../../../../src/dataplane/linux/broadcasts.js';
import { hasErrno } from '../../../../src/host/iproute2/answers.js';
import { FakeDoors } from '../../../support/fake-doors.js';

/** What iproute2 5.15 says. */
const UNKNOWN =
  'bridge_slave: unknown option "bcast_flood"?\nUsage: ... bridge_slave [ fdb_flush ]\n';

describe('Broadcasts', () => {
  let sysfs: string;
  let file: string;
  let broadcasts: Broadcasts;

  beforeEach(async () => {
    sysfs = await mkdtemp(join(tmpdir(), 'nfvd-'));
    const folder = join(sysfs, 'class/net/nfvx7/brport');
    await mkdir(folder, { recursive: true });
    file = join(folder, 'broadcast_flood');
    await writeFile(file, '?');
    broadcasts = new Broadcasts(sysfs);
  });

  afterEach(() => rm(sysfs, { recursive: true }));

  it('are told to iproute2', async () => {
    const doors = new FakeDoors();
    await broadcasts.set('nfvx7', true, doors.ip);
    await broadcasts.set('nfvx7', false, doors.ip);
    assert.deepEqual(doors.said, [
      'ip link set dev nfvx7 type bridge_slave bcast_flood on',
      'ip link set dev nfvx7 type bridge_slave bcast_flood off',
    ]);
    assert.equal(await readFile(file, 'utf8'), '?');
  });

  it('go through sysfs where iproute2 has no word for them, and it is asked only once', async () => {
    const doors = new FakeDoors().fail(/bcast_flood/, UNKNOWN);
    await broadcasts.set('nfvx7', true, doors.ip);
    assert.equal(await readFile(file, 'utf8'), '1');
    await broadcasts.set('nfvx7', false, doors.ip);
    assert.equal(await readFile(file, 'utf8'), '0');
    assert.equal(doors.said.length, 1);
  });

  it('are an error when the device is gone, either way', async () => {
    const gone = new FakeDoors().fail(/bcast_flood/, 'Cannot find device "nfvx8"\n');
    await assert.rejects(broadcasts.set('nfvx8', true, gone.ip), (error) =>
      hasErrno(error, 'ENODEV'),
    );
    const old = new FakeDoors().fail(/bcast_flood/, UNKNOWN);
    await assert.rejects(broadcasts.set('nfvx8', true, old.ip), {
      code: 'KERNEL_REFUSED',
      message: /cannot write to .*nfvx8.*ENOENT/,
    });
  });
});
