/** Networks that are physical ones, the same on the emulator and on a real VPP. */
import assert from 'node:assert/strict';
import { bareTag } from '../../src/dataplane/vpp/tag.js';
import type { Uplink } from '../../src/dataplane/vpp/uplink/uplink.js';
import type { Payload, ProviderPortItem } from '../../src/model/item.js';
import { domain, providerNetwork } from './linux-items.js';
import { steps, VppDataplaneRig } from './vpp-dataplane-rig.js';
import { everything } from './vpp-eye.js';
import { plugging, type PluggedWorld } from './vpp-plugging.js';

const VNI = 30;
const TAG = `nfvd:provider/${VNI}`;

export function vppProviderPorts(world: PluggedWorld): void {
  const { client, setUp, setTag, interfaces } = plugging(world);
  const carrier = `host-${world.hostInterface}`;
  const providers = [
    { name: 'physnet1', interface: 'loop1' },
    { name: 'physnet2', interface: carrier },
    { name: 'physnet3', interface: 'loop0' },
    { name: 'physnet4', interface: 'loop7' },
  ];
  /** One that the agent makes, and the underlay's. */
  const uplinks: readonly Uplink[] = [
    { hostInterface: world.hostInterface, addresses: [], mtu: 1500, routes: [] },
    { interface: 'loop0', addresses: ['10.9.0.1/24'], mtu: 1500, routes: [] },
  ];
  const flat = (more: Partial<ProviderPortItem> = {}): Payload[] => providerNetwork(VNI, more);
  const tagged = (more: Partial<ProviderPortItem> = {}): Payload[] => flat({ vlan: 100, ...more });
  let rig: VppDataplaneRig;
  let index: number;

  const agent = async (): Promise<VppDataplaneRig> => {
    const made = await VppDataplaneRig.create(world.vpp, uplinks, undefined, undefined, providers);
    await made.ready();
    return made;
  };
  const named = async (name: string) =>
    (await interfaces()).find((each) => each.interface_name === name) ?? assert.fail(name);
  const isUp = async (name: string): Promise<boolean> =>
    (await named(name)).flags.includes('IF_STATUS_API_FLAG_ADMIN_UP');

  beforeEach(async () => {
    index = await world.addLoopback(1);
    rig = await agent();
  });
  afterEach(() => rig.close());

  it('is told with what can be done on it', async () => {
    const { providers: told, itemKinds } = await rig.dataplane.capabilities(rig.signal);
    assert.ok(itemKinds.includes('provider_port'));
    assert.deepEqual(
      told?.map((each) => [each.name, each.interface, each.mtu > 0, each.vlans]),
      [
        ['physnet1', 'loop1', true, true],
        ['physnet2', carrier, false, true],
        ['physnet3', 'loop0', true, true],
        ['physnet4', 'loop7', false, true],
      ],
    );
  });

  for (const wasUp of [true, false]) {
    it(`takes an interface that was ${wasUp ? 'up' : 'down'}, and gives it back so`, async () => {
      await setUp(index, wasUp);
      const before = await everything(world.eye);
      await rig.converge(flat());
      const seen = await world.eye.domain(VNI);
      assert.deepEqual(seen?.members, ['loop1 0']);
      assert.deepEqual([seen.learn, seen.flood, seen.arpTermination], [true, true, false]);
      assert.ok(await isUp('loop1'));
      assert.equal((await named('loop1')).tag, `${TAG}=${wasUp ? 'u' : 'd'}`);
      const other = await agent();
      assert.deepEqual(steps(await other.plan(flat())), []);
      await other.converge([]);
      await other.close();
      assert.deepEqual(await everything(world.eye), before);
      assert.equal((await named('loop1')).tag, '');
    });
  }

  it('is a VLAN, whose tag is taken off', async () => {
    const before = await everything(world.eye);
    await rig.converge(tagged());
    assert.deepEqual((await world.eye.domain(VNI))?.members, ['loop1.100 0']);
    assert.deepEqual(await world.eye.plugged(), ['loop1.100 pop-1']);
    assert.deepEqual([await isUp('loop1'), await isUp('loop1.100')], [true, true]);
    const other = await agent();
    assert.deepEqual(steps(await other.plan(tagged())), []);
    await other.close();
    await rig.converge(tagged({ vlan: 101 }));
    assert.deepEqual(await world.eye.plugged(), ['loop1.101 pop-1']);
    await rig.converge([]);
    await setUp(index, false);
    assert.deepEqual(await everything(world.eye), before);
  });

  it('is a VLAN of the underlay’s interface, which keeps its addresses', async () => {
    const underlay: Payload = { kind: 'vtep', address: '10.9.0.1' };
    await rig.converge([underlay, ...tagged({ uplink: 'physnet3' })]);
    assert.deepEqual(await world.eye.plugged(), ['loop0.100 pop-1']);
    await rig.converge([underlay]);
    const found = await client().dump('ip_address_dump', {
      sw_if_index: (await named('loop0')).sw_if_index,
      is_ipv6: false,
    });
    assert.deepEqual(
      found.map(({ prefix }) => prefix),
      ['10.9.0.1/24'],
    );
  });

  it('is on an interface that the agent takes for it, flat or a VLAN', async () => {
    for (const [payloads, member] of [
      [flat({ uplink: 'physnet2' }), `${carrier} 0`],
      [tagged({ uplink: 'physnet2' }), `${carrier}.100 0`],
    ] as const) {
      await rig.converge(payloads);
      assert.deepEqual((await world.eye.domain(VNI))?.members, [member]);
      const other = await agent();
      assert.deepEqual(steps(await other.plan(payloads)), []);
      await other.close();
      await rig.converge([]);
      assert.equal(await world.eye.domain(VNI), undefined);
      // As an uplink of the configuration it is the host's, and stays.
      assert.equal(bareTag((await named(carrier)).tag), `nfvd:uplink/${carrier}`);
    }
  });

  for (const [what, payloads, spoil] of [
    [
      'was taken out of the bridge domain',
      flat(),
      async (): Promise<void> => {
        await client().request('sw_interface_set_l2_bridge', {
          rx_sw_if_index: index,
          bd_id: VNI,
          port_type: 'L2_API_PORT_TYPE_NORMAL',
          shg: 0,
          enable: false,
        });
      },
    ],
    ['was set down', flat(), () => setUp(index, false)],
    [
      'was deleted, of a VLAN',
      tagged(),
      async (): Promise<void> => {
        const { sw_if_index } = await named('loop1.100');
        await client().request('delete_subif', { sw_if_index });
      },
    ],
    [
      'has its tag taken off no more, of a VLAN',
      tagged(),
      async (): Promise<void> => {
        const { sw_if_index } = await named('loop1.100');
        const none = { vtr_op: 0, push_dot1q: 0, tag1: 0, tag2: 0 };
        await client().request('l2_interface_vlan_tag_rewrite', { sw_if_index, ...none });
      },
    ],
  ] as const) {
    it(`is put right when it ${what}`, async () => {
      await rig.converge(payloads);
      const before = await everything(world.eye);
      await spoil();
      assert.equal(steps(await rig.plan(payloads)).length, 1);
      await rig.converge(payloads);
      assert.deepEqual(await everything(world.eye), before);
    });
  }

  it('does every step twice, and the second time changes nothing', async () => {
    for (const payloads of [flat(), tagged()]) {
      const plan = await rig.plan(payloads);
      assert.deepEqual(await rig.apply(plan), []);
      assert.deepEqual(await rig.apply(plan), []);
      await rig.assertConverged(payloads);
      const removal = await rig.plan([]);
      assert.deepEqual(await rig.apply(removal), []);
      assert.deepEqual(await rig.apply(removal), []);
      await rig.assertConverged([]);
    }
  });

  const refused: readonly (readonly [
    what: string,
    more: Partial<ProviderPortItem>,
    spoil: () => Promise<unknown>,
    code: string,
  ])[] = [
    ['that nobody configured', { uplink: 'physnet9' }, () => Promise.resolve(), 'ITEM_UNSUPPORTED'],
    ['that VPP has not', { uplink: 'physnet4' }, () => Promise.resolve(), 'VPP_INTERFACE_MISSING'],
    [
      'that has addresses of the underlay',
      { uplink: 'physnet3' },
      () => Promise.resolve(),
      'FOREIGN_OBJECT',
    ],
    ['that has a tag', {}, () => setTag(index, 'theirs'), 'FOREIGN_OBJECT'],
    [
      'that has an address',
      {},
      () => {
        const address = { is_add: true, del_all: false, prefix: '10.7.0.1/24' };
        return client().request('sw_interface_add_del_address', { sw_if_index: index, ...address });
      },
      'FOREIGN_OBJECT',
    ],
  ];
  for (const [what, more, spoil, code] of refused) {
    it(`refuses an interface ${what}`, async () => {
      await spoil();
      const before = (await interfaces()).find((each) => each.sw_if_index === index);
      const failures = await rig.apply(await rig.plan(flat(more)));
      assert.deepEqual(failures, [`create provider/${VNI}: ${code}`]);
      const now = (await interfaces()).find((each) => each.sw_if_index === index);
      assert.deepEqual(now, before);
    });
  }

  it('leaves alone a VLAN that somebody else has', async () => {
    const made = await client().request('create_vlan_subif', { sw_if_index: index, vlan_id: 100 });
    await setTag(made.sw_if_index, 'theirs');
    const failures = await rig.apply(await rig.plan(tagged()));
    assert.deepEqual(failures, [`create provider/${VNI}: FOREIGN_OBJECT`]);
    assert.deepEqual((await world.eye.domain(VNI))?.members, []);
    assert.equal((await named('loop1.100')).tag, 'theirs');
  });

  it('makes way for tunnels, and comes back', async () => {
    const underlay: Payload = { kind: 'vtep', address: '10.9.0.1' };
    await rig.converge([underlay, ...flat()]);
    await rig.converge([underlay, domain(VNI, '10.9.0.1')]);
    assert.deepEqual((await world.eye.domain(VNI))?.members, []);
    await rig.converge([underlay, ...flat()]);
    assert.deepEqual((await world.eye.domain(VNI))?.members, ['loop1 0']);
  });
}
