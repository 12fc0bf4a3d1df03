/** Real packets between guests over hosts that the dataplane has set up. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { eventually } from '../../../support/eventually.js';
import {
  Fabric,
  macOfGuest,
  OVER_IPV4,
  OVER_IPV6,
  type Network,
} from '../../../support/linux-fabric.js';
import { Capture, exec, needNetns, type Netns } from '../../../support/netns.js';
import { skip } from '../../../support/skip.js';

const ip4 = (guest: number): string => `192.168.7.${guest + 1}`;
const ip6 = (guest: number): string => `fd00:7::${guest + 1}`;
const both = (guest: number): string[] => [ip4(guest), ip6(guest)];

const blue: Network = {
  vni: 7001,
  guests: new Map([
    [0, 0],
    [1, 1],
    [2, 2],
  ]),
  ips: both,
};

const pings = async (from: Netns, to: string, ...more: string[]): Promise<boolean> => {
  const ran = await from.try('ping', '-c', '1', '-W', '0.4', ...more, to);
  return ran.code === 0;
};

/** Frames of a guest that one broadcast ping of another makes it see. */
const broadcast = async (fabric: Fabric, from: number, ...to: number[]): Promise<number[]> => {
  const source = fabric.guest(from);
  const captures = await Promise.all(
    to.map((guest) =>
      Capture.start(fabric.guest(guest), 'eth0', `icmp and ether src ${macOfGuest(from)}`),
    ),
  );
  await source.try('ping', '-b', '-c', '1', '-W', '0.2', '192.168.7.255');
  // It comes after the broadcast, along the same ways, and so tells that nothing else will.
  for (const guest of to) await pings(source, ip4(guest));
  const seen = await Promise.all(captures.map((capture) => capture.stop()));
  return seen.map((lines) => lines.filter((line) => line.includes('192.168.7.255')).length);
};

const needTools = async (context: Mocha.Context): Promise<void> => {
  await needNetns(context);
  for (const tool of ['tcpdump', 'ping']) {
    const found = await exec('sh', ['-c', `command -v ${tool}`]);
    if (found.code !== 0) skip(context, `no ${tool} here: apt-get install tcpdump iputils-ping`);
  }
};

