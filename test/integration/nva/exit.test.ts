/** The way out of a router on kernel hosts, with real packets: by two of three hosts, and by one when the other is dead. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { CompileIndex } from '../../../src/nva/compiler/compile-index.js';
import { Fabric, macOfGuest, OVER_IPV4 } from '../../support/linux-fabric.js';
import { needNetns, trustAddresses, type Netns } from '../../support/netns.js';
import {
  endpointSpec,
  networkSpec,
  nveInput,
  routerSpec,
  subnetSpec,
} from '../../support/specs.js';

/** The guest is on host 0, which leads nowhere; hosts 1 and 2 do, each by a leg of the router outside. */
const [GUEST, OUTSIDE] = [0, 1];
const LEADING = [1, 2] as const;
const GUEST_IPS = ['10.78.0.10', 'fd78::10'] as const;
const BEYOND = Array.from({ length: 20 }, (_, i) => [`203.0.113.${i + 1}`, `2001:db8:1::${i + 1}`]);

const gateway4 = (host: number): string => `198.51.100.${10 + host}`;
const gateway6 = (host: number): string => `2001:db8::${10 + host}`;
const leg4 = (host: number): string => `198.51.100.${100 + host}`;
const leg6 = (host: number): string => `2001:db8::${100 + host}`;
const legOf = (host: number): string => `up${host}`;

async function answers(from: Netns, to: string, ...more: string[]): Promise<boolean> {
  const { stdout } = await from.try('ping', '-c', '3', '-i', '0.01', '-W', '1', ...more, to);
  return stdout.includes(' 0% packet loss');
}

