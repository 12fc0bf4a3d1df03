/** Addresses that uplinks had, and that the configuration has no more. */
import assert from 'node:assert/strict';
import type { Uplink } from '../../src/dataplane/vpp/uplink/uplink.js';
import type { Payload } from '../../src/model/item.js';
import { domain, tunnelTo, vtepItem } from './linux-items.js';
import { steps } from './vpp-dataplane-rig.js';
import { at, UplinkWorld, type UplinkParts } from './vpp-uplink-world.js';

const OLD = '10.9.0.1';
const NEW = '10.9.0.5';
const FAR = '10.9.0.9';
const from = (vtep: string, more: Parameters<typeof domain>[2] = {}): readonly Payload[] => [
  vtepItem(vtep),
  domain(7, vtep, more),
  tunnelTo(7, FAR, vtep),
];

export function uplinkAddresses(parts: UplinkParts): void {
  const nic = parts.hostInterface;
  const name = `host-${nic}`;
  const host = (...addresses: readonly string[]): Uplink => at({ hostInterface: nic, addresses });
  const vlan = (outerVlanId: number, ...addresses: readonly string[]): Uplink =>
    at({ vlan: { parent: name, outerVlanId, innerVlanId: 0, dot1ad: false }, addresses });
  let world: UplinkWorld;
  beforeEach(async () => (world = await UplinkWorld.create(parts)));
  afterEach(() => world.close());

  const has = async (...lines: readonly string[]): Promise<void> => {
    assert.deepEqual(await world.addresses(), lines);
  };
  const addTo = async (of: string, prefix: string): Promise<void> => {
    const { sw_if_index } = await world.named(of);
    const address = { sw_if_index, is_add: true, del_all: false, prefix };
    await world.client.request('sw_interface_add_del_address', address);
  };

  for (const [what, more] of [
    ['', {}],
    [', to a group too', { bumGroup: '239.1.1.1' }],
  ] as const) {
    it(`go, after the tunnels from them${what}`, async () => {
      await (await world.agent(host(`${OLD}/24`))).converge(from(OLD, more));
      const agent = await world.agent(host(`${NEW}/24`));
      const planned = steps(await agent.plan(from(NEW, more)));
      assert.equal(planned.at(-1), `delete vtep/${OLD} (not wanted)`);
      await agent.converge(from(NEW, more));
      await has(`${name} ${NEW}/24`);
    });
  }

  it('stay as long as a VTEP has them', async () => {
    await (await world.agent(host(`${OLD}/24`))).converge(from(OLD));
    const agent = await world.agent(host(`${NEW}/24`));
    await agent.assertConverged(from(OLD));
    await agent.converge([...from(OLD), vtepItem(NEW)]);
    await has(`${name} ${OLD}/24`, `${name} ${NEW}/24`);
    await agent.converge([]);
    await has(`${name} ${NEW}/24`);
  });

  it('go at once where VPP would not have the new ones beside them', async () => {
    await (await world.agent(host(`${OLD}/24`))).converge(from(OLD));
    await (await world.agent(host(`${NEW}/16`))).converge(from(NEW));
    await has(`${name} ${NEW}/16`);
    await (
      await world.agent(host('10.8.0.1/24'), vlan(100, `${OLD}/24`))
    ).converge([vtepItem('10.8.0.1'), ...from(OLD)]);
    await has(`${name} 10.8.0.1/24`, `${name}.100 ${OLD}/24`);
    await (
      await world.agent(host(`${NEW}/24`), vlan(100, '10.8.0.1/24'))
    ).converge([vtepItem('10.8.0.1'), ...from(NEW)]);
    await has(`${name} ${NEW}/24`, `${name}.100 10.8.0.1/24`);
  });

  it('get another length', async () => {
    await (await world.agent(host(`${OLD}/24`))).converge(from(OLD));
    const agent = await world.agent(host(`${OLD}/16`));
    assert.deepEqual(steps(await agent.plan(from(OLD))), [
      `update vtep/${OLD} (${name} has ${OLD}/24, not ${OLD}/16)`,
    ]);
    await agent.converge(from(OLD));
    await has(`${name} ${OLD}/16`);
  });

  it('stay while somebody else has a tunnel from them', async () => {
    await (await world.agent(host(`${OLD}/24`))).converge(from(OLD));
    await world.client.request('vxlan_add_del_tunnel_v3', {
      is_add: true,
      instance: 77,
      src_address: OLD,
      dst_address: FAR,
      src_port: 4789,
      dst_port: 4789,
      mcast_sw_if_index: 0xffff_ffff,
      encap_vrf_id: 0,
      decap_next_index: 0xffff_ffff,
      vni: 77,
      is_l3: false,
    });
    const agent = await world.agent(host(`${NEW}/24`));
    assert.deepEqual(await agent.apply(await agent.plan(from(NEW))), [
      `delete vtep/${OLD}: FOREIGN_OBJECT`,
    ]);
    await has(`${name} ${OLD}/24`, `${name} ${NEW}/24`);
  });

  it('stay where somebody else made the interface', async () => {
    const { sw_if_index } = await world.client.request('create_loopback_instance', {
      mac_address: '00:00:00:00:00:00',
      is_specified: true,
      user_instance: 5,
    });
    const flags = ['IF_STATUS_API_FLAG_ADMIN_UP'] as const;
    await world.client.request('sw_interface_set_flags', { sw_if_index, flags });
    await addTo('loop5', '10.7.0.1/24');
    const loop = (address: string): Uplink => at({ interface: 'loop5', addresses: [address] });
    await (await world.agent(loop(`${OLD}/24`))).converge(from(OLD));
    await (await world.agent(loop(`${NEW}/24`))).converge(from(NEW));
    await has('loop5 10.7.0.1/24', `loop5 ${OLD}/24`, `loop5 ${NEW}/24`);
  });
}
