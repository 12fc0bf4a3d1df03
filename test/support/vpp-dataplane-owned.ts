/** What of VPP's is ours and what is not, in what goes wrong: the same on the emulator and on a real VPP. */
import assert from 'node:assert/strict';
import type { Payload } from '../../src/model/item.js';
import { itemsOf } from './linux-host.js';
import { domain, floodTo, neighbor, tunnelTo, vtepItem } from './linux-items.js';
import { VppDataplaneRig } from './vpp-dataplane-rig.js';
import { everything, tunnelsOf, type Eye } from './vpp-eye.js';
import { ALL_INTERFACES, type VppUnderTest } from './vpp-under-test.js';

export interface OwnedWorld {
  readonly vpp: VppUnderTest;
  readonly rig: VppDataplaneRig;
  readonly eye: Eye;
  /** An interface of the kernel where VPP runs, which is there. */
  readonly hostInterface: string;
  /** As an operator. @returns its index */
  readonly addLoopback: (instance: number) => Promise<number>;
}

const L = '10.9.0.1';
const R = '10.9.0.2';
const GROUP = '239.1.1.1';
const MAC = '02:00:00:00:00:01';
const GROUPED = domain(10, L, { bumGroup: GROUP });

export function vppDataplaneOwned(world: OwnedWorld): void {
  const client = (): VppDataplaneRig['client'] => world.rig.client;
  const port = (): Payload => ({
    kind: 'port',
    endpoint: 'blue-1',
    vni: 10,
    mac: MAC,
    addresses: [],
    adminUp: true,
    mtu: 1400,
    port: { kind: 'host_interface', interface: world.hostInterface },
  });
  const network = (): Payload[] => [
    vtepItem(L),
    GROUPED,
    tunnelTo(10, R, L),
    floodTo(10, R),
    port(),
    { kind: 'mac_entry', vni: 10, mac: MAC, via: { kind: 'endpoint', endpoint: 'blue-1' } },
    neighbor(10, '192.168.1.1', MAC),
    neighbor(10, 'fd00::1', MAC),
  ];

  async function indexOf(tag: string): Promise<number> {
    const found = await client().dump('sw_interface_dump', ALL_INTERFACES);
    const index = found.find((each) => each.tag === tag)?.sw_if_index;
    assert.ok(index !== undefined, `nothing has the tag ${tag}`);
    return index;
  }

  const setUp = (sw_if_index: number): Promise<unknown> =>
    client().request('sw_interface_set_flags', {
      sw_if_index,
      flags: ['IF_STATUS_API_FLAG_ADMIN_UP'],
    });

  /** Of VNI 10, without a tag. @returns its index */
  async function addTunnel(
    remote: string,
    other: { readonly encap_vrf_id?: number; readonly src_port?: number } = {},
  ): Promise<number> {
    const { sw_if_index: index } = await client().request('vxlan_add_del_tunnel_v3', {
      is_add: true,
      instance: 0xffff_ffff,
      src_address: L,
      dst_address: remote,
      src_port: 4789,
      dst_port: 4789,
      mcast_sw_if_index: 0xffff_ffff,
      encap_vrf_id: 0,
      decap_next_index: 0xffff_ffff,
      vni: 10,
      is_l3: false,
      ...other,
    });
    return index;
  }

  it('minds no tunnel with the same ends in another table, or at another port', async () => {
    const table = { table_id: 5, is_ip6: false, name: 'theirs' };
    await client().request('ip_table_add_del_v2', { is_add: true, create_mfib: true, table });
    await addTunnel(R, { encap_vrf_id: 5 });
    const tagged = await addTunnel(R, { src_port: 4790 });
    const tag = { is_add: true, sw_if_index: tagged, tag: 'theirs' };
    await client().request('sw_interface_tag_add_del', tag);
    const own = [vtepItem(L), domain(10, L), tunnelTo(10, R, L)];
    await world.rig.converge(own);
    assert.equal((await world.eye.domain(10))?.members.length, 1);
    await world.rig.converge([]);
    assert.deepEqual(await tunnelsOf(world.eye), [`10 ${L} ${R}`, `10 ${L} ${R}`]);
  });

  it('does every step twice, and the second time changes nothing', async () => {
    const plan = await world.rig.plan(network());
    assert.deepEqual(await world.rig.apply(plan), []);
    const made = await everything(world.eye);
    assert.deepEqual(await world.rig.apply(plan), []);
    assert.deepEqual(await everything(world.eye), made);
    const removal = await world.rig.plan([]);
    assert.deepEqual(await world.rig.apply(removal), []);
    assert.deepEqual(await world.rig.apply(removal), []);
  });

  it('makes nothing of a bridge domain whose group it cannot reach', async () => {
    const lost = domain(10, '10.6.0.1', { bumGroup: GROUP });
    const steps = [...itemsOf([lost])].map(([key, item]) => ({ op: 'create', key, item }) as const);
    const [error] = await world.rig.dataplane.apply(steps, world.rig.signal);
    assert.equal(error?.code, 'VTEP_ADDRESS_MISSING');
    assert.equal(await world.eye.domain(10), undefined);
  });

  it('sends from another VTEP to the group', async () => {
    const index = await world.addLoopback(1);
    const address = { is_add: true, del_all: false, prefix: '10.7.0.1/24' };
    await client().request('sw_interface_add_del_address', { sw_if_index: index, ...address });
    await setUp(index);
    await world.rig.converge([vtepItem(L), GROUPED]);
    await world.rig.converge([vtepItem('10.7.0.1'), domain(10, '10.7.0.1', { bumGroup: GROUP })]);
    assert.deepEqual(await tunnelsOf(world.eye), [`10 10.7.0.1 ${GROUP}`]);
  });

  it('makes a bridge domain again that somebody deleted beside the tunnel to its group', async () => {
    await world.rig.converge([vtepItem(L), GROUPED]);
    const before = await everything(world.eye);
    await client().request('sw_interface_set_l2_bridge', {
      rx_sw_if_index: await indexOf('nfvd:bd/10@group'),
      bd_id: 10,
      port_type: 'L2_API_PORT_TYPE_NORMAL',
      shg: 0,
      enable: false,
    });
    await client().request('bridge_domain_add_del_v2', {
      bd_id: 10,
      flood: false,
      uu_flood: false,
      forward: false,
      learn: false,
      arp_term: false,
      arp_ufwd: false,
      mac_age: 0,
      bd_tag: '',
      is_add: false,
    });
    await world.rig.converge([vtepItem(L), GROUPED]);
    assert.deepEqual(await everything(world.eye), before);
  });

  it('takes up 2,000 tunnels in one pass that it had not named yet when it was killed', async () => {
    await world.rig.converge([vtepItem(L), domain(10, L)]);
    const remotes = Array.from({ length: 2000 }, (_, i) => `10.8.${i >> 8}.${i & 255}`);
    await Promise.all(remotes.map((remote) => addTunnel(remote)));
    const tunnels = remotes.map((remote) => tunnelTo(10, remote, L));
    await world.rig.converge([vtepItem(L), domain(10, L), ...tunnels]);
  });

  it('leaves a tunnel and an interface alone that somebody cross-connected, and has no tags', async () => {
    await world.rig.converge([vtepItem(L), domain(10, L)]);
    const tunnel = await addTunnel(R);
    const { sw_if_index: taken } = await client().request('af_packet_create', {
      hw_addr: '00:00:00:00:00:00',
      use_random_hw_addr: true,
      host_if_name: world.hostInterface,
    });
    await setUp(taken);
    for (const [rx, tx] of [
      [tunnel, taken],
      [taken, tunnel],
    ] as const) {
      const ends = { rx_sw_if_index: rx, tx_sw_if_index: tx };
      await client().request('sw_interface_set_l2_xconnect', { ...ends, enable: true });
    }
    const before = await everything(world.eye);
    const wanted = [vtepItem(L), domain(10, L), tunnelTo(10, R, L), port()];
    assert.deepEqual([...(await world.rig.apply(await world.rig.plan(wanted)))].sort(), [
      'create port/blue-1: FOREIGN_OBJECT',
      'create tunnel/10/10.9.0.2: FOREIGN_OBJECT',
    ]);
    assert.deepEqual(await everything(world.eye), before);
    assert.equal((await client().dump('l2_xconnect_dump', {})).length, 2);
  });

  describe('on an uplink of the kernel', () => {
    let other: VppDataplaneRig;
    const both = [vtepItem('10.5.0.1'), vtepItem('fd05::1')];

    async function withRoutes(...routes: { to: string; via: string }[]): Promise<VppDataplaneRig> {
      const { vpp, hostInterface } = world;
      const addresses = ['10.5.0.1/24', 'fd05::1/64'];
      other = await VppDataplaneRig.create(vpp, [{ hostInterface, addresses, mtu: 1400, routes }]);
      await other.ready();
      return other;
    }
    afterEach(() => other.close());

    it('has the MTU of the underlay, and says that', async () => {
      await withRoutes();
      await other.converge(both);
      const found = await other.client.dump('sw_interface_dump', ALL_INTERFACES);
      const name = `host-${world.hostInterface}`;
      assert.equal(found.find((each) => each.interface_name === name)?.mtu[0], 1400);
      const told = await other.dataplane.underlays(other.signal);
      assert.deepEqual(
        told.filter((each) => each.interface === name),
        [
          { address: '10.5.0.1', interface: name, mtu: 1400 },
          { address: 'fd05::1', interface: name, mtu: 1400 },
        ],
      );
    });

    it('is no port, and an interface that is a port is no uplink', async () => {
      await withRoutes();
      const onUplink = await other.apply(await other.plan([vtepItem(L), domain(10, L), port()]));
      assert.ok(onUplink.includes('create port/blue-1: FOREIGN_OBJECT'), onUplink.join());
      await world.rig.converge([vtepItem(L), domain(10, L), port()]);
      const before = await everything(world.eye);
      const wanted = [vtepItem(L), domain(10, L), port(), ...both];
      assert.deepEqual(await other.apply(await other.plan(wanted)), [
        'create vtep/10.5.0.1: FOREIGN_OBJECT',
        'create vtep/fd05::1: FOREIGN_OBJECT',
      ]);
      assert.deepEqual(await everything(world.eye), before);
    });

    it('has two VTEPs at once', async () => {
      const rig = await withRoutes();
      await rig.converge(both);
      assert.ok((await world.eye.interfaces()).includes(`host-${world.hostInterface} up`));
    });

    it('gets the routes that its configuration gained while the agent was away', async () => {
      await (await withRoutes()).settle(both);
      await other.close();
      await withRoutes(
        { to: '10.4.0.0/16', via: '10.5.0.254' },
        { to: 'fd04::/32', via: 'fd05::254' },
      );
      const wanted = [
        ...both,
        domain(10, '10.5.0.1'),
        tunnelTo(10, '10.4.0.2', '10.5.0.1'),
        domain(11, 'fd05::1'),
        tunnelTo(11, 'fd04::2', 'fd05::1'),
      ];
      await other.converge(wanted);
      const tunnels = ['10 10.5.0.1 10.4.0.2', '11 fd05::1 fd04::2'];
      assert.deepEqual(await tunnelsOf(world.eye), tunnels);
    });
  });
}
