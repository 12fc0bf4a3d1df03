/**
 * VLANs of an interface of a real VPP, pings through them. The other end is an operator's, on the same VPP. On a
 * cable between the two tcpdump sees the tags; VPP's af_packet takes service tags for customer tags, so these
 * are tried over a memif.
 */
import assert from 'node:assert/strict';
import type { Payload } from '../../src/model/item.js';
import { NEW_VLAN, type VlanPort } from '../../src/model/vpp-ports.js';
import { eventually } from '../support/eventually.js';
import { domain, macOf, vtepItem } from '../support/linux-items.js';
import { cable, Capture, needNetns, Netns } from '../support/netns.js';
import { findVpp, RealVpp } from '../support/real-vpp.js';
import { xconnect } from '../support/routing-items.js';
import { skip } from '../support/skip.js';
import { VppDataplaneRig } from '../support/vpp-dataplane-rig.js';

const VNI = 10;
const L = '10.9.0.1';
const UPLINK = { interface: 'loop0', addresses: [`${L}/24`], mtu: 1500, routes: [] };
const PLAIN = { mac: '02:00:00:00:00:01', ip: '192.168.7.1' };
const FAR = { mac: '02:00:00:00:00:02', ip: '192.168.7.2' };
/** The operator's bridge domain of what is behind the VLAN. */
const BEHIND = 999;

interface Row {
  readonly name: string;
  readonly spec: Omit<VlanPort, 'kind' | 'parent'>;
  /** The other end's, as VPP's command line has it. */
  readonly tags: string;
  readonly pop: number;
  /** What tcpdump says of a frame between the two; undefined: they are on a memif, not a cable. */
  readonly frame: RegExp | undefined;
}

const ROWS: readonly Row[] = [
  {
    name: 'one tag',
    spec: { outerVlanId: 100, innerVlanId: 0, dot1ad: false },
    tags: 'dot1q 100 exact-match',
    pop: 1,
    frame: /ethertype 802\.1Q \(0x8100\), length \d+: vlan 100, p 0, ethertype IPv4/,
  },
  {
    name: 'a service tag',
    spec: { outerVlanId: 100, innerVlanId: 0, dot1ad: true },
    tags: 'dot1ad 100 exact-match',
    pop: 1,
    frame: undefined,
  },
  {
    name: 'a service tag and a customer tag',
    spec: { outerVlanId: 100, innerVlanId: 200, dot1ad: true },
    tags: 'dot1ad 100 inner-dot1q 200 exact-match',
    pop: 2,
    frame: undefined,
  },
  {
    name: 'two customer tags',
    spec: { outerVlanId: 300, innerVlanId: 200, dot1ad: false },
    tags: 'dot1q 300 inner-dot1q 200 exact-match',
    pop: 2,
    frame: /802\.1Q \(0x8100\), length \d+: vlan 300, p 0, ethertype 802\.1Q.*vlan 200/,
  },
];

