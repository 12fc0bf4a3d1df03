/** Routing between VNs in VPP: the same on the emulator and on a real VPP. */
import assert from 'node:assert/strict';
import type { Payload } from '../../src/model/item.js';
import type { GatewayInterfaceItem, RouteItem } from '../../src/model/routing-items.js';
import { itemsOf } from './linux-host.js';
import { macAt, neighbor, tunnelTo } from './linux-items.js';
import {
  dropRoute,
  gateway,
  GATEWAY_MAC,
  gatewayNeighbor,
  hop,
  routeTo,
  routeToVrf,
  vrf,
} from './routing-items.js';
import { steps } from './vpp-dataplane-rig.js';
import { everything } from './vpp-eye.js';
import {
  BLUE,
  gatewayOf,
  L,
  MAC_1,
  MAC_2,
  R,
  RED,
  ROUTER,
  ROUTES,
  UNDER,
  type RoutingWorld,
} from './vpp-routing-samples.js';

export function vppDataplaneRouting(world: RoutingWorld): void {
  const withRoute = (...routes: RouteItem[]): Payload[] => [...ROUTER, ...routes];
  const withGateway = (more: Partial<GatewayInterfaceItem>): Payload[] =>
    ROUTER.map((each) =>
      each.kind === 'gateway_interface' && each.vni === 10 ? { ...each, ...more } : each,
    );
  const without = (all: readonly Payload[], ...keys: string[]): Payload[] =>
    [...itemsOf(all)].filter(([key]) => !keys.includes(key)).map(([, { payload }]) => payload);

  /** Of a table, without what each has from the start. */
  async function routes(table: number): Promise<string[]> {
    const all = await world.eye.routing.forwarding(table);
    return all.filter((line) => /^(10\.|fd0[2-9]:|0\.0\.0\.0\/0 -> [^d])/.test(line));
  }

  it('makes a router, as VPP itself shows it, and takes it away again', async () => {
    await world.rig.converge(UNDER);
    const bare = await everything(world.eye);
    await world.rig.converge([...ROUTER, ...ROUTES]);
    assert.deepEqual(await world.eye.routing.tables(), ['IPv4 7 nfvd:vrf/7', 'IPv6 7 nfvd:vrf/7']);
    const red = await gatewayOf(10, world);
    assert.deepEqual(
      { ...red, name: '' },
      {
        name: '',
        up: true,
        mac: GATEWAY_MAC,
        mtu: 1400,
        addresses: RED.map((each) => `${each} table 7`),
        neighbors: [`192.168.1.5 ${MAC_1}`, `fd00:1::5 ${MAC_1}`],
      },
    );
    const blue = await gatewayOf(11, world);
    assert.deepEqual(await routes(7), [
      `0.0.0.0/0 -> 192.168.2.5 ${blue.name}`,
      '10.2.0.0/16 -> drop',
      `10.3.0.0/16 -> 25% 192.168.2.5 ${blue.name}, 75% 192.168.1.5 ${red.name}`,
      `10.4.0.0/16 -> 192.168.1.5 ${red.name}`,
      'fd02::/32 -> drop',
      `fd03::/32 -> fd00:1::5 ${red.name}`,
    ]);
    const seen = await world.eye.domain(10);
    assert.deepEqual(
      seen?.arp,
      RED.map((each) => `${each.split('/')[0] ?? ''} ${GATEWAY_MAC}`),
    );
    await world.rig.converge(UNDER);
    assert.deepEqual(await everything(world.eye), bare);
  });

  it('lets tunnels of a network that learns do so only without a gateway, whose MAC each host sends from', async () => {
    const others = [tunnelTo(10, R, L), tunnelTo(10, '10.9.0.3', L)];
    const learning = (all: readonly Payload[]): Payload[] =>
      all.map((each) =>
        each.kind === 'bridge_domain' && each.vni === 10 ? { ...each, learn: true } : each,
      );
    const { client } = world.rig;
    const tunnels = async (): Promise<number[]> => {
      const asked = { bd_id: 10, sw_if_index: 0xffff_ffff };
      const [found] = await client.dump('bridge_domain_dump', asked);
      const members = (found?.sw_if_details ?? []).filter(({ shg }) => shg === 1);
      return members.map(({ sw_if_index }) => sw_if_index);
    };
    const learners = async (): Promise<boolean[]> => {
      const told = (await tunnels()).map((sw_if_index) =>
        client.request('l2_flags', { sw_if_index, is_set: true, feature_bitmap: 0 }),
      );
      // L2INPUT_FEAT_LEARN
      const isOn = (bits: number): boolean => (bits & (1 << 9)) !== 0;
      return (await Promise.all(told)).map((each) => isOn(each.resulting_feature_bitmap));
    };
    await world.rig.converge(learning([...UNDER, ...others]));
    assert.deepEqual(await learners(), [true, true]);
    await world.rig.converge(learning([...ROUTER, ...others]));
    assert.deepEqual(await learners(), [false, false]);
    await world.rig.converge(learning([...ROUTER, ...others, tunnelTo(10, '10.9.0.4', L)]));
    assert.deepEqual(await learners(), [false, false, false]);
    // By an operator.
    const [sw_if_index = assert.fail()] = await tunnels();
    await client.request('l2_flags', { sw_if_index, is_set: true, feature_bitmap: 1 });
    await world.rig.converge(learning([...ROUTER, ...others]));
    assert.deepEqual(await learners(), [false, false]);
    // All at once, in whatever order VPP is told.
    await world.rig.converge([]);
    await world.rig.converge(learning([...ROUTER, ...others]));
    assert.deepEqual(await learners(), [false, false]);
    await world.rig.converge(learning([...UNDER, ...others]));
    assert.deepEqual(await learners(), [true, true]);
    await world.rig.converge([...UNDER, ...others]);
    await world.rig.converge([...ROUTER, ...others]);
    await world.rig.converge(learning([...ROUTER, ...others]));
    assert.deepEqual(await learners(), [false, false]);
  });

  it('answers for the gateway beside the neighbours that it is told', async () => {
    const known = [
      tunnelTo(10, R, L),
      macAt(10, MAC_1, R),
      neighbor(10, '192.168.1.5', MAC_1),
      neighbor(10, 'fd00:1::5', MAC_1),
    ];
    await world.rig.converge([...ROUTER, ...known]);
    assert.deepEqual((await world.eye.domain(10))?.arp, [
      `192.168.1.1 ${GATEWAY_MAC}`,
      `192.168.1.5 ${MAC_1}`,
      `fd00:1::1 ${GATEWAY_MAC}`,
      `fd00:1::5 ${MAC_1}`,
    ]);
    await world.rig.converge([
      ...without(ROUTER, 'gw/7/10', 'gwneigh/7/10/192.168.1.5', 'gwneigh/7/10/fd00:1::5'),
      ...known,
    ]);
    assert.deepEqual((await world.eye.domain(10))?.arp, [
      `192.168.1.5 ${MAC_1}`,
      `fd00:1::5 ${MAC_1}`,
    ]);
  });

  for (const [title, change, difference] of [
    ['the MAC', { mac: MAC_2 }, /^mac 02:/],
    ['the MTU', { mtu: 1300 }, /^mtu 1400, not 1300$/],
    ['an address more', { addresses: [...RED, '192.168.5.1/24'] }, /^addresses /],
    ['an address less', { addresses: ['192.168.1.1/24'] }, /^addresses /],
    ['another address of the subnet', { addresses: ['192.168.1.2/24', RED[1]] }, /^addresses /],
    ['a longer subnet', { addresses: ['192.168.1.1/25', RED[1]] }, /^addresses /],
  ] as const) {
    it(`changes a gateway in place and back: ${title}`, async () => {
      await world.rig.converge([...ROUTER, ...ROUTES]);
      const before = await everything(world.eye);
      const { name } = await gatewayOf(10, world);
      const wanted = [...withGateway(change), ...ROUTES];
      const plan = (await world.rig.plan(wanted)).waves.flat();
      assert.deepEqual(
        plan.map(({ step }) => `${step.op} ${step.key}`),
        ['update gw/7/10'],
      );
      assert.match(plan[0]?.reason ?? '', difference);
      await world.rig.converge(wanted);
      const seen = await gatewayOf(10, world);
      assert.equal(seen.name, name);
      if ('addresses' in change) {
        const tables = change.addresses.map((each) => `${each} table 7`);
        assert.deepEqual(seen.addresses, tables.sort());
      } else assert.deepEqual({ ...seen, ...change }, seen);
      assert.equal((await world.eye.domain(10))?.members.length, 1);
      await world.rig.converge([...ROUTER, ...ROUTES]);
      assert.deepEqual(await everything(world.eye), before);
    });
  }

  it('moves a subnet to the gateway of another network', async () => {
    await world.rig.converge(ROUTER);
    const moved = [...UNDER, vrf(7), gateway(7, 10, BLUE), gateway(7, 11, RED)];
    await world.rig.converge(moved);
    assert.deepEqual(
      (await gatewayOf(10, world)).addresses,
      BLUE.map((each) => `${each} table 7`),
    );
  });

  it('moves a network to another router', async () => {
    await world.rig.converge(ROUTER);
    await world.rig.converge([...UNDER, vrf(8), gateway(8, 10, RED), gateway(8, 11, BLUE)]);
    const { addresses } = await gatewayOf(10, world);
    assert.deepEqual(
      addresses,
      RED.map((each) => `${each} table 8`),
    );
    const tables = await world.eye.routing.tables();
    assert.deepEqual(tables, ['IPv4 8 nfvd:vrf/8', 'IPv6 8 nfvd:vrf/8']);
  });

  it('gives a neighbour of a gateway another MAC', async () => {
    await world.rig.converge(ROUTER);
    const others = without(ROUTER, 'gwneigh/7/10/192.168.1.5');
    const changed = [...others, gatewayNeighbor(7, 10, '192.168.1.5', MAC_2)];
    assert.deepEqual(steps(await world.rig.plan(changed)), [
      `update gwneigh/7/10/192.168.1.5 (mac ${MAC_1}, not ${MAC_2})`,
    ]);
    await world.rig.converge(changed);
    assert.ok((await gatewayOf(10, world)).neighbors.includes(`192.168.1.5 ${MAC_2}`));
  });

  const WAYS: readonly (readonly [string, RouteItem, string])[] = [
    ['drop', dropRoute(7, '10.3.0.0/16'), 'drop'],
    ['another VRF', routeToVrf(7, '10.3.0.0/16', 8), 'lookup nfvd:vrf/8'],
    ['a next hop', routeTo(7, '10.3.0.0/16', hop('192.168.1.5', 10)), '192.168.1.5 RED'],
    [
      'two next hops',
      routeTo(7, '10.3.0.0/16', hop('192.168.1.5', 10), hop('192.168.2.5', 11)),
      '50% 192.168.1.5 RED, 50% 192.168.2.5 BLUE',
    ],
    [
      'shares of them',
      routeTo(7, '10.3.0.0/16', hop('192.168.1.5', 10), hop('192.168.2.5', 11, 3)),
      '25% 192.168.1.5 RED, 75% 192.168.2.5 BLUE',
    ],
    ['where the routes say', routeTo(7, '10.3.0.0/16', hop('192.168.2.5')), '192.168.2.5 BLUE'],
  ];

  it('changes a route from each way to each other one, in place', async () => {
    const base = [...ROUTER, vrf(8)];
    await world.rig.converge(base);
    const [red, blue] = [await gatewayOf(10, world), await gatewayOf(11, world)];
    for (const [, from] of WAYS) {
      for (const [title, to, seen] of WAYS) {
        if (from === to) continue;
        await world.rig.converge([...base, from]);
        const plan = (await world.rig.plan([...base, to])).waves.flat();
        assert.deepEqual(
          plan.map(({ step }) => `${step.op} ${step.key}`),
          ['update route/7/10.3.0.0/16'],
        );
        await world.rig.converge([...base, to]);
        const wanted = seen.replaceAll('RED', red.name).replaceAll('BLUE', blue.name);
        assert.deepEqual(await routes(7), [`10.3.0.0/16 -> ${wanted}`], title);
      }
    }
  });

  it('spreads a route over 16 next hops', async () => {
    const hops = Array.from({ length: 16 }, (_, i) => hop(`192.168.1.${i + 10}`, 10));
    await world.rig.converge(withRoute(routeTo(7, '10.3.0.0/16', ...hops)));
    const [line = ''] = await routes(7);
    assert.equal(line.split(',').length, 16);
  });

  it('does every step twice, and the second time changes nothing', async () => {
    await world.rig.converge(UNDER);
    const plan = await world.rig.plan([...ROUTER, ...ROUTES]);
    assert.deepEqual(await world.rig.apply(plan), []);
    const made = await everything(world.eye);
    assert.deepEqual(await world.rig.apply(plan), []);
    assert.deepEqual(await everything(world.eye), made);
    const removal = await world.rig.plan(UNDER);
    assert.deepEqual(await world.rig.apply(removal), []);
    assert.deepEqual(await world.rig.apply(removal), []);
  });
}
