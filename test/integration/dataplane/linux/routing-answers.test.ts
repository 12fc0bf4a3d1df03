/** What bridges answer for gateways: it is ours, and goes when no gateway needs it. */
import assert from 'node:assert/strict';
import { keyOf, type Payload } from '../../../../src/model/item.js';
import { LinuxHost } from '../../../support/linux-host.js';
import { macAt, neighbor, tunnelTo } from '../../../support/linux-items.js';
import { base, ID, MAC, RED, REMOTE, VTEP } from '../../../support/linux-routing-samples.js';
import { exec, needNetns } from '../../../support/netns.js';
import { gateway, GATEWAY_MAC, vrf } from '../../../support/routing-items.js';
import { skip } from '../../../support/skip.js';

describe("kernel dataplane: a bridge's answers for gateways", function () {
  this.timeout(60_000);
  let host: LinuxHost;
  const DEVICE = `nfvb${RED}`;
  const first = gateway(ID, RED, ['10.1.1.1/24']);
  const moved = gateway(ID, RED, ['10.1.1.254/24']);
  const guest: readonly Payload[] = [
    tunnelTo(RED, REMOTE, VTEP),
    macAt(RED, MAC, REMOTE),
    neighbor(RED, '10.1.1.1', MAC),
  ];

  const answers = async (): Promise<string[]> => {
    const shown = await host.ns.ip('neigh', 'show', 'dev', DEVICE, 'nud', 'permanent');
    return shown
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(' lladdr', '').trim())
      .sort();
  };
  const lose = (): Promise<unknown> => host.ns.ip('link', 'del', 'dev', `nfvg${RED}`);
  const answer = (ip: string): string => `${ip} ${GATEWAY_MAC} PERMANENT proto 78`;

  before(async function () {
    await needNetns(this);
    const sysctl = await exec('sh', ['-c', 'command -v sysctl']);
    if (sysctl.code !== 0) skip(this, 'no sysctl here: apt-get install procps');
    host = await LinuxHost.alone([`${VTEP}/24`]);
  });

  beforeEach(async () => {
    await host.converge([...base, vrf(ID), first], 'all');
    assert.deepEqual(await answers(), [answer('10.1.1.1')]);
  });

  after(() => host.close());

  it('go when the gateway is made again with another address', async () => {
    await lose();
    await host.converge([moved]);
    assert.deepEqual(await answers(), [answer('10.1.1.254')]);
  });

  it('go with a gateway whose link somebody deleted', async () => {
    await lose();
    const key = keyOf(first);
    const { objects } = await host.observe([], [key]);
    const from = objects.get(key);
    assert.ok(from);
    await host.succeed([{ op: 'delete', key, from }]);
    assert.deepEqual(await answers(), []);
    assert.equal((await host.observe([], [key])).objects.size, 0);
  });

  it('go with a gateway that was half made and that nobody wants', async () => {
    await lose();
    await host.ns.ip(
      ...['link', 'add', 'name', `nfvg${RED}`, 'group', '1852208740', 'type', 'veth'],
      ...['peer', 'name', 'half'],
    );
    await host.reconcile([...base, vrf(ID)]);
    assert.deepEqual(await answers(), []);
  });

  for (const [title, mark] of [
    ['', ['protocol', '78']],
    [", also an earlier version's", []],
  ] as const) {
    it(`go with a check of everything, whoever had them${title}`, async () => {
      const entry = ['10.1.1.77', 'lladdr', GATEWAY_MAC, 'dev', DEVICE, 'nud', 'permanent'];
      await host.ns.ip('neigh', 'replace', ...entry, ...mark);
      await host.reconcile([...base, vrf(ID), first]);
      assert.deepEqual(await answers(), [answer('10.1.1.1')]);
    });

    it(`give way to an endpoint that gets the address${title}`, async () => {
      const entry = ['10.1.1.1', 'lladdr', GATEWAY_MAC, 'dev', DEVICE, 'nud', 'permanent'];
      await host.converge([...base, vrf(ID), moved], 'all');
      await host.ns.ip('neigh', 'replace', ...entry, ...mark);
      await host.converge(guest);
      const taken = (await answers()).find((line) => line.startsWith('10.1.1.1 '));
      assert.match(taken ?? '', new RegExp(`^10.1.1.1 ${MAC} extern_learn PERMANENT`));
      await host.reconcile([...base, vrf(ID), moved, ...guest]);
    });
  }

  it("are not somebody's of another protocol, which stays", async () => {
    const entry = ['10.1.1.88', 'lladdr', GATEWAY_MAC, 'dev', DEVICE, 'nud', 'permanent'];
    await host.ns.ip('neigh', 'replace', ...entry, 'protocol', '4');
    await host.reconcile([...base, vrf(ID), first]);
    assert.equal((await answers()).length, 2);
    await host.ns.ip('neigh', 'del', '10.1.1.88', 'dev', DEVICE);
  });
});
