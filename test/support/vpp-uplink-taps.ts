/** Uplinks to the host's own network. On the emulator: VPP's taps need the kernel's vhost-net. */
import assert from 'node:assert/strict';
import type { UplinkTap } from '../../src/dataplane/vpp/uplink/uplink.js';
import type { DetailsOf } from '../../src/vpp-api/product-types.js';
import { steps } from './vpp-dataplane-rig.js';
import { at, L, UplinkWorld, WANTED, type UplinkParts } from './vpp-uplink-world.js';

export function uplinkTaps(parts: UplinkParts): void {
  let world: UplinkWorld;
  beforeEach(async () => (world = await UplinkWorld.create(parts)));
  afterEach(() => world.close());

  const tap = (change: Partial<UplinkTap> = {}): ReturnType<typeof at> =>
    at({
      tap: {
        hostInterface: 'vpp0',
        netns: '',
        mac: '',
        addresses: ['10.9.0.254/24'],
        bridge: '',
        ...change,
      },
    });
  const found = async (): Promise<DetailsOf<'sw_interface_tap_v2_dump'>[]> =>
    await world.client.dump('sw_interface_tap_v2_dump', { sw_if_index: 0xffff_ffff });

  it('is made with the kernel’s end as it is to be, and taken up by an agent that starts again', async () => {
    await world.becomes(tap());
    const [made, ...others] = await found();
    assert.deepEqual(others, []);
    assert.deepEqual(
      [made?.host_if_name, made?.host_namespace, made?.host_ip4_prefix, made?.host_mtu_size],
      ['vpp0', '', '10.9.0.254/24', 1500],
    );
    assert.equal((await world.named('tap0')).tag, 'nfvd:uplink/tap-vpp0');
    assert.deepEqual(await world.addresses(), [`tap0 ${L}/24`]);
  });

  for (const [what, change, seen] of [
    ['namespace', { netns: 'blue' }, ['vpp0', 'blue', '10.9.0.254/24', '::/0', '']],
    [
      'addresses',
      { addresses: ['10.9.0.253/24', 'fd09::fd/64'] },
      ['vpp0', '', '10.9.0.253/24', 'fd09::fd/64', ''],
    ],
    ['bridge', { addresses: [], bridge: 'br0' }, ['vpp0', '', '0.0.0.0/0', '::/0', 'br0']],
    ['name', { hostInterface: 'vpp1' }, ['vpp1', '', '10.9.0.254/24', '::/0', '']],
  ] as const) {
    it(`is made anew with another ${what} of the kernel’s end, and back`, async () => {
      await world.becomes(tap());
      await world.becomes(tap(change));
      const all = await found();
      assert.deepEqual(
        all.map((each) => [
          each.host_if_name,
          each.host_namespace,
          each.host_ip4_prefix,
          each.host_ip6_prefix,
          each.host_bridge,
        ]),
        [seen],
      );
      await world.becomes(tap());
      assert.equal((await found())[0]?.host_if_name, 'vpp0');
    });
  }

  it('gets the MAC and the MTU that are configured, at the kernel’s end', async () => {
    await world.becomes(tap());
    await world.becomes({ ...tap({ mac: '02:00:00:00:00:0a' }), mtu: 9000 });
    const [made] = await found();
    assert.deepEqual([made?.host_mac_addr, made?.host_mtu_size], ['02:00:00:00:00:0a', 9000]);
    assert.equal((await world.named('tap0')).mtu[0], 9000);
  });

  it('says what of it is another than configured', async () => {
    await world.becomes(tap());
    const agent = await world.agent(tap({ netns: 'blue', bridge: 'br0', addresses: [] }));
    const [step = ''] = steps(await agent.plan(WANTED));
    for (const what of ['namespace', 'IPv4 address', 'bridge']) {
      assert.ok(step.includes(`tap0: the ${what} of its other end`), step);
    }
  });

  it('carries a VLAN, ends when it is not configured any more, and is made again in another VPP', async () => {
    const vlan = { parent: 'tap-vpp0', outerVlanId: 5, innerVlanId: 0, dot1ad: false };
    await world.becomes({ ...tap(), addresses: [] }, at({ vlan }));
    assert.deepEqual(await world.names(), ['tap0', 'tap0.5']);
    await world.restartVpp();
    await world.becomes({ ...tap(), addresses: [] }, at({ vlan }));
    assert.deepEqual(await world.names(), ['tap0', 'tap0.5']);
    await (await world.agent()).converge([]);
    assert.deepEqual(await world.names(), []);
  });
}
