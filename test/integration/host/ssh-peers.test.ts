/** Over which device an SSH session comes, on a kernel with rules for its addresses. */
import assert from 'node:assert/strict';
import type { Programs } from '../../../src/host/program.js';
import { KernelFiles } from '../../../src/host/sysfs.js';
import { readNetdevs } from '../../../src/dpdk/netdevs.js';
import { readPeers } from '../../../src/dpdk/peers.js';
import { exec, needNetns, Netns } from '../../support/netns.js';
import { TempFiles } from '../../support/temp-files.js';

const SETUP = [
  'link add name data0 type veth peer name data1',
  'link add name mgmt0 type veth peer name mgmt1',
  'link set dev data1 up',
  'link set dev mgmt1 up',
  'link set dev data0 up',
  'link set dev mgmt0 up',
  'address add 192.0.2.10/24 dev data0',
  'address add 198.51.100.10/24 dev mgmt0',
  'route add default via 192.0.2.1',
  'route add default via 198.51.100.1 table 100',
  'rule add from 198.51.100.10 table 100',
];

describe('readPeers on a real kernel', () => {
  let ns: Netns;
  let temp: TempFiles;
  beforeEach(async function () {
    await needNetns(this);
    ns = await Netns.create();
    temp = await TempFiles.create();
    for (const words of SETUP) await ns.ip(...words.split(' '));
  });
  afterEach(async () => {
    await temp.remove();
    await ns.close();
  });

  async function devices(sshConnection: string): Promise<(string | undefined)[]> {
    const { signal } = new AbortController();
    const programs: Programs = {
      run: (name, args) => exec('ip', ['netns', 'exec', ns.name, name, ...args]),
      stuck: () => [],
    };
    const doors = { files: new KernelFiles(temp.directory, programs), programs };
    const session = { pid: 9, command: 'bash', hugetlbKb: 0, sshConnection, devices: [], taps: [] };
    const netdevs = await readNetdevs(doors, signal);
    const peers = await readPeers(doors, [session], netdevs, [], signal);
    return peers.map(({ device }) => device);
  }

  it('follows the rules for the address that the client speaks to', async () => {
    assert.deepEqual(await devices('203.0.113.9 50100 198.51.100.10 22'), ['mgmt0']);
  });

  it('tells both devices where questions come by one and answers go by the other', async () => {
    await ns.ip(...'rule del from 198.51.100.10 table 100'.split(' '));
    assert.deepEqual(await devices('203.0.113.9 50100 198.51.100.10 22'), ['data0', 'mgmt0']);
  });

  it('believes the zone of a link-local client', async () => {
    assert.deepEqual(await devices('fe80::1%mgmt0 50100 fe80::2%mgmt0 22'), ['mgmt0']);
  });

  it('asks without our address where it is not ours', async () => {
    assert.deepEqual(await devices('203.0.113.9 50100 10.0.0.10 22'), ['data0']);
  });
});
