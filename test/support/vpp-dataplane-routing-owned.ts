/** What of VPP's routing is ours, what is put right, and what fails: on the emulator and on a real VPP. */
import assert from 'node:assert/strict';
import { itemsOf } from './linux-host.js';
import { dropRoute, gateway, GATEWAY_MAC, vrf } from './routing-items.js';
import { steps, type VppDataplaneRig } from './vpp-dataplane-rig.js';
import { everything } from './vpp-eye.js';
import {
  BLUE,
  gatewayIndex,
  gatewayOf,
  MAC_2,
  RED,
  ROUTER,
  ROUTES,
  setAddress,
  setTable,
  UNDER,
  type RoutingWorld,
} from './vpp-routing-samples.js';

export function vppDataplaneRoutingOwned(world: RoutingWorld): void {
  const client = (): VppDataplaneRig['client'] => world.rig.client;
  const indexOf = (vni: number): Promise<number> => gatewayIndex(vni, world);

  for (const [title, spoil, plan] of [
    [
      'its tables',
      async () => {
        const index = await indexOf(10);
        for (const prefix of RED) await setAddress(world, index, prefix, false);
        for (const isIp6 of [false, true]) await setTable(world, index, 0, isIp6);
      },
      /^update gw\/7\/10 \(addresses .*in IPv4 table 0; in IPv6 table 0\)$/,
    ],
    [
      'an address',
      async () => setAddress(world, await indexOf(10), '192.168.9.1/24', true),
      /^update gw\/7\/10 \(addresses .*192\.168\.9\.1\/24/,
    ],
    [
      'its state',
      async () =>
        client().request('sw_interface_set_flags', { sw_if_index: await indexOf(10), flags: [] }),
      /^update gw\/7\/10 \(down\)$/,
    ],
    [
      'its MAC',
      async () =>
        client().request('sw_interface_set_mac_address', {
          sw_if_index: await indexOf(10),
          mac_address: MAC_2,
        }),
      /^update gw\/7\/10 \(mac /,
    ],
    [
      'its place in the network',
      async () =>
        client().request('sw_interface_set_l2_bridge', {
          rx_sw_if_index: await indexOf(10),
          bd_id: 10,
          port_type: 'L2_API_PORT_TYPE_BVI',
          shg: 0,
          enable: false,
        }),
      /^update gw\/7\/10 \(not the BVI of bridge domain 10\)$/,
    ],
    [
      'its answer to ARP',
      async () =>
        client().request('bd_ip_mac_add_del', {
          is_add: false,
          entry: { bd_id: 10, ip: '192.168.1.1', mac: GATEWAY_MAC },
        }),
      /^update gw\/7\/10 \(no answer to ARP for 192\.168\.1\.1\)$/,
    ],
    [
      'a neighbour of it',
      async () =>
        client().request('ip_neighbor_flush', {
          sw_if_index: await indexOf(10),
          af: 'ADDRESS_IP4',
        }),
      /^create gwneigh\/7\/10\/192\.168\.1\.5 \(/,
    ],
    [
      'a route',
      async () =>
        client().request('ip_route_add_del_v2', {
          is_add: false,
          is_multipath: false,
          route: { table_id: 7, stats_index: 0, prefix: '10.2.0.0/16', src: 0, paths: [] },
        }),
      /^create route\/7\/10\.2\.0\.0\/16 \(/,
    ],
  ] as const) {
    it(`puts right what somebody changed of a router: ${title}`, async () => {
      const wanted = [...ROUTER, ...ROUTES];
      await world.rig.converge(wanted);
      const before = await everything(world.eye);
      await spoil();
      const [first = ''] = steps(await world.rig.plan(wanted));
      assert.match(first, plan);
      await world.rig.settle(wanted);
      assert.deepEqual(await everything(world.eye), before);
    });
  }

  it('makes a gateway again that somebody deleted, and its routes forward', async () => {
    const wanted = [...ROUTER, ...ROUTES];
    await world.rig.converge(wanted);
    const before = await everything(world.eye);
    await client().request('delete_loopback', { sw_if_index: await indexOf(10) });
    // VPP may give its index to what is made next.
    await world.rig.converge(wanted);
    assert.deepEqual(await everything(world.eye), before);
  });

  it('leaves tables alone that are somebody else’s, and names them', async () => {
    await world.rig.converge(UNDER);
    const table = { table_id: 7, is_ip6: true, name: 'theirs' };
    await client().request('ip_table_add_del', { is_add: true, table });
    const before = await everything(world.eye);
    const { obstacles } = await world.rig.observe(ROUTER);
    assert.equal(obstacles.get('vrf/7')?.code, 'FOREIGN_OBJECT');
    assert.match(
      obstacles.get('vrf/7')?.message ?? '',
      /IPv6 table 7 is somebody else's: "theirs"/,
    );
    assert.deepEqual(await world.rig.apply(await world.rig.plan(ROUTER)), []);
    assert.deepEqual(await everything(world.eye), before);
    const [step] = [...itemsOf([vrf(7)])].map(
      ([key, item]) => ({ op: 'create', key, item }) as const,
    );
    assert.ok(step !== undefined);
    const [error] = await world.rig.dataplane.apply([step], world.rig.signal);
    assert.equal(error?.code, 'FOREIGN_OBJECT');
    assert.deepEqual(await everything(world.eye), before);
    await client().request('ip_table_add_del', { is_add: false, table });
    await world.rig.converge(ROUTER);
  });

  it('takes the tables of a router away only when nobody else is in them', async () => {
    await world.rig.converge([...UNDER, vrf(7)]);
    const theirs = await world.addLoopback(20);
    await setTable(world, theirs, 7);
    assert.deepEqual(await world.rig.apply(await world.rig.plan(UNDER)), [
      'delete vrf/7: FOREIGN_OBJECT',
    ]);
    assert.deepEqual(await world.eye.routing.tables(), ['IPv4 7 nfvd:vrf/7']);
    await setTable(world, theirs, 0);
    await world.rig.assertConverged(UNDER);
    assert.deepEqual(await world.eye.routing.tables(), []);
  });

  it('does not count what VPP and others have in a table as its own', async () => {
    await world.rig.converge([...UNDER, vrf(7), dropRoute(7, '10.2.0.0/16')]);
    const theirs = await world.addLoopback(20);
    await setTable(world, theirs, 7);
    await setAddress(world, theirs, '192.168.77.1/24', true);
    await client().request('sw_interface_set_flags', {
      sw_if_index: theirs,
      flags: ['IF_STATUS_API_FLAG_ADMIN_UP'],
    });
    await world.rig.assertConverged([...UNDER, vrf(7), dropRoute(7, '10.2.0.0/16')]);
    for (const [prefix, source] of [
      ['192.168.77.0/24', 'interface'],
      ['240.0.0.0/4', 'special'],
      ['fe80::/10', 'special'],
    ] as const) {
      const { obstacles } = await world.rig.observe([...UNDER, vrf(7), dropRoute(7, prefix)]);
      const error = obstacles.get(`route/7/${prefix}`);
      assert.equal(error?.code, 'FOREIGN_OBJECT');
      assert.equal(error.metadata['source'], source);
    }
  });

  it('puts a route over what VPP has only for want of one', async () => {
    const wanted = [...ROUTER, dropRoute(7, '192.168.1.5/32'), dropRoute(7, '::/0')];
    await world.rig.converge(wanted);
    const lines = await world.eye.routing.forwarding(7);
    assert.ok(lines.includes('192.168.1.5/32 -> drop'));
    await world.rig.converge(ROUTER);
    const { name } = await gatewayOf(10, world);
    const again = await world.eye.routing.forwarding(7);
    assert.ok(again.includes(`192.168.1.5/32 -> 192.168.1.5 ${name}`));
  });

  it('fails a gateway whose address another interface of the VRF has, and only that', async () => {
    await world.rig.converge([...UNDER, vrf(7), gateway(7, 11, BLUE)]);
    const before = await everything(world.eye);
    const theirs = await world.addLoopback(20);
    await setTable(world, theirs, 7);
    await setAddress(world, theirs, '192.168.1.9/28', true);
    const failed = await world.rig.apply(
      await world.rig.plan([...UNDER, vrf(7), gateway(7, 10, RED), gateway(7, 11, BLUE)]),
    );
    assert.ok(failed.includes('create gw/7/10: GATEWAY_ADDRESS_IN_USE'), failed.join());
    assert.equal(await world.eye.routing.gateway(10), undefined);
    await client().request('delete_loopback', { sw_if_index: theirs });
    assert.deepEqual(await everything(world.eye), before);
    await world.rig.settle(ROUTER);
  });

  it('leaves a network alone that has a routed interface of somebody else', async () => {
    await world.rig.converge(UNDER);
    const theirs = await world.addLoopback(20);
    await client().request('sw_interface_set_l2_bridge', {
      rx_sw_if_index: theirs,
      bd_id: 10,
      port_type: 'L2_API_PORT_TYPE_BVI',
      shg: 0,
      enable: true,
    });
    const wanted = [...UNDER, vrf(7), gateway(7, 10, RED), gateway(7, 11, BLUE)];
    const { obstacles } = await world.rig.observe(wanted);
    assert.match(obstacles.get('gw/7/10')?.message ?? '', /bridge domain 10 has a BVI, loop20/);
    assert.deepEqual(await world.rig.apply(await world.rig.plan(wanted)), []);
    assert.equal((await gatewayOf(10, world)).name, 'loop20');
    assert.deepEqual(
      (await gatewayOf(11, world)).addresses,
      BLUE.map((each) => `${each} table 7`),
    );
  });

  it('takes up a loopback that it had not named yet when it was killed', async () => {
    await world.rig.converge(UNDER);
    const made = await client().request('create_loopback_instance', {
      mac_address: GATEWAY_MAC,
      is_specified: false,
      user_instance: 0,
    });
    await world.rig.converge(ROUTER);
    const indices = [await indexOf(10), await indexOf(11)];
    assert.ok(indices.includes(made.sw_if_index));
    assert.notEqual(indices[0], indices[1]);
  });
}
