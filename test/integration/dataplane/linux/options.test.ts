/** What a network's options and a port's kind do to real packets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Payload } from '../../../../src/model/item.js';
import { eventually } from '../../../support/eventually.js';
import { Fabric, macOfGuest, OVER_IPV4, type Network } from '../../../support/linux-fabric.js';
import { tapPort } from '../../../support/linux-items.js';
import { Capture, exec, needNetns, type Netns } from '../../../support/netns.js';
import { skip } from '../../../support/skip.js';
import { TAP_HOST } from '../../../support/tap-host.js';

const VNI = 7101;
const ip4 = (guest: number): string => `192.168.7.${guest + 1}`;
const ip6 = (guest: number): string => `fd00:7::${guest + 1}`;

const network = (more: Network['more'] = {}): Network => ({
  vni: VNI,
  guests: new Map([
    [0, 0],
    [1, 1],
    [2, 2],
  ]),
  more,
  ips: (guest) => [ip4(guest), ip6(guest)],
});

const pings = async (from: Netns, to: string): Promise<boolean> =>
  (await from.try('ping', '-c', '1', '-W', '1', to)).code === 0;

const needTools = async (context: Mocha.Context, ...tools: string[]): Promise<void> => {
  await needNetns(context);
  for (const tool of tools) {
    const found = await exec('sh', ['-c', `command -v ${tool}`]);
    if (found.code !== 0) skip(context, `no ${tool} here`);
  }
};

describe("kernel dataplane: a network's options, with packets", function () {
  this.timeout(30_000);
  let fabric: Fabric;

  before(async function () {
    await needTools(this, 'ping', 'tcpdump');
    fabric = await Fabric.create(OVER_IPV4, 3, 3);
  });

  after(() => fabric.close());

  /** Frames on the underlay of host 0 that carry what the filter's words name. */
  const onUnderlay = async (work: () => Promise<void>, words: RegExp): Promise<string[]> => {
    const capture = await Capture.start(fabric.host(0).ns, 'u0', 'udp port 4789');
    await work();
    return (await capture.stop()).filter((line) => words.test(line));
  };

  /** So that the guest has to ask. */
  const forgetNeighbors = async (): Promise<void> => {
    await fabric.guest(0).ip('neigh', 'flush', 'dev', 'eth0');
    await fabric.guest(0).ip('-6', 'neigh', 'flush', 'dev', 'eth0');
  };

  const asking = /Request who-has 192\.168\.7\.2|solicitation, who has fd00:7::2/;
  const ask = async (): Promise<void> => {
    await forgetNeighbors();
    assert.ok(await pings(fabric.guest(0), ip4(1)));
    assert.ok(await pings(fabric.guest(0), ip6(1)));
  };

  for (const [arpSuppression, copies] of [
    [true, 0],
    // One to each of the other two hosts, for ARP and for ND.
    [false, 4],
  ] as const) {
    it(`asks the underlay ${copies} times with arpSuppression ${arpSuppression ? 'on' : 'off'}`, async () => {
      await fabric.converge([network({ arpSuppression })]);
      const seen = await onUnderlay(ask, asking);
      assert.equal(seen.length, copies, seen.join('\n'));
    });
  }

  /** A MAC that nobody was told of, as a guest may have behind it. */
  const STRANGE = '02:00:00:00:0f:01';
  const STRANGE_IP = '192.168.7.99';

  const addStranger = async (): Promise<void> => {
    const guest = fabric.guest(1);
    const vlan = ['link', 'eth0', 'name', 'behind', 'address', STRANGE];
    await guest.ip('link', 'add', ...vlan, 'type', 'macvlan', 'mode', 'bridge');
    await guest.ip('addr', 'add', `${STRANGE_IP}/24`, 'dev', 'behind');
    // Only this one is to answer for its address.
    await guest.run('sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1');
    await guest.ip('link', 'set', 'dev', 'behind', 'up');
    await guest.ip('route', 'del', '192.168.7.0/24', 'dev', 'eth0');
  };

  for (const [learn, copies] of [
    // Unknown unicast goes to everybody. Before the other: what was learned stays for a while.
    [false, 2],
    [true, 1],
  ] as const) {
    it(`sends to a MAC that nobody was told of ${copies} times with learning ${learn ? 'on' : 'off'}`, async function () {
      await fabric.converge([network({ learn, arpSuppression: false })]);
      try {
        await addStranger();
      } catch (error) {
        skip(this, `no macvlan here: ${String(error)}`);
      }
      const guest = fabric.guest(0);
      await eventually(() => pings(guest, STRANGE_IP));
      const seen = await onUnderlay(
        async () => {
          assert.ok(await pings(guest, STRANGE_IP));
        },
        new RegExp(`192\\.168\\.7\\.1 > ${STRANGE_IP}: ICMP echo request`),
      );
      assert.equal(seen.length, copies, seen.join('\n'));
      const fdb = await fabric.host(0).ns.run('bridge', 'fdb', 'show', 'dev', `nfvx${VNI}`);
      assert.equal(fdb.includes(`${STRANGE} dst ${OVER_IPV4.vtep(1)}`), learn, fdb);
      // What was learned is nobody's: it is neither missed nor in the way.
      assert.deepEqual(
        await fabric
          .host(0)
          .plan(fabric.itemsFor(0, [network({ learn, arpSuppression: false })]), 'all'),
        [],
      );
      await fabric.guest(1).ip('link', 'del', 'dev', 'behind');
      await fabric.guest(1).ip('route', 'replace', '192.168.7.0/24', 'dev', 'eth0');
    });
  }
});

