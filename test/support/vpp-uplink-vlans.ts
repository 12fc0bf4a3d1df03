/** Uplinks that are VLANs of another interface, and what becomes of one that is no longer configured. */
import assert from 'node:assert/strict';
import type { UplinkVlan } from '../../src/dataplane/vpp/uplink/uplink.js';
import { vtepItem } from './linux-items.js';
import { steps } from './vpp-dataplane-rig.js';
import { at, L, UplinkWorld, WANTED, type UplinkParts } from './vpp-uplink-world.js';

export function uplinkVlans(parts: UplinkParts): void {
  const nic = parts.hostInterface;
  const parent = `host-${nic}`;
  const vlan = (change: Partial<UplinkVlan> = {}): UplinkVlan => ({
    parent,
    outerVlanId: 100,
    innerVlanId: 0,
    dot1ad: false,
    ...change,
  });
  const carrier = at({ hostInterface: nic, addresses: [] });
  let world: UplinkWorld;
  beforeEach(async () => (world = await UplinkWorld.create(parts)));
  afterEach(() => world.close());

  it('is a VLAN of an interface of the kernel that the agent takes as well', async () => {
    await world.becomes(carrier, at({ vlan: vlan() }));
    const { type, tag, sub_outer_vlan_id, sub_number_of_tags, sub_if_flags, flags, mtu } =
      await world.named(`${parent}.100`);
    assert.deepEqual(
      { type, tag, sub_outer_vlan_id, sub_number_of_tags, sub_if_flags, mtu: mtu[0] },
      {
        type: 'IF_API_TYPE_SUB',
        tag: `nfvd:uplink/${parent}.100`,
        sub_outer_vlan_id: 100,
        sub_number_of_tags: 1,
        sub_if_flags: ['SUB_IF_API_FLAG_ONE_TAG', 'SUB_IF_API_FLAG_EXACT_MATCH'],
        mtu: 1500,
      },
    );
    assert.ok(flags.includes('IF_STATUS_API_FLAG_ADMIN_UP'));
    assert.ok((await world.named(parent)).flags.includes('IF_STATUS_API_FLAG_ADMIN_UP'));
    assert.deepEqual(await world.addresses(), [`${parent}.100 ${L}/24`]);
  });

  it('is said to the NVA before it is made, and after', async () => {
    const agent = await world.agent(carrier, at({ vlan: vlan(), mtu: 1400 }));
    const expected = [{ address: L, interface: `${parent}.100`, mtu: 1400 }];
    assert.deepEqual(await agent.dataplane.underlays(agent.signal), expected);
    await agent.converge(WANTED);
    assert.deepEqual(await agent.dataplane.underlays(agent.signal), expected);
  });

  for (const [what, change, name] of [
    ['outer tag', { outerVlanId: 200 }, '.200'],
    ['inner tag', { innerVlanId: 7 }, '.1000007'],
    ['kind of tag', { dot1ad: true }, '.101000000'],
  ] as const) {
    it(`is another one with another ${what}, and back`, async () => {
      await world.becomes(carrier, at({ vlan: vlan() }));
      await world.becomes(carrier, at({ vlan: vlan(change) }));
      assert.deepEqual(await world.names(), [parent, `${parent}${name}`]);
      assert.deepEqual(await world.addresses(), [`${parent}${name} ${L}/24`]);
      await world.becomes(carrier, at({ vlan: vlan() }));
      assert.deepEqual(await world.names(), [parent, `${parent}.100`]);
    });
  }

  it('takes its address from the interface that had it before, and gives it back', async () => {
    await world.becomes(at({ hostInterface: nic }));
    await world.becomes(carrier, at({ vlan: vlan() }));
    assert.deepEqual(await world.addresses(), [`${parent}.100 ${L}/24`]);
    await world.becomes(at({ hostInterface: nic }));
    assert.deepEqual(await world.names(), [parent]);
    assert.deepEqual(await world.addresses(), [`${parent} ${L}/24`]);
  });

  it('gets another MTU, and a route', async () => {
    await world.becomes(carrier, at({ vlan: vlan() }));
    const routes = [{ to: '10.8.0.0/16', via: '10.9.0.254' }];
    await world.becomes(carrier, at({ vlan: vlan(), mtu: 1400, routes }));
    assert.equal((await world.named(`${parent}.100`)).mtu[0], 1400);
    const asked = { table_id: 0, exact: 1, prefix: '10.8.0.0/16' };
    const { route } = await world.client.request('ip_route_lookup_v2', asked);
    assert.deepEqual(
      route.paths.map(({ nh }) => nh.address),
      ['10.9.0.254'],
    );
  });

  it('is ended by a step of the plan, with what carried it, when neither is configured any more', async () => {
    await world.becomes(carrier, at({ vlan: vlan() }));
    const agent = await world.agent();
    const plan = await agent.plan([]);
    assert.deepEqual(
      plan.waves.flat().map(({ step }) => `${step.op} ${step.key}`),
      [`delete vtep/${parent}`, `delete vtep/${parent}.100`],
    );
    assert.deepEqual(await world.names(), [parent, `${parent}.100`]);
    assert.deepEqual(await agent.apply(plan), []);
    assert.deepEqual(await agent.apply(plan), []);
    await agent.assertConverged([]);
    assert.deepEqual(await world.names(), []);
  });

  it('stays when its VTEP is wanted no more, as the host’s', async () => {
    await world.becomes(carrier, at({ vlan: vlan() }));
    const agent = await world.agent(carrier, at({ vlan: vlan() }));
    await agent.converge([]);
    assert.deepEqual(await world.names(), [parent, `${parent}.100`]);
  });

  it('leaves an interface standing that somebody else has a VLAN of', async () => {
    await world.becomes(at({ hostInterface: nic }));
    const { sw_if_index } = await world.named(parent);
    await world.client.request('create_vlan_subif', { sw_if_index, vlan_id: 300 });
    const agent = await world.agent();
    assert.deepEqual(await agent.apply(await agent.plan([])), [
      `delete vtep/${parent}: FOREIGN_OBJECT`,
    ]);
    assert.deepEqual(await world.names(), [parent, `${parent}.300`]);
  });

  it('is of an interface that is no uplink, which stays when it goes', async () => {
    await world.client.request('create_loopback_instance', {
      mac_address: '00:00:00:00:00:00',
      is_specified: true,
      user_instance: 5,
    });
    assert.deepEqual(await world.failures(at({ vlan: vlan({ parent: 'loop6' }) })), [
      `create vtep/${L}: VTEP_ADDRESS_MISSING`,
    ]);
    const { sw_if_index } = await world.named('loop5');
    const up = ['IF_STATUS_API_FLAG_ADMIN_UP'] as const;
    await world.client.request('sw_interface_set_flags', { sw_if_index, flags: up });
    await world.becomes(at({ vlan: vlan({ parent: 'loop5' }) }));
    assert.deepEqual(await world.names(), ['loop5', 'loop5.100']);
    await (await world.agent()).converge([]);
    assert.deepEqual(await world.names(), ['loop5']);
  });

  const makeSub = async (): Promise<number> => {
    await world.becomes(at({ hostInterface: nic, addresses: ['10.7.0.1/24'] }), carrierless());
    const { sw_if_index } = await world.named(parent);
    const made = await world.client.request('create_vlan_subif', { sw_if_index, vlan_id: 100 });
    return made.sw_if_index;
  };
  /** Somewhere to have the VTEP's address meanwhile. */
  const carrierless = (): ReturnType<typeof at> => at({ vlan: vlan({ outerVlanId: 4000 }) });

  it('takes up one that it had not named yet when it was killed', async () => {
    const index = await makeSub();
    await world.becomes(carrier, at({ vlan: vlan() }));
    assert.equal((await world.named(`${parent}.100`)).sw_if_index, index);
  });

  it('leaves a VLAN alone that is somebody else’s', async () => {
    const sw_if_index = await makeSub();
    await world.client.request('sw_interface_tag_add_del', {
      is_add: true,
      sw_if_index,
      tag: 'theirs',
    });
    const failures = await world.failures(carrier, at({ vlan: vlan() }));
    assert.ok(
      failures.some((each) => each === `create vtep/${L}: FOREIGN_OBJECT`),
      failures.join(),
    );
    assert.equal((await world.named(`${parent}.100`)).tag, 'theirs');
  });

  it('is put right when its MTU is changed, or what carries it is set down', async () => {
    await world.becomes(carrier, at({ vlan: vlan() }));
    const agent = await world.agent(carrier, at({ vlan: vlan() }));
    const { sw_if_index } = await world.named(`${parent}.100`);
    const mtu = [2000, 0, 0, 0] as const;
    await world.client.request('sw_interface_set_mtu', { sw_if_index, mtu });
    const below = (await world.named(parent)).sw_if_index;
    await world.client.request('sw_interface_set_flags', { sw_if_index: below, flags: [] });
    const [step = ''] = steps(await agent.plan(WANTED));
    assert.match(step, new RegExp(`${parent} is down`));
    assert.match(step, /an MTU of 2000, not 1500/);
    await agent.converge(WANTED);
  });

  it('is made again, with what carries it, in a VPP that was killed', async () => {
    const agent = await world.agent(carrier, at({ vlan: vlan() }));
    await agent.converge(WANTED);
    await world.restartVpp();
    await agent.converge(WANTED);
    assert.deepEqual(await world.addresses(), [`${parent}.100 ${L}/24`]);
  });

  it('says whose address it is that it cannot have', async () => {
    await world.client.request('create_loopback_instance', {
      mac_address: '00:00:00:00:00:00',
      is_specified: true,
      user_instance: 5,
    });
    const { sw_if_index } = await world.named('loop5');
    const address = { is_add: true, del_all: false, prefix: `${L}/24` };
    await world.client.request('sw_interface_add_del_address', { sw_if_index, ...address });
    const agent = await world.agent(at({ hostInterface: nic }));
    assert.deepEqual(await agent.apply(await agent.plan([...WANTED, vtepItem('10.9.0.7')])), [
      `create vtep/${L}: FOREIGN_OBJECT`,
      'create vtep/10.9.0.7: VTEP_ADDRESS_MISSING',
    ]);
  });
}
