/** Real packets between guests of different networks, over routers that the dataplane has set up. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Fabric, OVER_IPV4, OVER_IPV6 } from '../../../support/linux-fabric.js';
import {
  convergeRouted,
  routedItems,
  routeGuests,
  type Subnet,
} from '../../../support/linux-routed.js';
import { Capture, exec, needNetns, type Netns } from '../../../support/netns.js';
import {
  dropRoute,
  GATEWAY_MAC,
  hop,
  routeTo,
  routeToVrf,
} from '../../../support/routing-items.js';
import { skip } from '../../../support/skip.js';

const ROUTER = 42;

/** Guests 0 and 1 of red and blue are on host 0, guest 2 of blue and 3 of red on host 1. */
const red: Subnet = {
  vrf: ROUTER,
  vni: 7101,
  guests: new Map([
    [0, 0],
    [3, 1],
  ]),
  ips: (guest) => [`10.1.1.${guest + 10}`, `fd00:1::${guest + 10}`],
  gateways: ['10.1.1.1/24', 'fd00:1::1/64'],
};
const blue: Subnet = {
  vrf: ROUTER,
  vni: 7102,
  guests: new Map([
    [1, 0],
    [2, 1],
  ]),
  ips: (guest) => [`10.1.2.${guest + 10}`, `fd00:2::${guest + 10}`],
  gateways: ['10.1.2.1/24', 'fd00:2::1/64'],
};
const BOTH = [red, blue];

const ping = (from: Netns, to: string, ...more: string[]): Promise<string> =>
  from.try('ping', '-c', '1', '-W', '1', ...more, to).then(({ stdout }) => stdout);

const answers = async (from: Netns, to: string, ...more: string[]): Promise<boolean> =>
  (await ping(from, to, ...more)).includes(' 0% packet loss');

/** UDP packets that came to ports that nobody listens on (RFC 4113, udpNoPorts). */
const refused = async (guest: Netns): Promise<number> => {
  const counters = await guest.run('cat', '/proc/net/snmp');
  return Number(/^Udp: \d+ (\d+)/m.exec(counters)?.[1]);
};

const needTools = async (context: Mocha.Context): Promise<void> => {
  await needNetns(context);
  for (const tool of ['tcpdump', 'ping', 'sysctl']) {
    const found = await exec('sh', ['-c', `command -v ${tool}`]);
    if (found.code !== 0) skip(context, `no ${tool} here: apt-get install tcpdump iputils-ping`);
  }
};

for (const family of [OVER_IPV4, OVER_IPV6]) {
  describe(`kernel dataplane: routed packets over ${family.name}`, function () {
    this.timeout(60_000);
    let fabric: Fabric;

    before(async function () {
      await needTools(this);
      fabric = await Fabric.create(family, 2, 4);
      await convergeRouted(fabric, BOTH);
      await routeGuests(fabric, BOTH);
    });

    after(async () => {
      for (const host of fabric.hosts) await host.converge([], 'all');
      await fabric.close();
    });

    for (const [where, to] of [
      ['on the same host', 1],
      ['on another host', 2],
    ] as const) {
      it(`go between networks ${where}, each router a hop`, async () => {
        const [ip4 = '', ip6 = ''] = blue.ips(to);
        const guest = fabric.guest(0);
        // Whoever sends with 64 is answered with 64, less the one router on the way back.
        assert.match(await ping(guest, ip4), /ttl=63 /);
        assert.match(await ping(guest, ip6), /ttl=63 /);
        // Two hops suffice, one does not: the gateway says so, from its own address.
        assert.ok(await answers(guest, ip4, '-t', '2'));
        assert.match(await ping(guest, ip4, '-t', '1'), /From 10\.1\.1\.1 .*Time to live exceeded/);
        assert.ok(await answers(guest, ip6, '-t', '2'));
        assert.match(await ping(guest, ip6, '-t', '1'), /From fd00:1::1 .*Time exceeded/);
      });
    }

    it('need no ARP and no neighbour discovery on the underlay', async () => {
      const capture = await Capture.start(fabric.host(0).ns, 'u0', 'udp port 4789');
      for (const guest of [0, 3]) {
        await fabric.guest(guest).ip('neigh', 'flush', 'dev', 'eth0');
        for (const ip of [...blue.ips(1), ...blue.ips(2), '10.1.1.1', 'fd00:1::1']) {
          assert.ok(await answers(fabric.guest(guest), ip), ip);
        }
      }
      const seen = await capture.stop();
      assert.ok(seen.some((line) => line.includes('ICMP echo request')));
      const asked = seen.filter((line) => /ARP|neighbor (solicitation|advertisement)/.test(line));
      assert.deepEqual(asked, []);
    });

    it('find the same gateway on each host, by one MAC', async () => {
      for (const guest of [0, 3]) {
        await ping(fabric.guest(guest), '10.1.1.1');
        await ping(fabric.guest(guest), 'fd00:1::1');
        const known = await fabric.guest(guest).ip('neigh', 'show', 'dev', 'eth0');
        assert.match(known, new RegExp(`10\\.1\\.1\\.1 lladdr ${GATEWAY_MAC}`));
        assert.match(known, new RegExp(`fd00:1::1 lladdr ${GATEWAY_MAC}`));
      }
    });
  });
}

