/** Ports of kind vpp_interface, the same on the emulator and on a real VPP. */
import assert from 'node:assert/strict';
import type { Port } from '../../src/model/endpoint.js';
import { steps, VppDataplaneRig } from './vpp-dataplane-rig.js';
import { everything } from './vpp-eye.js';
import { plugging, type PluggedWorld } from './vpp-plugging.js';

export function vppInterfacePorts(world: PluggedWorld): void {
  const { base, wanted, client, setUp, setTag, interfaces, refuses } = plugging(world);
  const spec = (name = 'loop1'): Port => ({ kind: 'vpp_interface', interface: name });
  let index: number;
  beforeEach(async () => {
    index = await world.addLoopback(1);
    await world.addLoopback(2);
  });

  it('is taken and given back as it was found, up or down', async () => {
    await world.rig.converge(base());
    for (const wasUp of [false, true]) {
      await setUp(index, wasUp);
      const before = await everything(world.eye);
      await world.rig.converge(wanted(spec(), { adminUp: !wasUp }));
      assert.deepEqual((await world.eye.domain(10))?.members, ['loop1 0']);
      await world.rig.converge(wanted(spec(), { vni: 11, adminUp: !wasUp }));
      const plan = await world.rig.plan(wanted(spec('loop2'), { vni: 11 }));
      assert.ok(steps(plan).some((each) => each.startsWith('delete port/blue-1')));
      await world.rig.converge(wanted(spec('loop2')));
      await world.rig.converge(base());
      assert.deepEqual(await everything(world.eye), before);
      const found = (await interfaces()).find((each) => each.sw_if_index === index);
      assert.equal(found?.tag, '');
    }
  });

  it('is given back as it was found by another agent than took it', async () => {
    await setUp(index);
    await world.rig.converge(base());
    const before = await everything(world.eye);
    await world.rig.converge(wanted(spec(), { adminUp: false }));
    const other = await VppDataplaneRig.create(world.vpp, []);
    await other.ready();
    // Nothing of what a new agent is not told of any more is left; the uplink is not its own to make.
    await other.apply(await other.plan([]));
    await other.close();
    await world.rig.converge(base());
    assert.deepEqual(await everything(world.eye), before);
  });

  it('does every step twice, and the second time changes nothing', async () => {
    const plan = await world.rig.plan(wanted(spec()));
    assert.deepEqual(await world.rig.apply(plan), []);
    assert.deepEqual(await world.rig.apply(plan), []);
    const removal = await world.rig.plan(base());
    assert.deepEqual(await world.rig.apply(removal), []);
    assert.deepEqual(await world.rig.apply(removal), []);
    const found = (await interfaces()).find((each) => each.sw_if_index === index);
    assert.equal(found?.tag, '');
    assert.ok(!found.flags.includes('IF_STATUS_API_FLAG_ADMIN_UP'));
  });

  const addressed = async (): Promise<Port> => {
    const address = { is_add: true, del_all: false, prefix: '10.7.0.1/24' };
    await client().request('sw_interface_add_del_address', { sw_if_index: index, ...address });
    return spec();
  };
  refuses([
    ['that VPP has not', () => spec('loop7'), 'VPP_INTERFACE_MISSING'],
    ['that is VPP’s own', () => spec('local0'), 'FOREIGN_OBJECT'],
    ['that is an uplink', () => spec('loop0'), 'FOREIGN_OBJECT'],
    ['that has an address', addressed, 'FOREIGN_OBJECT'],
    [
      'that has a tag',
      async () => {
        await setTag(index, 'theirs');
        return spec();
      },
      'FOREIGN_OBJECT',
    ],
    [
      'that is cross-connected',
      async () => {
        await client().request('sw_interface_set_l2_xconnect', {
          rx_sw_if_index: index,
          tx_sw_if_index: index + 1,
          enable: true,
        });
        return spec();
      },
      'FOREIGN_OBJECT',
    ],
  ]);
}
