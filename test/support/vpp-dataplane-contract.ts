/** What VPP's dataplane does, the same on the emulator and on a real VPP. */
import assert from 'node:assert/strict';
import { tunnelKey, type Payload } from '../../src/model/item.js';
import { domain, floodTo, tunnelTo, vtepItem } from './linux-items.js';
import { eventually } from './eventually.js';
import { VppDataplaneRig, steps } from './vpp-dataplane-rig.js';
import { SUITES } from './vpp-dataplane-suites.js';
import type { Received } from './vpp-emulator/emulator.js';
import { tunnelsOf, type Eye } from './vpp-eye.js';
import { ALL_INTERFACES, type VppUnderTest } from './vpp-under-test.js';

export interface DataplaneContractParts {
  readonly create: () => VppUnderTest | Promise<VppUnderTest>;
  readonly eyeOf: (rig: VppDataplaneRig) => Eye;
  /** An interface of the kernel where VPP runs, which is there. */
  readonly hostInterface: string;
  /** Another one. */
  readonly otherInterface: string;
  /** What came to it, if it tells. */
  readonly received?: () => readonly Received[];
}

const L = '10.9.0.1';
const L6 = 'fd09::1';
const R = '10.9.0.2';
const FAR = '10.8.0.3';
const R6 = 'fd09::2';
const UPLINK = {
  interface: 'loop0',
  addresses: ['10.9.0.1/24', 'fd09::1/64'],
  mtu: 1500,
  routes: [{ to: '10.8.0.0/16', via: '10.9.0.254' }],
};
const MAC_1 = '02:00:00:00:00:01';
const MAC_2 = '02:00:00:00:00:02';

const mac = (vni: number, address: string, remote: string): Payload => ({
  kind: 'mac_entry',
  vni,
  mac: address,
  via: { kind: 'remote', vtep: remote },
});
const neighbor = (vni: number, ip: string, address: string): Payload => ({
  kind: 'neighbor_entry',
  vni,
  ip,
  mac: address,
});

/** One VN with two remote VTEPs, and what is known of it. */
const NETWORK: readonly Payload[] = [
  vtepItem(L),
  domain(10, L),
  tunnelTo(10, R, L),
  tunnelTo(10, FAR, L),
  floodTo(10, R),
  floodTo(10, FAR),
  mac(10, MAC_1, R),
  mac(10, MAC_2, FAR),
  neighbor(10, '192.168.1.1', MAC_1),
  neighbor(10, 'fd00::1', MAC_1),
];

