/** Out of the overlay by a provider network: two of three kernel hosts lead to a machine on the physical one. */
import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.js';
import { call, KernelPool } from '../../support/kernel-pool.js';
import { cable, needNetns, Netns } from '../../support/netns.js';
import { refusedWith } from '../../support/refusals.js';
import { networkSpec, routerSpec, subnetSpec } from '../../support/specs.js';

const request = { requestId: '', validateOnly: false };
const BEYOND = '198.18.0.1';
const NEXT_HOP = '203.0.113.1';
const GATEWAYS = [
  { nve: 'host-1', address: '203.0.113.11' },
  { nve: 'host-2', address: '203.0.113.12' },
];

async function answers(from: Netns, ...more: string[]): Promise<boolean> {
  const { stdout } = await from.try('ping', '-c', '3', '-i', '0.05', '-W', '1', ...more, BEYOND);
  return stdout.includes(' 0% packet loss');
}

describe('a router whose exit is a provider network', function () {
  this.timeout(120_000);
  let pool: KernelPool | undefined;
  let wire: Netns;
  let outside: Netns;
  let guest: Netns;
  const its = (): KernelPool => pool ?? assert.fail();

  before(async function () {
    await needNetns(this);
    wire = await Netns.create();
    outside = await Netns.create();
    await wire.ip('link', 'add', 'name', 'switch', 'up', 'type', 'bridge', 'stp_state', '0');
    await cable([outside, 'eth0'], [wire, 'out']);
    await wire.ip('link', 'set', 'dev', 'out', 'master', 'switch');
    await outside.ip('addr', 'add', `${NEXT_HOP}/24`, 'dev', 'eth0');
    await outside.ip('link', 'set', 'dev', 'lo', 'up');
    await outside.ip('addr', 'add', `${BEYOND}/32`, 'dev', 'lo');
    // As its operator would: to the tenant by both gateways.
    const hops = GATEWAYS.flatMap(({ address }) => ['nexthop', 'via', address]);
    await outside.ip('route', 'add', '10.0.0.0/24', ...hops);
    pool = await KernelPool.start(3, {
      nve: { providers: [{ name: 'physnet1', interface: 'phy0' }] },
      async prepare(host, i) {
        await cable([host, 'phy0'], [wire, `h${i}`]);
        await wire.ip('link', 'set', 'dev', `h${i}`, 'master', 'switch');
      },
    });
    const { api } = pool;
    const blue = subnetSpec({ network: 'blue', prefix: '10.0.0.0/24', gateway: '10.0.0.254' });
    await api.subnets.create({ ...request, id: 'blue-v4', spec: blue }, call);
    const out = networkSpec({
      ...{ vni: 0, encapsulation: 'NONE', learning: true, arpSuppression: false },
      provider: { uplink: 'physnet1', vlan: 0 },
    });
    await api.virtualNetworks.create({ ...request, id: 'out', spec: out }, call);
    const spec = subnetSpec({ network: 'out', prefix: '203.0.113.0/24', gateway: '' });
    await api.subnets.create({ ...request, id: 'out-v4', spec }, call);
    guest = await pool.space();
    await pool.attach('one', 1, 'host-0', guest);
  });
  after(async () => {
    await pool?.close();
    await outside.close();
    await wire.close();
  });

  it('is refused as an ordinary subnet of it, and by an NVE without the uplink', async () => {
    const { api } = its();
    const ordinary = routerSpec({ vrfId: 0, subnets: ['blue-v4', 'out-v4'] });
    const { violations } = await refusedWith(
      'INVALID_FIELD',
      api.routers.create({ ...request, id: 'edge', spec: ordinary }, call),
    );
    assert.deepEqual(
      violations.map(({ field, remedy }) => [field, remedy]),
      [
        [
          'router.subnets[1]',
          'name the subnet in an exit, where each gateway has an address of its own',
        ],
        ['router.subnets[1]', 'give the subnet one first'],
      ],
    );
    const other = networkSpec({
      ...{ vni: 0, encapsulation: 'NONE', learning: true, arpSuppression: false },
      provider: { uplink: 'physnet2', vlan: 0 },
    });
    await api.virtualNetworks.create({ ...request, id: 'other', spec: other }, call);
    const subnet = subnetSpec({ network: 'other', prefix: '198.51.100.0/24', gateway: '' });
    await api.subnets.create({ ...request, id: 'other-v4', spec: subnet }, call);
    const gateways = [{ nve: 'host-1', address: '198.51.100.11' }];
    const exits = [{ subnet: 'other-v4', gateways }];
    const spec = routerSpec({ vrfId: 0, transitVni: 0, subnets: ['blue-v4'], exits });
    const refusal = await refusedWith(
      'NVE_LACKS_CAPABILITY',
      api.routers.create({ ...request, id: 'edge', spec }, call),
    );
    assert.match(refusal.message, /has no provider uplink physnet2/);
  });

  it('carries packets out and back by either gateway, and by one that is left', async () => {
    const { api } = its();
    const spec = routerSpec({
      ...{ vrfId: 0, transitVni: 0, subnets: ['blue-v4'] },
      exits: [{ subnet: 'out-v4', gateways: GATEWAYS }],
      routes: [{ prefix: '0.0.0.0/0', nextHops: [{ address: NEXT_HOP, weight: 1 }], drop: false }],
    });
    await api.routers.create({ ...request, id: 'edge', spec }, call);
    await its().applied();
    await guest.ip('route', 'replace', 'default', 'via', '10.0.0.254', 'dev', 'eth0');
    await eventually(() => answers(guest), 20_000);
    for (const gateway of GATEWAYS) {
      const update = { id: 'edge', etag: '', validateOnly: false };
      const exits = [{ subnet: 'out-v4', gateways: [gateway] }];
      await api.routers.update({ ...update, changes: { exits } }, call);
      await its().applied();
      await outside.ip('route', 'replace', '10.0.0.0/24', 'via', gateway.address);
      await eventually(() => answers(guest), 20_000);
    }
  });

  it('gives the uplinks back when it is deleted', async () => {
    const { api } = its();
    await api.routers.delete({ id: 'edge', etag: '', validateOnly: false }, call);
    await its().applied();
    for (const i of [1, 2]) {
      const [link] = await its().host(i).json('ip', 'link', 'show', 'dev', 'phy0');
      assert.equal(link?.['master'], undefined);
    }
  });
});
