import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Isolation } from '../../../../src/dataplane/linux/isolation.js';
import { Sysctl } from '../../../../src/host/sysctl.js';
import { FakeDoors } from '../../../support/fake-doors.js';

const DROP = [
  {
    kind: 'matchall',
    options: { actions: [{ kind: 'gact', control_action: { type: 'drop' } }] },
  },
];
const NO_CLASSIFIER = 'Error: TC classifier not found.\nWe have an error talking to the kernel\n';

describe('Isolation', () => {
  let root: string;
  let isolation: Isolation;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'nfvd-'));
    await mkdir(join(root, 'net/ipv4/conf/nfvb7'), { recursive: true });
    for (const [name, value] of [
      ['arp_ignore', '0'],
      ['rp_filter', '2'],
      ['forwarding', '1'],
    ] as const) {
      await writeFile(join(root, 'net/ipv4/conf/nfvb7', name), `${value}\n`);
    }
    isolation = new Isolation(new Sysctl(root));
  });

  afterEach(() => rm(root, { recursive: true }));

  const setting = async (name: string): Promise<string> =>
    (await readFile(join(root, 'net/ipv4/conf/nfvb7', name), 'utf8')).trim();

  it('drops what comes out of the bridge, and sets what there is to set', async () => {
    const doors = new FakeDoors();
    await isolation.isolate('nfvb7', doors.ip);
    assert.deepEqual(doors.said, [
      'ip qdisc add dev nfvb7 clsact',
      'ip filter replace dev nfvb7 ingress pref 1 handle 1 protocol all matchall action drop',
    ]);
    assert.deepEqual(await Promise.all(['arp_ignore', 'rp_filter', 'forwarding'].map(setting)), [
      '8',
      '1',
      '0',
    ]);
  });

  it('tells what is open', async () => {
    const doors = new FakeDoors();
    const open = await isolation.defects('nfvb7', doors.ip);
    assert.equal(open.length, 3);
    assert.match(open.join('; '), /ipv4 arp_ignore 0, not 8 \(never answer ARP/);
    await isolation.isolate('nfvb7', doors.ip);
    assert.deepEqual(await isolation.defects('nfvb7', doors.ip), [
      'nfvb7: its frames are not kept from the host',
    ]);
    doors.answer(/filter show/, DROP);
    assert.deepEqual(await isolation.defects('nfvb7', doors.ip), []);
  });

  it('knows after a restart that the kernel can drop, from what it finds', async () => {
    const doors = new FakeDoors().answer(/filter show/, DROP);
    await isolation.defects('nfvb7', doors.ip);
    doors.answer(/filter show/, []);
    assert.match((await isolation.defects('nfvb7', doors.ip)).join(), /not kept from the host/);
  });

  it('does without where the kernel cannot, and asks only once', async () => {
    const doors = new FakeDoors().fail(/matchall/, NO_CLASSIFIER);
    await isolation.isolate('nfvb7', doors.ip);
    await isolation.isolate('nfvb7', doors.ip);
    assert.equal(doors.said.length, 2);
    assert.deepEqual(await isolation.defects('nfvb7', doors.ip), []);
  });

  it('is an error where the kernel could', async () => {
    const doors = new FakeDoors();
    await isolation.isolate('nfvb7', doors.ip);
    doors.fail(/matchall/, 'RTNETLINK answers: No such device\n');
    await assert.rejects(isolation.isolate('nfvb7', doors.ip), { code: 'KERNEL_REFUSED' });
  });

  it('is an error without the privilege', async () => {
    const doors = new FakeDoors().fail(/qdisc/, 'RTNETLINK answers: Operation not permitted\n');
    await assert.rejects(isolation.isolate('nfvb7', doors.ip), { code: 'NOT_PRIVILEGED' });
  });
});