export function vppDataplaneContract({
  create,
  eyeOf,
  hostInterface,
  otherInterface,
  received,
}: DataplaneContractParts): void {
  let vpp: VppUnderTest;
  let rig: VppDataplaneRig;
  let eye: Eye;

  beforeEach(async () => {
    vpp = await create();
    await vpp.start();
    rig = await VppDataplaneRig.create(vpp, [UPLINK]);
    eye = eyeOf(rig);
    await addLoopback();
    await rig.ready();
  });

  afterEach(async () => {
    await rig.close();
    await vpp.remove();
  });

  /** As an operator: what the uplink is to be on. */
  async function addLoopback(instance = 0): Promise<number> {
    const { sw_if_index: index } = await rig.client.request('create_loopback_instance', {
      mac_address: '00:00:00:00:00:00',
      is_specified: true,
      user_instance: instance,
    });
    return index;
  }

  it('says what VPP can do', async () => {
    const capabilities = await rig.dataplane.capabilities(rig.signal);
    assert.equal(capabilities.dataplane, 'vpp');
    assert.match(capabilities.dataplaneVersion, /^\d\d\.\d\d/);
    assert.deepEqual(capabilities.encapsulations, ['vxlan']);
    assert.ok(capabilities.itemKinds.includes('mac_entry'));
    assert.deepEqual(capabilities.bumModes, ['head_end', 'multicast', 'none']);
  });

  it('makes a network, as VPP itself shows it, and finds nothing more to do', async () => {
    await rig.converge(NETWORK);
    const seen = await eye.domain(10);
    assert.ok(seen !== undefined);
    const { members, macs, ...rest } = seen;
    assert.deepEqual(rest, {
      learn: false,
      flood: true,
      arpTermination: true,
      tag: 'nfvd:bd/10',
      arp: [`192.168.1.1 ${MAC_1}`, `fd00::1 ${MAC_1}`],
    });
    assert.deepEqual(
      members.map((each) => each.replace(/\d+ /, 'N ')),
      ['vxlan_tunnelN 1', 'vxlan_tunnelN 1'],
    );
    assert.deepEqual(
      macs.map((each) => each.replace(/\d+$/, 'N')),
      [`${MAC_1} vxlan_tunnelN`, `${MAC_2} vxlan_tunnelN`],
    );
    assert.deepEqual(await tunnelsOf(eye), [`10 ${L} ${FAR}`, `10 ${L} ${R}`]);
    assert.ok((await eye.interfaces()).includes('loop0 up'));
  });

  it('takes all of it away again, and leaves what is the host’s', async () => {
    const before = await eye.interfaces();
    await rig.converge(NETWORK);
    await rig.converge([]);
    assert.equal(await eye.domain(10), undefined);
    assert.deepEqual(await tunnelsOf(eye), []);
    assert.deepEqual(
      await eye.interfaces(),
      before.map((each) => each.replace('loop0 down', 'loop0 up')),
    );
  });

  it('makes tunnels over IPv6', async () => {
    const over6 = [vtepItem(L6), domain(10, L6), tunnelTo(10, R6, L6), mac(10, MAC_1, R6)];
    await rig.converge(over6);
    assert.deepEqual(await tunnelsOf(eye), [`10 ${L6} ${R6}`]);
    await rig.converge([]);
    assert.deepEqual(await tunnelsOf(eye), []);
  });

  for (const [title, change, seen] of [
    ['learn', { learn: true }, { learn: true }],
    ['flood', { flood: false }, { flood: false }],
    ['arp suppression', { arpSuppression: false }, { arpTermination: false }],
  ] as const) {
    it(`changes ${title} of a bridge domain in place, and back`, async () => {
      const others = NETWORK.filter(({ kind }) => kind !== 'bridge_domain');
      await rig.converge(NETWORK);
      const before = await eye.domain(10);
      const plan = await rig.plan([...others, domain(10, L, change)]);
      assert.deepEqual(
        plan.waves.flat().map(({ step }) => `${step.op} ${step.key}`),
        ['update bd/10'],
      );
      await rig.converge([...others, domain(10, L, change)]);
      // VPP shows the table of a bridge domain only while it is used.
      const after = await eye.domain(10);
      assert.deepEqual(after, { ...before, ...seen, arp: after?.arp });
      await rig.converge(NETWORK);
      assert.deepEqual(await eye.domain(10), before);
    });
  }

  it('sends BUM frames to a group, changes the group, and stops', async () => {
    const others = [vtepItem(L), tunnelTo(10, R, L)];
    for (const group of ['239.1.1.1', '239.1.1.2']) {
      await rig.converge([...others, domain(10, L, { bumGroup: group })]);
      assert.deepEqual(await tunnelsOf(eye), [`10 ${L} ${R}`, `10 ${L} ${group}`].sort());
      assert.equal((await eye.domain(10))?.members.length, 2);
    }
    await rig.converge([...others, domain(10, L)]);
    assert.deepEqual(await tunnelsOf(eye), [`10 ${L} ${R}`]);
  });

  it('moves a MAC from one remote VTEP to another', async () => {
    const others = NETWORK.filter((each) => !(each.kind === 'mac_entry' && each.mac === MAC_1));
    await rig.converge(NETWORK);
    const moved = [...others, mac(10, MAC_1, FAR)];
    assert.deepEqual(steps(await rig.plan(moved)), [
      `update mac/10/${MAC_1} (via VTEP ${R}, not VTEP ${FAR})`,
    ]);
    await rig.converge(moved);
    const at = (await eye.domain(10))?.macs.map((each) => each.split(' ')[1]);
    assert.equal(new Set(at).size, 1);
  });

  it('gives an address another MAC', async () => {
    await rig.converge(NETWORK);
    const others = NETWORK.filter((each) => !(each.kind === 'neighbor_entry'));
    await rig.converge([...others, neighbor(10, '192.168.1.1', MAC_2)]);
    assert.deepEqual((await eye.domain(10))?.arp, [`192.168.1.1 ${MAC_2}`]);
  });

  const world = {
    hostInterface,
    hostInterfaces: [hostInterface, otherInterface] as const,
    addLoopback,
    received,
    network: (vni: number): Payload[] => [vtepItem(L), domain(vni, L)],
    get vpp() {
      return vpp;
    },
    get rig() {
      return rig;
    },
    get eye() {
      return eye;
    },
  };
  for (const [title, suite] of SUITES) {
    describe(title, () => {
      suite(world);
    });
  }

  it('makes a tunnel anew that is to leave from another address', async () => {
    const from = (local: string): Payload[] => [
      vtepItem(local),
      domain(10, local),
      tunnelTo(10, FAR, local),
      mac(10, MAC_1, FAR),
    ];
    const index = await addLoopback(1);
    const address = { is_add: true, del_all: false, prefix: '10.7.0.1/24' };
    await rig.client.request('sw_interface_add_del_address', { sw_if_index: index, ...address });
    await rig.converge(from(L));
    const down = await rig.apply(await rig.plan(from('10.7.0.1')));
    assert.deepEqual(down, ['update vtep/10.7.0.1: VTEP_ADDRESS_MISSING']);
    await rig.client.request('sw_interface_set_flags', {
      sw_if_index: index,
      flags: ['IF_STATUS_API_FLAG_ADMIN_UP'],
    });
    await rig.converge(from('10.7.0.1'));
    assert.deepEqual(await tunnelsOf(eye), [`10 10.7.0.1 ${FAR}`]);
  });

  it('fails what it cannot do, and nothing else', async () => {
    const nowhere = '172.16.0.1';
    const plan = await rig.plan([
      ...NETWORK,
      vtepItem('10.6.0.1'),
      tunnelTo(10, nowhere, L),
      { ...domain(11, L), bumGroup: '' },
    ]);
    assert.deepEqual([...(await rig.apply(plan))].sort(), [
      'create tunnel/10/172.16.0.1: VTEP_UNROUTABLE',
      'create vtep/10.6.0.1: VTEP_ADDRESS_MISSING',
    ]);
    assert.equal((await tunnelsOf(eye)).length, 2);
    assert.ok((await eye.domain(11)) !== undefined);
  });

  it('leaves a bridge domain alone that is somebody else’s, and names it', async () => {
    await rig.client.request('bridge_domain_add_del_v2', {
      bd_id: 10,
      flood: true,
      uu_flood: true,
      forward: true,
      learn: true,
      arp_term: false,
      arp_ufwd: false,
      mac_age: 0,
      bd_tag: 'theirs',
      is_add: true,
    });
    const before = await eye.domain(10);
    const { obstacles } = await rig.observe(NETWORK);
    assert.equal(obstacles.get('bd/10')?.code, 'FOREIGN_OBJECT');
    assert.match(obstacles.get('bd/10')?.message ?? '', /bridge domain 10 has the tag "theirs"/);
    await rig.apply(await rig.plan(NETWORK));
    await rig.apply(await rig.plan([]));
    assert.deepEqual(await eye.domain(10), before);
  });

  it('leaves a bridge domain with a stranger in it, and says so', async () => {
    await rig.converge([vtepItem(L), domain(10, L)]);
    const stranger = await addLoopback(5);
    await rig.client.request('sw_interface_set_l2_bridge', {
      rx_sw_if_index: stranger,
      bd_id: 10,
      port_type: 'L2_API_PORT_TYPE_NORMAL',
      shg: 0,
      enable: true,
    });
    assert.deepEqual(await rig.apply(await rig.plan([])), ['delete bd/10: FOREIGN_OBJECT']);
    assert.deepEqual((await eye.domain(10))?.members, ['loop5 0']);
  });

  it('leaves a tunnel alone that is somebody else’s', async () => {
    const fields = {
      is_add: true,
      src_address: L,
      dst_address: R,
      src_port: 4789,
      dst_port: 4789,
      mcast_sw_if_index: 0xffff_ffff,
      encap_vrf_id: 0,
      decap_next_index: 0xffff_ffff,
      vni: 10,
      is_l3: false,
    };
    const { sw_if_index: index } = await rig.client.request('vxlan_add_del_tunnel_v3', fields);
    const tag = { is_add: true, sw_if_index: index, tag: 'theirs' };
    await rig.client.request('sw_interface_tag_add_del', tag);
    const { obstacles } = await rig.observe(NETWORK);
    assert.equal(obstacles.get(tunnelKey(10, R))?.code, 'FOREIGN_OBJECT');
    await rig.apply(await rig.plan(NETWORK));
    assert.deepEqual(await tunnelsOf(eye), [`10 ${L} ${FAR}`, `10 ${L} ${R}`]);
    assert.equal((await eye.domain(10))?.members.length, 1);
    await rig.apply(await rig.plan([]));
    assert.deepEqual(await tunnelsOf(eye), [`10 ${L} ${R}`]);
  });

  it('takes a tunnel for its own that it had not named yet when it was killed', async () => {
    await rig.converge(NETWORK);
    const index = (await rig.client.dump('sw_interface_dump', ALL_INTERFACES)).find(
      ({ tag }) => tag === `nfvd:${tunnelKey(10, R)}`,
    )?.sw_if_index;
    assert.ok(index !== undefined);
    const unbridged = {
      rx_sw_if_index: index,
      bd_id: 10,
      port_type: 'L2_API_PORT_TYPE_NORMAL',
      shg: 0,
    } as const;
    await rig.client.request('sw_interface_set_l2_bridge', { ...unbridged, enable: false });
    await rig.client.request('sw_interface_tag_add_del', {
      is_add: false,
      sw_if_index: index,
      tag: '',
    });
    const before = await tunnelsOf(eye);
    await rig.settle(NETWORK);
    assert.deepEqual(await tunnelsOf(eye), before);
    assert.equal((await eye.domain(10))?.members.length, 2);
  });

  it('repairs what somebody changed', async () => {
    await rig.converge(NETWORK);
    const before = await eye.domain(10);
    const flags = { bd_id: 10, is_set: false, flags: ['BRIDGE_API_FLAG_FLOOD'] } as const;
    await rig.client.request('bridge_flags', { ...flags, flags: [...flags.flags] });
    await rig.client.request('l2fib_add_del', {
      mac: MAC_1,
      bd_id: 10,
      sw_if_index: 0,
      is_add: false,
      static_mac: false,
      filter_mac: false,
      bvi_mac: false,
    });
    await rig.client.request('bd_ip_mac_add_del', {
      is_add: true,
      entry: { bd_id: 10, ip: '192.168.1.9', mac: MAC_2 },
    });
    assert.deepEqual(steps(await rig.plan(NETWORK)).sort(), [
      `create mac/10/${MAC_1} ()`,
      'delete neigh/10/192.168.1.9 (not wanted)',
      'update bd/10 (flood false, not true; unknownFlood true, not false)',
    ]);
    await rig.converge(NETWORK);
    assert.deepEqual(await eye.domain(10), before);
  });

  it('tells of an interface of ours that goes, and not of what it does itself', async () => {
    await eventually(() => rig.changes.includes('restarted'));
    rig.changes.length = 0;
    await rig.converge(NETWORK);
    const [tunnel] = await rig.client.dump('vxlan_tunnel_v2_dump', { sw_if_index: 0xffff_ffff });
    assert.ok(tunnel !== undefined);
    assert.deepEqual(rig.changes, []);
    const down = { sw_if_index: tunnel.sw_if_index, flags: [] };
    await rig.client.request('sw_interface_set_flags', down);
    await eventually(() => rig.changes.length > 0);
    assert.deepEqual(rig.changes, [new Set([tunnelKey(10, tunnel.dst_address)])]);
    await rig.converge(NETWORK);
  });

  it('adopts what stands when the agent is a new one', async () => {
    await rig.converge(NETWORK);
    const before = await eye.domain(10);
    await rig.close();
    rig = await VppDataplaneRig.create(vpp, [UPLINK]);
    eye = eyeOf(rig);
    await rig.ready();
    await rig.assertConverged(NETWORK);
    assert.deepEqual(await eye.domain(10), before);
    await rig.converge([]);
    assert.equal(await eye.domain(10), undefined);
  });

  it('makes everything again after VPP was killed', async () => {
    await rig.converge(NETWORK);
    const before = await eye.domain(10);
    rig.changes.length = 0;
    await vpp.kill();
    await eventually(() => rig.changes.includes('lost'));
    await vpp.start();
    await rig.client.ready(rig.signal);
    await eventually(() => rig.changes.includes('restarted'));
    await addLoopback();
    await rig.ready();
    await rig.converge(NETWORK);
    const sameButNumbers = (text: unknown): string =>
      JSON.stringify(text).replaceAll(/tunnel\d+/g, '');
    assert.equal(sameButNumbers(await eye.domain(10)), sameButNumbers(before));
  });

  it('has no more to say while VPP is away than that it is', async () => {
    await vpp.kill();
    await eventually(async () => {
      await assert.rejects(rig.observe(NETWORK), { code: 'VPP_UNREACHABLE' });
      return true;
    });
  });
}
