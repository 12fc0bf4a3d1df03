/**
 * Two VPPs whose underlay is a VLAN, which each agent makes of an interface of the kernel: guests' packets in VXLAN
 * in that VLAN. This is VPP's own doing: the kernel needs no 802.1Q; tcpdump sees the tags on the cable.
 */
import assert from 'node:assert/strict';
import type { Payload } from '../../src/model/item.js';
import { eventually } from '../support/eventually.js';
import { domain, floodTo, macAt, macOf, tunnelTo, vtepItem } from '../support/linux-items.js';
import { cable, Capture, needNetns, Netns } from '../support/netns.js';
import { findVpp, RealVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';
import { VppDataplaneRig } from '../support/vpp-dataplane-rig.js';

const VNI = 10;
const UNDERLAY_MTU = 1600;
const SIDES = [
  { vtep: '10.9.0.1', mac: '02:00:00:00:00:01', ip: '192.168.7.1' },
  { vtep: '10.9.0.2', mac: '02:00:00:00:00:02', ip: '192.168.7.2' },
] as const;
type Side = (typeof SIDES)[number];

function itemsOf(own: Side, other: Side): Payload[] {
  return [
    vtepItem(own.vtep),
    domain(VNI, own.vtep, { arpSuppression: false }),
    tunnelTo(VNI, other.vtep, own.vtep),
    floodTo(VNI, other.vtep),
    {
      kind: 'port',
      endpoint: 'guest',
      vni: VNI,
      mac: own.mac,
      addresses: [],
      adminUp: true,
      mtu: 1500,
      port: { kind: 'host_interface', interface: 'g0' },
    },
    macOf(VNI, own.mac, 'guest'),
    macAt(VNI, other.mac, other.vtep),
  ];
}

describe('an underlay that is a VLAN of VPP', function () {
  this.timeout(120_000);
  const found = findVpp();
  const spaces: Netns[] = [];
  const vpps: RealVpp[] = [];
  const rigs: VppDataplaneRig[] = [];
  const guests: Netns[] = [];

  before(async function () {
    if (typeof found === 'string') skip(this, found);
    await needNetns(this);
    while (guests.length < SIDES.length) {
      spaces.push(await Netns.create());
      guests.push(await Netns.create());
    }
    const [a, b] = spaces;
    assert.ok(a !== undefined && b !== undefined);
    await cable([a, 'u0'], [b, 'u0'], UNDERLAY_MTU + 4);
    for (const [i, { vtep, mac, ip }] of SIDES.entries()) {
      const [host, guest] = [spaces[i], guests[i]];
      assert.ok(host !== undefined && guest !== undefined);
      await cable([host, 'g0'], [guest, 'eth0'], 1500);
      await guest.ip('link', 'set', 'dev', 'eth0', 'address', mac);
      await guest.ip('addr', 'add', `${ip}/24`, 'dev', 'eth0');
      const vpp = new RealVpp(found, { netns: host.name });
      vpps.push(vpp);
      await vpp.start();
      const common = { mtu: UNDERLAY_MTU, routes: [] };
      const vlan = { parent: 'host-u0', outerVlanId: 100, innerVlanId: 0, dot1ad: false };
      const rig = await VppDataplaneRig.create(vpp, [
        { ...common, hostInterface: 'u0', addresses: [] },
        { ...common, vlan, addresses: [`${vtep}/24`] },
      ]);
      rigs.push(rig);
      await rig.ready();
    }
  });
  after(async () => {
    for (const rig of rigs) await rig.close();
    for (const vpp of vpps) await vpp.remove();
    for (const each of [...spaces, ...guests]) await each.close();
  });

  const converge = async (): Promise<void> => {
    const [one, two] = SIDES;
    await rigs[0]?.converge(itemsOf(one, two));
    await rigs[1]?.converge(itemsOf(two, one));
  };
  const ping = async (...more: string[]): Promise<boolean> => {
    const ran = await guests[0]?.try('ping', '-c', '1', '-W', '1', ...more, SIDES[1].ip);
    return ran?.code === 0;
  };

  it('carries full-sized packets, each in VXLAN with the tag, none without', async () => {
    await converge();
    await eventually(() => ping(), 30_000);
    const [space] = spaces;
    assert.ok(space !== undefined);
    const capture = await Capture.start(space, 'u0');
    assert.ok(await ping('-M', 'do', '-s', '1472'));
    const seen = await capture.stop();
    // tcpdump gives each packet a line, and what is in VXLAN the next one. Guests send more than pings.
    const wrapped = seen.filter((line) => line.includes('VXLAN'));
    assert.ok(wrapped.every((line) => /802\.1Q \(0x8100\), length \d+: vlan 100, /.test(line)));
    const outer = seen.filter((_, i) => seen[i + 1]?.includes('ICMP echo') === true);
    assert.ok(outer.length > 0, seen.join('\n'));
    for (const line of outer) {
      assert.match(line, /802\.1Q \(0x8100\), length 1568: vlan 100, .*VXLAN.*vni 10\b/);
    }
    const shown = await vpps[0]?.vppctl('show', 'interface', 'address');
    assert.match(shown ?? '', /^host-u0\.100 \(up\):\s+L3 10\.9\.0\.1\/24/m);
    assert.match(shown ?? '', /^host-u0 \(up\):\s*\n(?!\s+L3)/m);
  });

  it('carries them again after a VPP was killed', async () => {
    await converge();
    const [vpp, rig] = [vpps[0], rigs[0]];
    assert.ok(vpp !== undefined && rig !== undefined);
    await vpp.kill();
    await eventually(() => rig.client.state !== 'ready');
    await vpp.start();
    await rig.ready();
    await converge();
    await eventually(() => ping(), 30_000);
  });
});
