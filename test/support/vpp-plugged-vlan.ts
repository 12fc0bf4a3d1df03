/** Ports of kind vlan, the same on the emulator and on a real VPP. */
import assert from 'node:assert/strict';
import { NEW_VLAN, type VlanPort } from '../../src/model/vpp-ports.js';
import { plugging, type PluggedWorld, port } from './vpp-plugging.js';

export function vlanPorts(world: PluggedWorld): void {
  const { base, wanted, client, setUp, setTag, interfaces, failuresOf, lives, refuses } =
    plugging(world);
  const spec = (change: Partial<VlanPort> = {}): VlanPort => ({
    ...NEW_VLAN,
    parent: 'loop1',
    outerVlanId: 100,
    ...change,
  });
  let parent: number;
  beforeEach(async () => {
    parent = await world.addLoopback(1);
    await setUp(parent);
  });

  lives(spec, {
    parent: [() => ({ parent: 'loop0' }), 'delete create'],
    'outer tag': [() => ({ outerVlanId: 4094 }), 'delete create'],
    'inner tag': [() => ({ innerVlanId: 200 }), 'delete create'],
    'kind of tag': [() => ({ dot1ad: true }), 'delete create'],
  });

  it('has its tags taken off, one or two, and put on again when somebody ends that', async () => {
    await world.rig.converge(wanted(spec()));
    assert.deepEqual(await world.eye.plugged(), ['loop1.100 pop-1']);
    const found = (await interfaces()).find((each) => each.interface_name === 'loop1.100');
    assert.ok(found !== undefined);
    assert.deepEqual(
      [found.sub_number_of_tags, found.sub_outer_vlan_id, found.sub_if_flags],
      [1, 100, ['SUB_IF_API_FLAG_ONE_TAG', 'SUB_IF_API_FLAG_EXACT_MATCH']],
    );
    const none = { vtr_op: 0, push_dot1q: 0, tag1: 0, tag2: 0 };
    const { sw_if_index } = found;
    await client().request('l2_interface_vlan_tag_rewrite', { sw_if_index, ...none });
    await world.rig.converge(wanted(spec()));
    assert.deepEqual(await world.eye.plugged(), ['loop1.100 pop-1']);
    await world.rig.converge(wanted(spec({ innerVlanId: 200, dot1ad: true })));
    assert.deepEqual(await world.eye.plugged(), ['loop1.101000200 pop-2']);
  });

  it('has all VLANs of one number at once', async () => {
    const all = [
      spec(),
      spec({ dot1ad: true }),
      spec({ innerVlanId: 100 }),
      spec({ innerVlanId: 100, dot1ad: true }),
    ].map((each, i) => port(each, { endpoint: `blue-${i}` }));
    await world.rig.converge([...base(), ...all]);
    assert.equal((await world.eye.plugged()).length, 4);
    await world.rig.converge(base());
    assert.deepEqual(await world.eye.plugged(), []);
  });

  it('comes up when its parent does', async () => {
    await setUp(parent, false);
    const failures = await failuresOf(wanted(spec()));
    assert.ok(failures.includes('create port/blue-1: VPP_INTERFACE_DOWN'), failures.join());
    await setUp(parent);
    await world.rig.converge(wanted(spec()));
    await setUp(parent, false);
    const again = await failuresOf(wanted(spec()));
    assert.deepEqual(again, ['update port/blue-1: VPP_INTERFACE_DOWN']);
    await setUp(parent);
    await world.rig.converge(wanted(spec()));
  });

  const make = async (id: number, of = parent): Promise<number> => {
    const { sw_if_index: index } = await client().request('create_subif', {
      sw_if_index: of,
      sub_id: id,
      sub_if_flags: ['SUB_IF_API_FLAG_ONE_TAG', 'SUB_IF_API_FLAG_EXACT_MATCH'],
      outer_vlan_id: 100,
      inner_vlan_id: 0,
    });
    return index;
  };

  it('takes up one that it had not named yet when it was killed', async () => {
    await world.rig.converge(base());
    await make(100);
    await world.rig.converge(wanted(spec()));
  });

  refuses([
    ['of an interface that VPP has not', () => spec({ parent: 'loop7' }), 'VPP_INTERFACE_MISSING'],
    [
      'of a sub-interface',
      async () => {
        await make(7);
        return spec({ parent: 'loop1.7', outerVlanId: 9 });
      },
      'ITEM_UNSUPPORTED',
    ],
    [
      'a VLAN that somebody else has by another number',
      async () => {
        const index = await make(7);
        await setUp(index);
        return spec();
      },
      'FOREIGN_OBJECT',
      async () => {
        const left = (await interfaces()).filter((each) => each.type === 'IF_API_TYPE_SUB');
        assert.deepEqual(
          left.map((each) => each.interface_name),
          ['loop1.7'],
        );
      },
    ],
    [
      'a VLAN that somebody else has',
      async () => {
        await setTag(await make(100), 'theirs');
        return spec();
      },
      'FOREIGN_OBJECT',
    ],
    [
      'a number that somebody else has given to another VLAN',
      async () => {
        await make(4000);
        return spec({ outerVlanId: 4000 });
      },
      'FOREIGN_OBJECT',
    ],
  ]);
}
