/** Real packets between guests of two networks, routed by a VPP, and along a cross-connect. */
import assert from 'node:assert/strict';
import type { Payload } from '../../src/model/item.js';
import { eventually } from '../support/eventually.js';
import { domain, macOf, neighbor, vtepItem } from '../support/linux-items.js';
import { cable, Capture, needNetns, Netns } from '../support/netns.js';
import { findVpp, RealVpp } from '../support/real-vpp.js';
import {
  dropRoute,
  gateway,
  GATEWAY_MAC,
  gatewayNeighbor,
  hop,
  routeTo,
  routeToVrf,
  vrf,
  xconnect,
} from '../support/routing-items.js';
import { skip } from '../support/skip.js';
import { VppDataplaneRig } from '../support/vpp-dataplane-rig.js';

const MTU = 1400;
const L = '10.9.0.1';
const UPLINK = { interface: 'loop0', addresses: [`${L}/24`], mtu: 1500, routes: [] };

/** Guests 0, 1 and 2 of networks 10, 11 and 11; 3 and 4 of none. */
const NETWORKS = [10, 11, 11, 0, 0] as const;
const mac = (guest: number): string => `02:00:00:00:01:0${guest}`;
const ip4 = (guest: number): string => `192.168.${NETWORKS[guest] ?? 0}.${guest + 1}`;
const ip6 = (guest: number): string => `fd00:${NETWORKS[guest] ?? 0}::${guest + 1}`;
const gateway4 = (vni: number): string => `192.168.${vni}.254`;
const gateway6 = (vni: number): string => `fd00:${vni}::fe`;

const port = (guest: number): Payload => ({
  kind: 'port',
  endpoint: `guest-${guest}`,
  vni: NETWORKS[guest] ?? 0,
  mac: mac(guest),
  addresses: [],
  adminUp: true,
  mtu: MTU,
  port: { kind: 'host_interface', interface: `p${guest}` },
});

function network(vni: number): Payload[] {
  const guests = [0, 1, 2].filter((guest) => NETWORKS[guest] === vni);
  return [
    domain(vni, L),
    ...guests.flatMap((guest) => [
      port(guest),
      macOf(vni, mac(guest), `guest-${guest}`),
      neighbor(vni, ip4(guest), mac(guest)),
      neighbor(vni, ip6(guest), mac(guest)),
    ]),
  ];
}

function routed(vrfId: number, vni: number): Payload[] {
  const guests = [0, 1, 2].filter((guest) => NETWORKS[guest] === vni);
  return [
    gateway(vrfId, vni, [`${gateway4(vni)}/24`, `${gateway6(vni)}/64`], { mtu: MTU }),
    ...guests.flatMap((guest) =>
      [ip4(guest), ip6(guest)].map((ip) => gatewayNeighbor(vrfId, vni, ip, mac(guest))),
    ),
  ];
}

const ROUTER: readonly Payload[] = [
  vtepItem(L),
  ...network(10),
  ...network(11),
  vrf(7),
  ...routed(7, 10),
  ...routed(7, 11),
];