for (const family of [OVER_IPV4, OVER_IPV6]) {
  describe(`kernel dataplane: packets over ${family.name}`, function () {
    this.timeout(30_000);
    let fabric: Fabric;

    before(async function () {
      await needTools(this);
      fabric = await Fabric.create(family, 3, 4);
      await fabric.converge([blue]);
    });

    after(() => fabric.close());

    it('carries full-sized packets of both families, asking the underlay for no address', async () => {
      const { mtu } = fabric;
      const guest = fabric.guest(0);
      const capture = await Capture.start(fabric.host(0).ns, 'u0');
      const whole = ['-M', 'do', '-c', '2', '-i', '0.05', '-W', '2'];
      await guest.run('ping', ...whole, '-s', String(mtu - 28), ip4(1));
      await guest.run('ping', ...whole, '-s', String(mtu - 48), ip6(1));
      const seen = await capture.stop();
      assert.equal(seen.filter((line) => line.includes(`vni ${blue.vni}`)).length >= 8, true);
      const asked = seen.filter((line) => /192\.168\.7|fd00:7/.test(line));
      assert.deepEqual(
        asked.filter((line) => /ARP|neighbor (solicitation|advertisement)/.test(line)),
        [],
      );
    });

    it('answers for others, but not for nobody', async () => {
      const guest = fabric.guest(0);
      const capture = await Capture.start(fabric.host(0).ns, 'u0');
      assert.equal(await pings(guest, '192.168.7.99'), false);
      const seen = await capture.stop();
      assert.ok(seen.some((line) => line.includes('who-has 192.168.7.99')));
    });

    it('sends a broadcast to each member once', async () => {
      const capture = await Capture.start(fabric.host(0).ns, 'u0');
      assert.deepEqual(await broadcast(fabric, 0, 1, 2), [1, 1]);
      const copies = (await capture.stop()).filter((line) => line.includes('> 192.168.7.255'));
      assert.equal(copies.length, 2);
    });

    it('sends a broadcast to a group once', async () => {
      const bumGroup = family === OVER_IPV4 ? '239.1.1.1' : 'ff05::7001';
      await fabric.converge([{ ...blue, more: { bumGroup } }]);
      // A host that has just joined is not heard of at once.
      await eventually(async () => (await broadcast(fabric, 0, 1, 2)).join() === '1,1');
      const capture = await Capture.start(fabric.host(0).ns, 'u0');
      assert.deepEqual(await broadcast(fabric, 0, 1, 2), [1, 1]);
      const copies = (await capture.stop()).filter((line) => line.includes('> 192.168.7.255'));
      assert.equal(copies.length, 1);
      await fabric.converge([blue]);
      assert.deepEqual(await broadcast(fabric, 0, 1, 2), [1, 1]);
    });

    it('sends no broadcast where none is wanted', async () => {
      await fabric.converge([{ ...blue, more: { flood: false } }]);
      assert.deepEqual(await broadcast(fabric, 0, 1, 2), [0, 0]);
      assert.ok(await pings(fabric.guest(0), ip4(1)));
      await fabric.converge([blue]);
    });

    it('keeps networks apart, even with the same addresses', async () => {
      const red: Network = {
        vni: 7002,
        guests: new Map([
          [2, 0],
          [3, 1],
        ]),
        ips: (guest) => [ip4(guest - 2), ip6(guest - 2)],
      };
      const two = { ...blue, guests: new Map([...blue.guests].filter(([guest]) => guest !== 2)) };
      await fabric.converge([two, red]);
      const strangers = await Promise.all(
        [2, 3].map((guest) => Capture.start(fabric.guest(guest), 'eth0', 'icmp or icmp6')),
      );
      assert.ok(await pings(fabric.guest(0), ip4(1)));
      assert.ok(await pings(fabric.guest(0), ip6(1)));
      await fabric.guest(0).try('ping', '-b', '-c', '1', '-W', '0.2', '192.168.7.255');
      const lines = (await Promise.all(strangers.map((capture) => capture.stop()))).flat();
      assert.deepEqual(
        lines.filter((line) => line.includes(macOfGuest(0))),
        [],
      );
      assert.ok(await pings(fabric.guest(2), ip4(1)));
      await fabric.converge([blue]);
    });

    it('follows an endpoint that moves to another host', async () => {
      const moved = {
        ...blue,
        guests: new Map([
          [0, 0],
          [1, 2],
        ]),
      };
      await fabric.converge([moved]);
      assert.ok(await pings(fabric.guest(0), ip4(1)));
      assert.ok(await pings(fabric.guest(1), ip6(0)));
      await fabric.converge([blue]);
      assert.ok(await pings(fabric.guest(0), ip4(1)));
    });

    it('loses no packet when the agent is killed and another adopts what is there', async () => {
      const ping = fabric.guest(0).spawn('ping', '-i', '0.005', '-c', '300', ip4(1));
      let out = '';
      ping.stdout?.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
      const host = fabric.host(0);
      await host.restart();
      assert.deepEqual(await host.plan(fabric.itemsFor(0, [blue]), 'all'), []);
      await once(ping, 'close');
      assert.match(out, /300 packets transmitted, 300 received/);
    });
  });
}