describe('kernel dataplane: routers', function () {
  this.timeout(60_000);
  let fabric: Fabric;

  before(async function () {
    await needTools(this);
    fabric = await Fabric.create(OVER_IPV4, 2, 4);
    await convergeRouted(fabric, BOTH);
    await routeGuests(fabric, BOTH);
  });

  after(() => fabric.close());

  it('say from the gateway that a packet is too big for the network that it goes to', async () => {
    const small = { ...blue, gatewayMtu: 1300 };
    await convergeRouted(fabric, [red, small]);
    const guest = fabric.guest(0);
    const whole = ['-M', 'do', '-s', '1350'];
    for (const [to, said] of [
      [blue.ips(2)[0] ?? '', /From 10\.1\.1\.1 .*Frag needed and DF set \(mtu = 1300\)/],
      [blue.ips(2)[1] ?? '', /From fd00:1::1 .*Packet too big: mtu=1300/],
    ] as const) {
      assert.match(await ping(guest, to, ...whole), said);
      assert.ok(await answers(guest, to, '-M', 'do', '-s', '1200'));
    }
    await convergeRouted(fabric, BOTH);
    await guest.ip('route', 'flush', 'cache');
    await guest.ip('-6', 'route', 'flush', 'cache');
  });

  it('do not learn the gateway from a frame of another host', async () => {
    await convergeRouted(fabric, [{ ...red, more: { learn: true } }, blue]);
    const { ns } = fabric.host(0);
    const where = (): Promise<string> =>
      ns.run('bridge', 'fdb', 'get', GATEWAY_MAC, 'br', `nfvb${red.vni}`);
    assert.match(await where(), new RegExp(`dev nfvg${red.vni} `));
    // Routed on host 1, so that its frames come with the gateway's MAC over the tunnel.
    assert.ok(await answers(fabric.guest(2), red.ips(0)[0] ?? ''));
    assert.match(await where(), new RegExp(`dev nfvg${red.vni} .*sticky`));
    assert.ok(await answers(fabric.guest(0), blue.ips(2)[0] ?? ''));
    await convergeRouted(fabric, BOTH);
  });

  it('keep what a gateway asks on its host', async () => {
    const capture = await Capture.start(fabric.host(0).ns, 'u0', 'udp port 4789');
    const guest = fabric.guest(0);
    // Addresses that nobody knows: the router asks for them in its own network only.
    await ping(guest, '10.1.2.200');
    await ping(guest, 'fd00:2::200');
    const seen = await capture.stop();
    assert.deepEqual(
      seen.filter((line) => line.includes(GATEWAY_MAC)),
      [],
    );
  });

  it('spread over next hops, and leave out one that is gone', async () => {
    const prefix = '10.99.0.0/16';
    const there = [1, 2].map((guest) => fabric.guest(guest));
    for (const guest of there) await guest.ip('addr', 'add', '10.99.0.1/32', 'dev', 'lo');
    const hops = [1, 2].map((guest) => hop(blue.ips(guest)[0] ?? '', blue.vni));
    await convergeRouted(fabric, BOTH, [routeTo(ROUTER, prefix, ...hops)]);
    const before = await Promise.all(there.map(refused));
    // So that no packet waits for an answer to ARP: a queue for that is short.
    assert.ok(await answers(fabric.guest(0), '10.1.1.1'));
    const send = "for (let i = 0; i < 64; i++) s.send('x', 5000 + i, '10.99.0.1');";
    const script = `const s = require('dgram').createSocket('udp4'); ${send} setTimeout(() => s.close(), 200);`;
    await fabric.guest(0).run(process.execPath, '-e', script);
    const counts = await Promise.all(
      there.map(async (guest, i) => (await refused(guest)) - (before[i] ?? 0)),
    );
    assert.equal((counts[0] ?? 0) + (counts[1] ?? 0), 64, counts.join());
    assert.ok(
      counts.every((count) => count >= 8),
      counts.join(),
    );
    await convergeRouted(fabric, BOTH, [routeTo(ROUTER, prefix, ...hops.slice(1))]);
    assert.match(await ping(fabric.guest(0), '10.99.0.1'), / 0% packet loss/);
    for (const guest of there) await guest.ip('addr', 'del', '10.99.0.1/32', 'dev', 'lo');
    await convergeRouted(fabric, BOTH);
  });

  it('drop without a word what is to be dropped', async () => {
    const [ip4 = '', ip6 = ''] = blue.ips(2);
    const drops = [dropRoute(ROUTER, `${ip4}/32`), dropRoute(ROUTER, `${ip6}/128`)];
    await convergeRouted(fabric, BOTH, drops);
    for (const to of [ip4, ip6]) {
      const said = await ping(fabric.guest(0), to, '-W', '0.5');
      assert.match(said, /100% packet loss/);
      assert.doesNotMatch(said, /From /);
    }
    await convergeRouted(fabric, BOTH);
    assert.ok(await answers(fabric.guest(0), ip4));
  });

  it('lead to each other where a route says so', async () => {
    const other = { ...blue, vrf: 43 };
    const guest = fabric.guest(0);
    const [ip4 = '', ip6 = ''] = other.ips(2);
    await convergeRouted(fabric, [red, other]);
    assert.equal(await answers(guest, ip4, '-W', '0.3'), false);
    const leaks = [
      routeToVrf(ROUTER, '10.1.2.0/24', 43),
      routeToVrf(ROUTER, 'fd00:2::/64', 43),
      routeToVrf(43, '10.1.1.0/24', ROUTER),
      routeToVrf(43, 'fd00:1::/64', ROUTER),
    ];
    await convergeRouted(fabric, [red, other], leaks);
    assert.match(await ping(guest, ip4), /ttl=62 /);
    assert.match(await ping(guest, ip6), /ttl=62 /);
    await convergeRouted(fabric, BOTH);
    assert.ok(await answers(guest, ip4));
  });

  it('keep the same addresses of two tenants apart', async () => {
    const mine: Subnet = { ...red, vrf: 50, guests: new Map([[0, 0]]) };
    const mineToo: Subnet = { ...blue, vrf: 50, guests: new Map([[1, 0]]) };
    const theirs: Subnet = {
      ...mine,
      vrf: 51,
      vni: 7201,
      guests: new Map([[2, 0]]),
      ips: (guest) => mine.ips(guest - 2),
    };
    const theirsToo: Subnet = {
      ...mineToo,
      vrf: 51,
      vni: 7202,
      guests: new Map([[3, 0]]),
      ips: (guest) => mineToo.ips(guest - 2),
    };
    const all = [mine, mineToo, theirs, theirsToo];
    await fabric.converge([]);
    await convergeRouted(fabric, all);
    await routeGuests(fabric, all);
    const heard = await Capture.start(fabric.guest(3), 'eth0', 'icmp');
    assert.ok(await answers(fabric.guest(0), mineToo.ips(1)[0] ?? ''));
    assert.deepEqual(await heard.stop(), []);
    const mineHeard = await Capture.start(fabric.guest(1), 'eth0', 'icmp');
    assert.ok(await answers(fabric.guest(2), theirsToo.ips(3)[0] ?? ''));
    assert.deepEqual(await mineHeard.stop(), []);
    await fabric.converge([]);
    await convergeRouted(fabric, BOTH);
    await routeGuests(fabric, BOTH);
  });

  it('lose no packet when the agent is killed and another adopts what is there', async () => {
    const [to = ''] = blue.ips(2);
    const running = fabric.guest(0).spawn('ping', '-i', '0.005', '-c', '300', to);
    let out = '';
    running.stdout?.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
    const closed = once(running, 'close');
    const host = fabric.host(0);
    await host.restart();
    assert.deepEqual(await host.plan(routedItems(fabric, 0, BOTH), 'all'), []);
    await closed;
    assert.match(out, /300 packets transmitted, 300 received/);
  });
});