describe('the exit of a router of the NVA on kernel hosts', function () {
  this.timeout(90_000);
  const index = new CompileIndex();
  let fabric: Fabric;

  before(async function () {
    await needNetns(this);
    fabric = await Fabric.create(OVER_IPV4, 3, 2);
    await trustAddresses(fabric.guest(OUTSIDE));
    loadNetworks();
    loadEndpoints();
    loadRouter();
    await program([0, 1, 2]);
    await configure();
  });

  after(async () => {
    for (const host of fabric.hosts) await host.converge([], 'all');
    await fabric.close();
  });

  function loadNetworks(): void {
    for (const host of [0, 1, 2]) loadHost(host, false);
    for (const [id, vni, v4, v6] of [
      ['blue', 7400, '10.78.0', 'fd78:'],
      ['up', 7401, '198.51.100', '2001:db8:'],
    ] as const) {
      index.load({ kind: 'VirtualNetwork', id, after: networkSpec({ vni }) });
      // What leads out has no gateway of its own.
      const [first4, first6] = id === 'blue' ? [`${v4}.1`, `${v6}:1`] : ['', ''];
      const ofV4 = subnetSpec({ network: id, prefix: `${v4}.0/24`, gateway: first4 });
      const ofV6 = subnetSpec({ network: id, prefix: `${v6}:/64`, gateway: first6 });
      index.load({ kind: 'Subnet', id: `${id}-v4`, after: ofV4 });
      index.load({ kind: 'Subnet', id: `${id}-v6`, after: ofV6 });
    }
  }

  function loadHost(host: number, withdrawn: boolean): void {
    const after = nveInput([OVER_IPV4.vtep(host)], 1500, withdrawn);
    index.apply({ kind: 'Nve', id: `host-${host}`, after });
  }

  function loadEndpoints(): void {
    attach('guest', 'blue', 0, GUEST, 'eth0', 0, GUEST_IPS);
    for (const host of LEADING) {
      attach(`leg-${host}`, 'up', host, OUTSIDE, legOf(host), host, [leg4(host), leg6(host)]);
    }
  }

  function attach(
    id: string,
    network: string,
    host: number,
    guest: number,
    name: string,
    mac: number,
    ips: readonly string[],
  ): void {
    const netns = fabric.guest(guest).name;
    const port = { kind: 'veth', netns, interface: name, hostInterface: '' } as const;
    const place = { network, nve: `host-${host}`, port };
    const after = endpointSpec({ ...place, mac: macOfGuest(mac), ips });
    index.load({ kind: 'Endpoint', id, after });
  }

  function loadRouter(): void {
    const gateways = (address: (host: number) => string): { nve: string; address: string }[] =>
      LEADING.map((host) => ({ nve: `host-${host}`, address: address(host) }));
    const hops = (address: (host: number) => string): { address: string; weight: number }[] =>
      LEADING.map((host) => ({ address: address(host), weight: 1 }));
    const after = routerSpec({
      vrfId: 74,
      transitVni: 7402,
      subnets: ['blue-v4', 'blue-v6'],
      exits: [
        { subnet: 'up-v4', gateways: gateways(gateway4) },
        { subnet: 'up-v6', gateways: gateways(gateway6) },
      ],
      routes: [
        { prefix: '0.0.0.0/0', nextHops: hops(leg4), drop: false },
        { prefix: '::/0', nextHops: hops(leg6), drop: false },
      ],
    });
    index.load({ kind: 'Router', id: 'r', after });
  }

  /** A second look finds nothing to do. */
  async function program(hosts: readonly number[]): Promise<void> {
    for (const host of hosts) {
      const items = [...index.full(`host-${host}`).values()];
      await fabric.host(host).reconcile(items.map(({ payload }) => payload));
    }
  }

  /** What the guest and the router outside would know by DHCP and by their operator. */
  async function configure(): Promise<void> {
    const guest = fabric.guest(GUEST);
    await guest.ip('route', 'replace', 'default', 'via', '10.78.0.1', 'dev', 'eth0');
    await guest.ip('-6', 'route', 'replace', 'default', 'via', 'fd78::1', 'dev', 'eth0');
    const outside = fabric.guest(OUTSIDE);
    await outside.ip('link', 'set', 'dev', 'lo', 'up');
    // Answers may leave by another leg than the one that the question came by.
    for (const name of ['all', ...LEADING.map(legOf)]) {
      await outside.run('sysctl', '-qw', `net.ipv4.conf.${name}.rp_filter=0`);
    }
    await outside.run('sysctl', '-qw', 'net.ipv6.conf.all.keep_addr_on_down=1');
    for (const [ip4 = '', ip6 = ''] of BEYOND) {
      await outside.ip('addr', 'add', `${ip4}/32`, 'dev', 'lo');
      await outside.ip('addr', 'add', `${ip6}/128`, 'dev', 'lo');
    }
    await routeBack();
  }

  async function routeBack(): Promise<void> {
    const outside = fabric.guest(OUTSIDE);
    const by = (address: (host: number) => string): string[] =>
      LEADING.flatMap((host) => ['nexthop', 'via', address(host), 'dev', legOf(host)]);
    await outside.ip('route', 'replace', '10.78.0.0/24', ...by(gateway4));
    await outside.ip('-6', 'route', 'replace', 'fd78::/64', ...by(gateway6));
  }

  const received = async (host: number): Promise<number> =>
    Number(
      await fabric.guest(OUTSIDE).run('cat', `/sys/class/net/${legOf(host)}/statistics/rx_packets`),
    );

  it('carries packets out and back, two routers on the way', async () => {
    for (const to of BEYOND[0] ?? []) {
      assert.ok(await answers(fabric.guest(GUEST), to, '-t', '3'), to);
      assert.ok(!(await answers(fabric.guest(GUEST), to, '-t', '2')), to);
    }
  });

  it("reaches the exit's own subnet", async () => {
    for (const host of LEADING) {
      assert.ok(await answers(fabric.guest(GUEST), leg4(host)));
      assert.ok(await answers(fabric.guest(GUEST), leg6(host)));
    }
  });

  it('lets who is outside in', async () => {
    const [from4 = '', from6 = ''] = BEYOND[0] ?? [];
    assert.ok(await answers(fabric.guest(OUTSIDE), GUEST_IPS[0], '-I', from4));
    assert.ok(await answers(fabric.guest(OUTSIDE), GUEST_IPS[1], '-I', from6));
  });

  it('spreads over both gateways, in both families', async () => {
    for (const family of [0, 1]) {
      const before = await Promise.all(LEADING.map(received));
      for (const to of BEYOND) assert.ok(await answers(fabric.guest(GUEST), to[family] ?? ''));
      const after = await Promise.all(LEADING.map(received));
      const counts = after.map((count, i) => count - (before[i] ?? 0));
      assert.ok(
        counts.every((count) => count >= 3),
        counts.join(),
      );
    }
  });

  /** Addresses beyond, to which the guest's packets go by this host now. */
  async function reachedBy(host: number): Promise<string[]> {
    const found: string[] = [];
    for (const [to = ''] of BEYOND) {
      const before = await received(host);
      assert.ok(await answers(fabric.guest(GUEST), to));
      if ((await received(host)) - before >= 3) found.push(to);
    }
    return found;
  }

  it('goes on by the other gateway when one is found dead, and by both when it is back', async () => {
    const [dead, other] = LEADING;
    const [to = ''] = await reachedBy(dead);
    const running = fabric.guest(GUEST).spawn('ping', '-i', '0.01', '-c', '400', '-W', '1', to);
    let out = '';
    running.stdout?.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
    const closed = once(running, 'close');
    await once(running.stdout ?? running, 'data');
    await fabric.host(dead).ns.ip('link', 'set', 'dev', 'u0', 'down');
    await fabric.guest(OUTSIDE).ip('link', 'set', 'dev', legOf(dead), 'down');
    loadHost(dead, true);
    await program([0, other]);
    await closed;
    const got = Number(/ (\d+) received/.exec(out)?.[1]);
    assert.ok(got > 0 && got < 400, `${got} of 400: the host that died was on the way`);
    for (const [ip4 = '', ip6 = ''] of BEYOND) {
      assert.ok(await answers(fabric.guest(GUEST), ip4), ip4);
      assert.ok(await answers(fabric.guest(GUEST), ip6), ip6);
    }

    await fabric.host(dead).ns.ip('link', 'set', 'dev', 'u0', 'up');
    await fabric.guest(OUTSIDE).ip('link', 'set', 'dev', legOf(dead), 'up');
    await routeBack();
    loadHost(dead, false);
    await program([dead, 0, other]);
    assert.ok((await reachedBy(dead)).length > 0);
    assert.ok((await reachedBy(other)).length > 0);
  });

  it('keeps all of it when the agents start anew', async () => {
    for (const [i, host] of fabric.hosts.entries()) {
      await host.restart();
      const items = [...index.full(`host-${i}`).values()].map(({ payload }) => payload);
      assert.deepEqual(await host.plan(items, 'all'), []);
    }
  });
});