describe('VPP: packets between networks', function () {
  this.timeout(120_000);
  const found = findVpp();
  const spaces: Netns[] = [];
  const guests: Netns[] = [];
  let vpp: RealVpp | undefined;
  let rig: VppDataplaneRig;

  before(async function () {
    if (typeof found === 'string') skip(this, found);
    await needNetns(this);
    const host = await Netns.create();
    spaces.push(host);
    for (const [guest, vni] of NETWORKS.entries()) {
      const ns = await Netns.create();
      spaces.push(ns);
      guests.push(ns);
      await cable([host, `p${guest}`], [ns, 'eth0'], MTU);
      await ns.ip('link', 'set', 'dev', 'eth0', 'address', mac(guest));
      await ns.ip('addr', 'add', `${ip4(guest)}/24`, 'dev', 'eth0');
      await ns.ip('addr', 'add', `${ip6(guest)}/64`, 'dev', 'eth0', 'nodad');
      if (vni === 0) continue;
      await ns.ip('route', 'add', 'default', 'via', gateway4(vni));
      await ns.ip('-6', 'route', 'add', 'default', 'via', gateway6(vni));
    }
    vpp = new RealVpp(found, { netns: host.name });
    await vpp.start();
    rig = await VppDataplaneRig.create(vpp, [UPLINK]);
    await rig.client.request('create_loopback_instance', {
      mac_address: '00:00:00:00:00:00',
      is_specified: true,
      user_instance: 0,
    });
    await rig.ready();
  });
  after(async () => {
    if (vpp !== undefined) await rig.close();
    await vpp?.remove();
    for (const ns of spaces) await ns.close();
  });

  const at = (guest: number): Netns => guests[guest] ?? assert.fail();

  const ping = async (from: number, to: string, ...more: string[]): Promise<boolean> =>
    (await at(from).try('ping', '-c', '1', '-W', '1', ...more, to)).code === 0;

  it('are routed by the gateways, and the first one is not lost', async () => {
    await rig.converge(ROUTER);
    // What comes to a guest's interface before it is up is gone.
    await eventually(() => ping(1, ip4(2)));
    for (const [from, to] of [
      [0, 1],
      [1, 0],
      [2, 0],
    ] as const) {
      assert.ok(await ping(from, ip4(to)), `IPv4 from ${from} to ${to}`);
      assert.ok(await ping(from, ip6(to)), `IPv6 from ${from} to ${to}`);
    }
  });

  it('have the gateway’s MAC, and one hop less to live', async () => {
    const capture = await Capture.start(at(1), 'eth0', 'icmp or icmp6');
    assert.ok(await ping(0, ip4(1), '-t', '9'));
    assert.ok(await ping(0, ip6(1), '-t', '9'));
    const seen = await capture.stop();
    const requests = seen.filter((line) => line.includes('echo request'));
    assert.equal(requests.length, 2, seen.join('\n'));
    assert.ok(requests.every((line) => line.includes(`${GATEWAY_MAC} > ${mac(1)}`)));
    for (const [to, gatewayAddress] of [
      [ip4(1), gateway4(10)],
      [ip6(1), gateway6(10)],
    ] as const) {
      const ran = await at(0).try('ping', '-c', '1', '-W', '1', '-t', '1', to);
      assert.match(ran.stdout, new RegExp(`From ${gatewayAddress}.*(Time to live|Time) exceeded`));
    }
  });

  it('may be as large as the network’s MTU, and no larger', async () => {
    assert.ok(await ping(0, ip4(1), '-M', 'do', '-s', String(MTU - 28)));
    assert.ok(await ping(0, ip6(1), '-M', 'do', '-s', String(MTU - 48)));
    const small = ROUTER.map((each) =>
      each.kind === 'gateway_interface' && each.vni === 11 ? { ...each, mtu: 1300 } : each,
    );
    await rig.converge(small);
    const ran = await at(0).try('ping', '-c', '1', '-W', '1', '-M', 'do', '-s', '1300', ip4(1));
    assert.match(ran.stdout + ran.stderr, /Frag needed and DF set \(mtu = 1300\)/);
    await rig.converge(ROUTER);
    await at(0).ip('route', 'flush', 'cache');
  });

  it('find the gateway where nothing is flooded', async () => {
    const silent = ROUTER.map((each) =>
      each.kind === 'bridge_domain' ? { ...each, flood: false } : each,
    );
    await rig.converge(silent);
    for (const guest of [0, 1]) await at(guest).ip('neigh', 'flush', 'all');
    assert.ok(await ping(0, ip4(1)));
    assert.ok(await ping(0, ip6(1)));
    await rig.converge(ROUTER);
  });

  it('are dropped by a route that says so, and those of others are not', async () => {
    await rig.converge([...ROUTER, dropRoute(7, `${ip4(2)}/32`), dropRoute(7, `${ip6(2)}/128`)]);
    assert.ok(!(await ping(0, ip4(2))));
    assert.ok(!(await ping(0, ip6(2))));
    assert.ok(await ping(0, ip4(1)));
    assert.ok(await ping(0, ip6(1)));
    await rig.converge(ROUTER);
    assert.ok(await ping(0, ip4(2)));
  });

  it('are spread over next hops of equal cost', async () => {
    const hops = [1, 2].map((guest) => hop(ip4(guest), 11));
    await rig.converge([...ROUTER, routeTo(7, '10.50.0.0/16', ...hops)]);
    for (const guest of [1, 2]) {
      await at(guest).ip('route', 'add', 'local', '10.50.0.0/16', 'dev', 'lo');
    }
    const captures = await Promise.all(
      [1, 2].map((guest) => Capture.start(at(guest), 'eth0', 'icmp[icmptype] == icmp-echo')),
    );
    const targets = Array.from({ length: 32 }, (_, i) => `10.50.0.${i + 1}`);
    for (const target of targets) assert.ok(await ping(0, target), target);
    const counts = await Promise.all(captures.map(async (each) => (await each.stop()).length));
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      targets.length,
    );
    assert.ok(
      counts.every((count) => count >= 4),
      counts.join(),
    );
    await rig.converge(ROUTER);
    assert.ok(!(await ping(0, '10.50.0.1')));
  });

  it('go from one router to another where a route leads there', async () => {
    const apart = [
      vtepItem(L),
      ...network(10),
      ...network(11),
      vrf(7),
      vrf(8),
      ...routed(7, 10),
      ...routed(8, 11),
    ];
    await rig.converge(apart);
    assert.ok(!(await ping(0, ip4(1))));
    await rig.converge([
      ...apart,
      routeToVrf(7, '192.168.11.0/24', 8),
      routeToVrf(8, '192.168.10.0/24', 7),
      routeToVrf(7, 'fd00:11::/64', 8),
      routeToVrf(8, 'fd00:10::/64', 7),
    ]);
    assert.ok(await ping(0, ip4(1)));
    assert.ok(await ping(1, ip6(0)));
    await rig.converge(ROUTER);
  });

  it('go on when somebody deletes a gateway’s loopback and it is made again', async () => {
    const wanted = [...ROUTER, routeTo(7, '10.50.0.0/16', hop(ip4(1), 11))];
    await rig.converge(wanted);
    assert.ok(await ping(0, '10.50.0.1'));
    const asked = { bd_id: 11, sw_if_index: 0xffff_ffff };
    const [seen] = await rig.client.dump('bridge_domain_dump', asked);
    await rig.client.request('delete_loopback', { sw_if_index: seen?.bvi_sw_if_index ?? 0 });
    assert.ok(!(await ping(0, '10.50.0.1')));
    await rig.converge(wanted);
    assert.ok(await ping(0, '10.50.0.1'));
  });

  it('go along a cross-connect as they are, and nowhere else', async () => {
    await rig.converge([...ROUTER, port(3), port(4)]);
    assert.ok(!(await ping(3, ip4(4))));
    await rig.converge([...ROUTER, port(3), port(4), xconnect('guest-3', 'guest-4')]);
    const elsewhere = await Capture.start(at(0), 'eth0', `ether src ${mac(3)}`);
    const capture = await Capture.start(at(4), 'eth0', `ether src ${mac(3)}`);
    // What was asked in vain may have been answered since.
    await at(3).ip('neigh', 'flush', 'all');
    assert.ok(await ping(3, ip4(4), '-s', String(MTU - 28)));
    assert.ok(await ping(4, ip6(3)));
    await at(3).try('ping', '-b', '-c', '1', '-W', '0.2', '192.168.0.255');
    const frames = await capture.stop();
    assert.ok(frames.some((line) => line.includes('ff:ff:ff:ff:ff:ff, ethertype ARP')));
    assert.ok(frames.some((line) => line.includes('192.168.0.255: ICMP echo request')));
    assert.deepEqual(await elsewhere.stop(), []);
    await rig.converge(ROUTER);
    assert.ok(!(await ping(3, ip4(4))));
    assert.ok(await ping(0, ip4(1)));
  });
});