describe('VLANs of an interface of VPP', function () {
  this.timeout(60_000);
  const found = findVpp();
  let vpp: RealVpp | undefined;
  let rig: VppDataplaneRig;
  const spaces: Netns[] = [];
  const space = (number: number): Netns => spaces[number] ?? assert.fail();

  before(async function () {
    if (typeof found === 'string') skip(this, found);
    await needNetns(this);
    for (let i = 0; i < 3; i++) spaces.push(await Netns.create());
    const [host, plain, far] = [space(0), space(1), space(2)];
    await cable([host, 'g0'], [plain, 'eth0'], 1500);
    await cable([host, 'g1'], [far, 'eth0'], 1500);
    for (const [guest, { mac, ip }] of [
      [plain, PLAIN],
      [far, FAR],
    ] as const) {
      await guest.ip('link', 'set', 'dev', 'eth0', 'address', mac);
      await guest.ip('addr', 'add', `${ip}/24`, 'dev', 'eth0');
    }
    await cable([host, 't0'], [host, 't1'], 1520);
    vpp = new RealVpp(found, { netns: host.name });
    await vpp.start();
    rig = await VppDataplaneRig.create(vpp, [UPLINK]);
    await rig.ready();
    await rig.client.request('create_loopback_instance', {
      mac_address: '00:00:00:00:00:00',
      is_specified: true,
      user_instance: 0,
    });
    // As an operator: what carries the VLANs is nobody's port, and what is behind them is not ours.
    for (const name of ['t0', 't1', 'g1']) {
      await cli(`create host-interface name ${name}`);
      await cli(`set interface state host-${name} up`);
    }
    for (const [id, role] of [
      [1, 'master'],
      [2, 'slave'],
    ] as const) {
      await cli(`create memif socket id ${id} filename ${rig.files.outside('wire')}`);
      await cli(`create interface memif id 0 socket-id ${id} ${role}`);
      await cli(`set interface state memif${id}/0 up`);
    }
    await cli(`create bridge-domain ${BEHIND}`);
    await cli(`set interface l2 bridge host-g1 ${BEHIND}`);
  });
  after(async () => {
    if (vpp !== undefined) {
      await rig.close();
      await vpp.remove();
    }
    for (const each of spaces) await each.close();
  });

  const endsOf = ({ frame }: Row): readonly [string, string] =>
    frame === undefined ? ['memif1/0', 'memif2/0'] : ['host-t0', 'host-t1'];

  function ports(row: Row, vni: number): Payload[] {
    const [parent] = endsOf(row);
    const common = { kind: 'port', vni, addresses: [], adminUp: true, mtu: 1500 } as const;
    const nic = { kind: 'host_interface', interface: 'g0' } as const;
    const vlan = { ...NEW_VLAN, ...row.spec, parent };
    return [
      { ...common, endpoint: 'plain', mac: PLAIN.mac, port: nic },
      { ...common, endpoint: 'tagged', mac: FAR.mac, port: vlan },
    ];
  }

  function items(row: Row): Payload[] {
    return [
      vtepItem(L),
      domain(VNI, L, { arpSuppression: false }),
      ...ports(row, VNI),
      macOf(VNI, PLAIN.mac, 'plain'),
      macOf(VNI, FAR.mac, 'tagged'),
    ];
  }

  async function cli(cmd: string): Promise<void> {
    await rig.client.request('cli_inband', { cmd });
  }

  for (const [i, row] of ROWS.entries()) {
    it(`carry frames with ${row.name}, which the other side sees without`, async () => {
      await rig.converge(items(row));
      const [, end] = endsOf(row);
      const theirs = `${end}.${i + 1}`;
      await cli(`create sub-interfaces ${end} ${i + 1} ${row.tags}`);
      await cli(`set interface state ${theirs} up`);
      await cli(`set interface l2 bridge ${theirs} ${BEHIND}`);
      await cli(`set interface l2 tag-rewrite ${theirs} pop ${row.pop}`);
      const pings = async (): Promise<boolean> =>
        (await space(1).try('ping', '-c', '1', '-W', '1', FAR.ip)).code === 0;
      await eventually(() => pings(), 20_000);
      // What VPP itself sends passes tcpdump by: it is seen where it comes in.
      const [there, back, untagged] = await Promise.all([
        Capture.start(space(0), 't1'),
        Capture.start(space(0), 't0'),
        Capture.start(space(1), 'eth0', 'icmp'),
      ]);
      assert.ok(await pings());
      const bare = await untagged.stop();
      assert.equal(bare.filter((line) => !line.includes('vlan')).length, 2, bare.join('\n'));
      const { frame } = row;
      for (const seen of [await there.stop(), await back.stop()]) {
        const tagged = seen.filter((line) => line.includes('ICMP echo'));
        const isRight = tagged.length === 1 && frame?.test(tagged[0] ?? '') === true;
        assert.ok(frame === undefined || isRight, seen.join('\n'));
      }
      // The same without a bridge domain between the two, from there and from nothing.
      for (const before of [items(row), []]) {
        await rig.converge(before);
        await rig.converge([...ports(row, 0), xconnect('plain', 'tagged')]);
        await eventually(() => pings(), 20_000);
      }
      await cli(`delete sub-interface ${theirs}`);
    });
  }
});
