/** A netdev of a real kernel that goes away with all that was set on it, and comes back. */
import assert from 'node:assert/strict';
import { restoreCommands, toNetdevValues } from '../../../src/dpdk/netdev-values.js';
import { parseNetdevs, parseRoutes } from '../../../src/dpdk/netdevs.js';
import type { Netdev, Route } from '../../../src/model/host/inventory.js';
import { needNetns, Netns } from '../../support/netns.js';

const SETUP = [
  'link set dev up0 address 02:00:00:00:00:77 mtu 1400',
  'link set dev up0 up',
  'address add 192.0.2.1/24 dev up0',
  'address add 198.51.100.1/24 dev up0 metric 77',
  'address add 10.9.0.1 peer 10.9.0.2/32 dev up0',
  'address add 2001:db8::1/64 dev up0 nodad',
  'address add 2001:db8:9::1 peer 2001:db8:9::2/128 dev up0 nodad',
  'route add 10.1.0.0/16 via 192.0.2.2 mtu 1300 advmss 1260 rto_min 50ms',
  'route add 10.2.0.0/16 via inet6 fe80::99 dev up0',
  'route add 10.3.0.0/16 nexthop via inet6 fe80::99 dev up0 nexthop via 192.0.2.3 weight 2',
  'route add 10.4.0.0/16 tos 0x10 via 192.0.2.2',
  'route add 10.5.0.0/16 via 192.0.2.2 congctl reno features ecn initcwnd 20',
  'route add 10.6.0.0/16 via 10.9.0.2 proto 99 table 77',
  '-6 route add 2001:db8:2::/64 via 2001:db8::2 pref high mtu 1300',
];

describe("a netdev's values on a real kernel", () => {
  let ns: Netns;
  beforeEach(async function () {
    await needNetns(this);
    ns = await Netns.create();
    await appear();
    for (const words of SETUP) await ns.ip(...words.split(' '));
  });
  afterEach(() => ns.close());

  async function appear(): Promise<void> {
    await ns.ip(...'link add name up0 type veth peer name far0'.split(' '));
    await ns.ip(...'link set dev far0 up'.split(' '));
  }
  async function ask(...words: readonly string[]): Promise<unknown> {
    return JSON.parse((await ns.run('ip', '-j', ...words)) || '[]');
  }
  async function read(): Promise<{ netdev: Netdev; routes: Route[] }> {
    const all = ['route', 'show', 'table', 'all'];
    const netdevs = parseNetdevs(await ask('-d', 'address', 'show'));
    const netdev = netdevs.find(({ name }) => name === 'up0') ?? assert.fail();
    const routes = [
      ...parseRoutes(await ask('-4', ...all), 'IPV4'),
      ...parseRoutes(await ask('-6', ...all), 'IPV6'),
    ];
    return { netdev, routes };
  }
  /** As iproute2 shows it; without what differs with each device, and the addresses' age. */
  async function shown(): Promise<string[]> {
    const texts = [
      await ns.run('ip', 'address', 'show', 'dev', 'up0'),
      await ns.run('ip', '-4', 'route', 'show', 'table', 'all'),
      await ns.run('ip', '-6', 'route', 'show', 'table', 'all'),
    ];
    return texts
      .flatMap((text) => text.split('\n'))
      .map((line) => line.replace(' tentative', '').trim())
      .filter((line) => !/^\d+: |valid_lft|far0/.test(line))
      .sort();
  }

  it('leaves out a route with an encapsulation, which would come back as another', async () => {
    const tunnel = 'encap ip id 5 dst 203.0.113.9';
    await ns.ip(...`route add 10.7.0.0/16 ${tunnel} dev up0`.split(' '));
    const hops = `nexthop ${tunnel} via 192.0.2.8 dev up0 nexthop via 192.0.2.9 dev up0`;
    await ns.ip(...`route add 10.7.1.0/24 ${hops}`.split(' '));
    const { netdev, routes } = await read();
    const { routes: kept } = toNetdevValues(netdev, routes);
    assert.deepEqual(
      kept.filter(({ destination }) => /^10\.7|^203/.test(destination)),
      [],
    );
  });

  it('come back: peers, metrics, gateways of the other family', async () => {
    const before = await shown();
    const { netdev, routes } = await read();
    const values = toNetdevValues(netdev, routes);
    assert.deepEqual(restoreCommands(netdev, routes, values), []);
    await ns.ip('link', 'del', 'dev', 'up0');
    await appear();
    const now = await read();
    for (const words of restoreCommands(now.netdev, now.routes, values)) await ns.ip(...words);
    assert.deepEqual(await shown(), before);
  });
});