describe('kernel dataplane: the host is out of reach of its guests', function () {
  this.timeout(30_000);
  let fabric: Fabric;
  const HOST4 = '10.1.0.1';
  const HOST6 = 'fd77::1';
  const pair: Network = {
    ...blue,
    guests: new Map([
      [0, 0],
      [1, 1],
    ]),
  };

  before(async function () {
    await needTools(this);
    fabric = await Fabric.create(OVER_IPV4, 2, 2);
    const { ns } = fabric.host(0);
    await ns.ip('addr', 'add', `${HOST6}/64`, 'dev', 'u0', 'nodad');
    await ns.run('sysctl', '-qw', 'net.ipv4.conf.all.forwarding=1');
    await ns.run('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
    await fabric.converge([pair]);
    const guest = fabric.guest(0);
    await guest.ip('route', 'add', '10.1.0.0/24', 'dev', 'eth0');
    await guest.ip('-6', 'route', 'add', 'fd77::/64', 'dev', 'eth0');
  });

  after(() => fabric.close());

  it('answers neither ARP nor ND', async () => {
    assert.equal(await pings(fabric.guest(0), HOST4), false);
    assert.equal(await pings(fabric.guest(0), HOST6), false);
    const known = await fabric.guest(0).ip('neigh', 'show', 'dev', 'eth0');
    assert.doesNotMatch(known, /(10\.1\.0\.1|fd77::1) .*lladdr/);
  });

  for (const [title, mac] of [
    ['to everybody', 'ff:ff:ff:ff:ff:ff'],
    ['to a group', '33:33:00:00:00:01'],
  ] as const) {
    it(`takes no packet that is for it in a frame ${title}`, async () => {
      const guest = fabric.guest(0);
      for (const address of [HOST4, HOST6]) {
        await guest.ip('neigh', 'replace', address, 'lladdr', mac, 'dev', 'eth0');
        assert.equal(await pings(guest, address), false);
        await guest.ip('neigh', 'del', address, 'dev', 'eth0');
      }
    });
  }

  it('has no IPv6 of its own towards them, and believes no router among them', async () => {
    const { ns } = fabric.host(0);
    assert.doesNotMatch(await ns.ip('addr', 'show', 'dev', `nfvb${blue.vni}`), /inet/);
    assert.doesNotMatch(await ns.ip('-6', 'route', 'show', 'default'), /nfvb/);
  });

  it('shows its MAC in no frame', async () => {
    const { ns } = fabric.host(0);
    const [link] = await ns.json('ip', 'link', 'show', 'dev', `nfvb${blue.vni}`);
    const capture = await Capture.start(
      fabric.guest(0),
      'eth0',
      `ether src ${String(link?.['address'])}`,
    );
    await ns.ip('link', 'set', 'dev', `nfvb${blue.vni}`, 'down');
    await ns.ip('link', 'set', 'dev', `nfvb${blue.vni}`, 'up');
    await pings(fabric.guest(0), HOST4);
    await pings(fabric.guest(0), 'ff02::1%eth0');
    assert.deepEqual(await capture.stop(), []);
    // A bridge that goes down forgets its neighbours.
    await fabric.converge([pair]);
  });

  it('takes no packet that is for it even from who knows its MAC', async function () {
    const { ns } = fabric.host(0);
    const filters = await ns.run('tc', 'filter', 'show', 'dev', `nfvb${blue.vni}`, 'ingress');
    if (!/matchall|bpf/.test(filters)) {
      skip(this, 'this kernel has neither cls_matchall with act_gact nor cls_bpf');
    }
    const [link] = await ns.json('ip', 'link', 'show', 'dev', `nfvb${blue.vni}`);
    const guest = fabric.guest(0);
    // So that an answer could go back the way it came.
    await ns.ip('route', 'replace', '192.168.7.0/24', 'dev', `nfvb${blue.vni}`);
    await ns.ip('-6', 'route', 'replace', 'fd00:7::/64', 'dev', `nfvb${blue.vni}`);
    const to = ['lladdr', String(link?.['address']), 'dev', 'eth0'];
    for (const address of [HOST4, HOST6]) await guest.ip('neigh', 'replace', address, ...to);
    assert.equal(await pings(guest, HOST4), false);
    assert.equal(await pings(guest, HOST6), false);
    // It is the filter that keeps them out, and the agent puts it back.
    await ns.run('tc', 'qdisc', 'del', 'dev', `nfvb${blue.vni}`, 'clsact');
    assert.ok(await pings(guest, HOST4));
    assert.ok(await pings(guest, HOST6));
    const [step, ...others] = await fabric.host(0).plan(fabric.itemsFor(0, [pair]), 'all');
    assert.deepEqual(others, []);
    assert.ok(step?.op === 'update');
    assert.match(step.differences.join(), /not kept from the host/);
    await fabric.host(0).succeed([step]);
    assert.equal(await pings(guest, HOST4), false);
  });
});