describe('kernel dataplane: a tap, with packets', function () {
  this.timeout(30_000);
  let fabric: Fabric;
  const MAC = macOfGuest(1);
  const IP = ip4(1);

  before(async function () {
    await needTools(this, 'ping', 'python3');
    fabric = await Fabric.create(OVER_IPV4, 2, 1);
  });

  after(() => fabric.close());

  it('carries what a monitor reads from it and writes to it, to and from another host', async () => {
    const lan: Network = { ...network(), guests: new Map([[0, 0]]) };
    const [vtep0, vtep1] = [OVER_IPV4.vtep(0), OVER_IPV4.vtep(1)];
    const shared: Payload[] = [{ kind: 'neighbor_entry', vni: VNI, ip: IP, mac: MAC }];
    const vm = tapPort('vm', VNI, MAC, { interface: 'vm0' }, { mtu: fabric.mtu });
    await fabric
      .host(0)
      .converge([
        ...fabric.itemsFor(0, [lan]),
        { kind: 'tunnel', vni: VNI, remote: vtep1, local: vtep0 },
        { kind: 'flood_member', vni: VNI, remote: vtep1 },
        { kind: 'mac_entry', vni: VNI, mac: MAC, via: { kind: 'remote', vtep: vtep1 } },
        ...shared,
      ]);
    const [bridge] = fabric.itemsFor(0, [lan]).filter(({ kind }) => kind === 'bridge_domain');
    assert.ok(bridge?.kind === 'bridge_domain');
    await fabric
      .host(1)
      .converge([
        { kind: 'vtep', address: vtep1 },
        { ...bridge, vtep: vtep1 },
        { kind: 'tunnel', vni: VNI, remote: vtep0, local: vtep1 },
        { kind: 'flood_member', vni: VNI, remote: vtep0 },
        { kind: 'mac_entry', vni: VNI, mac: macOfGuest(0), via: { kind: 'remote', vtep: vtep0 } },
        vm,
        { kind: 'mac_entry', vni: VNI, mac: MAC, via: { kind: 'endpoint', endpoint: 'vm' } },
        ...shared,
      ]);
    const guest = fabric.guest(0);
    assert.equal(await pings(guest, IP), false, 'nobody has opened it yet');
    const monitor = fabric.host(1).ns.spawn('python3', '-c', TAP_HOST, 'vm0', MAC, IP);
    await eventually(() => pings(guest, IP));
    const whole = ['-c', '3', '-i', '0.05', '-W', '1', '-M', 'do', '-s', String(fabric.mtu - 28)];
    assert.match(await guest.run('ping', ...whole, IP), /3 received/);
    const ended = once(monitor, 'close');
    monitor.kill('SIGKILL');
    await ended;
    assert.equal(await pings(guest, IP), false);
    assert.deepEqual(await fabric.host(1).plan([vm]), [], 'it stays when the monitor goes');
  });
});
