/** Uplinks on interfaces of the kernel, which may be deleted and made again. */
import assert from 'node:assert/strict';
import { domain, providerNetwork } from './linux-items.js';
import { steps, VppDataplaneRig } from './vpp-dataplane-rig.js';
import { at, L, UplinkWorld, WANTED, type UplinkParts } from './vpp-uplink-world.js';

export function uplinkHosts(parts: UplinkParts): void {
  const nic = parts.hostInterface;
  const name = `host-${nic}`;
  const uplink = at({ hostInterface: nic });
  const carrier = { ...uplink, addresses: [] };
  const vlan = at({ vlan: { parent: name, outerVlanId: 100, innerVlanId: 0, dot1ad: false } });
  const deleted = `${name}: the kernel’s ${nic} that it took was deleted`;
  let world: UplinkWorld;
  beforeEach(async () => {
    world = await UplinkWorld.create(parts);
    world.files.kernelIndices.set(nic, 5);
  });
  afterEach(() => world.close());

  const tag = async (of = name): Promise<string> => (await world.named(of)).tag;

  it('is made anew when the kernel’s interface was, with all that it had', async () => {
    const agent = await world.agent(uplink);
    await agent.converge(WANTED);
    assert.equal(await tag(), `nfvd:uplink/${name}=i5`);
    world.files.kernelIndices.set(nic, 6);
    const plan = await agent.plan(WANTED);
    assert.deepEqual(steps(plan), [`update vtep/${L} (${deleted})`]);
    assert.deepEqual(await agent.apply(plan), []);
    await agent.assertConverged(WANTED);
    assert.equal(await tag(), `nfvd:uplink/${name}=i6`);
    assert.deepEqual(await world.addresses(), [`${name} ${L}/24`]);
  });

  it('is made anew with the VLAN that it carries', async () => {
    const agent = await world.agent(carrier, vlan);
    await agent.converge(WANTED);
    world.files.kernelIndices.set(nic, 6);
    assert.deepEqual(steps(await agent.plan(WANTED)), [`update vtep/${L} (${deleted})`]);
    await agent.converge(WANTED);
    assert.equal(await tag(), `nfvd:uplink/${name}=i6`);
    assert.deepEqual(await world.addresses(), [`${name}.100 ${L}/24`]);
  });

  for (const [what, change] of [
    ['a physical network', {}],
    ['VLANs of one', { vlan: 100 }],
  ] as const) {
    it(`is made anew where it is ${what} only`, async () => {
      const wanted = providerNetwork(30, change);
      const providers = [{ name: 'physnet1', interface: name }];
      const rig = await VppDataplaneRig.create(
        world.vpp,
        [carrier],
        world.files,
        undefined,
        providers,
      );
      await rig.ready();
      await rig.converge(wanted);
      world.files.kernelIndices.set(nic, 6);
      await rig.converge(wanted);
      assert.equal(await tag(), `nfvd:uplink/${name}=i6`);
      await rig.close();
    });
  }

  it('of an earlier version, whose tag attests nothing, is taken as it is', async () => {
    await (await world.agent(uplink)).converge(WANTED);
    const { sw_if_index } = await world.named(name);
    const earlier = { is_add: true, sw_if_index, tag: `nfvd:uplink/${name}` };
    await world.client.request('sw_interface_tag_add_del', earlier);
    world.files.kernelIndices.set(nic, 6);
    const agent = await world.agent(uplink);
    assert.deepEqual(steps(await agent.plan([...WANTED, domain(7, L)])), ['create bd/7 ()']);
    assert.equal((await world.named(name)).sw_if_index, sw_if_index);
  });

  it('stays as it is, and is an error, as long as the kernel has no such interface', async () => {
    const agent = await world.agent(uplink);
    await agent.converge(WANTED);
    const { sw_if_index } = await world.named(name);
    world.files.kernelIndices.set(nic, undefined);
    assert.deepEqual(await agent.apply(await agent.plan(WANTED)), [
      `update vtep/${L}: HOST_INTERFACE_MISSING`,
    ]);
    assert.equal((await world.named(name)).sw_if_index, sw_if_index);
  });
}
