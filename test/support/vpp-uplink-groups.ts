/** What becomes of tunnels to multicast groups when the uplink that they leave by is another. */
import assert from 'node:assert/strict';
import type { Uplink } from '../../src/dataplane/vpp/uplink/uplink.js';
import type { Payload } from '../../src/model/item.js';
import { domain, vtepItem } from './linux-items.js';
import { steps } from './vpp-dataplane-rig.js';
import { at, L, UplinkWorld, type UplinkParts } from './vpp-uplink-world.js';

const GROUP = '239.1.1.1';
const WANTED: readonly Payload[] = [
  vtepItem(L),
  domain(7, L, { bumGroup: GROUP }),
  domain(8, L, { bumGroup: GROUP }),
];

export interface GroupParts extends UplinkParts {
  /** VPP's name of the interface that packets to a group leave by; empty: one that is not there any more. */
  readonly outletOf: (group: string, world: UplinkWorld) => Promise<string>;
}

export function uplinkGroups(parts: GroupParts): void {
  const nic = parts.hostInterface;
  const name = `host-${nic}`;
  const carrier = at({ hostInterface: nic, addresses: [] });
  const vlan = (outerVlanId: number): Uplink =>
    at({ vlan: { parent: name, outerVlanId, innerVlanId: 0, dot1ad: false } });
  const of = (vni: number, what: string): string =>
    `update bd/${vni} (tunnel to the group: by ${what})`;
  let world: UplinkWorld;
  beforeEach(async () => (world = await UplinkWorld.create(parts)));
  afterEach(() => world.close());

  const outlet = (): Promise<string> => parts.outletOf(GROUP, world);
  /** In one pass, with nothing left to do for an agent that starts again. */
  const becomes = async (...uplinks: readonly Uplink[]): Promise<void> => {
    await (await world.agent(...uplinks)).converge(WANTED);
    await (await world.agent(...uplinks)).assertConverged(WANTED);
  };

  it('leave by another VLAN when the uplink is that', async () => {
    await becomes(carrier, vlan(100));
    assert.equal(await outlet(), `${name}.100`);
    const agent = await world.agent(carrier, vlan(200));
    const reason = `${name}.100, which is not to have ${L}`;
    const planned = steps(await agent.plan(WANTED));
    assert.deepEqual(planned.slice(1, 3), [of(7, reason), of(8, reason)]);
    await becomes(carrier, vlan(200));
    assert.equal(await outlet(), `${name}.200`);
    await becomes(carrier, vlan(100));
    assert.equal(await outlet(), `${name}.100`);
  });

  it('leave by what is made anew for a kernel interface that was', async () => {
    world.files.kernelIndices.set(nic, 5);
    await becomes(carrier, vlan(100));
    world.files.kernelIndices.set(nic, 6);
    const agent = await world.agent(carrier, vlan(100));
    const planned = steps(await agent.plan(WANTED));
    const reason = `${name}.100, which is made anew`;
    assert.deepEqual(planned.slice(1), [of(7, reason), of(8, reason)]);
    await becomes(carrier, vlan(100));
    assert.equal(await outlet(), `${name}.100`);
  });

  it('leave by a VLAN that somebody deleted and the agent makes again', async () => {
    await becomes(carrier, vlan(100));
    const { sw_if_index } = await world.named(`${name}.100`);
    await world.client.request('delete_subif', { sw_if_index });
    assert.equal(await outlet(), '');
    await becomes(carrier, vlan(100));
    assert.equal(await outlet(), `${name}.100`);
  });

  it('leave by the interface that an operator moves the address to', async () => {
    const loops: number[] = [];
    for (const user_instance of [5, 6]) {
      const { sw_if_index } = await world.client.request('create_loopback_instance', {
        mac_address: '00:00:00:00:00:00',
        is_specified: true,
        user_instance,
      });
      loops.push(sw_if_index);
      const flags = ['IF_STATUS_API_FLAG_ADMIN_UP'] as const;
      await world.client.request('sw_interface_set_flags', { sw_if_index, flags });
    }
    const [five = 0, six = 0] = loops;
    const move = async (sw_if_index: number, is_add: boolean): Promise<void> => {
      const address = { sw_if_index, is_add, del_all: false, prefix: `${L}/24` };
      await world.client.request('sw_interface_add_del_address', address);
    };
    await move(five, true);
    await becomes();
    assert.equal(await outlet(), 'loop5');
    await move(five, false);
    const agent = await world.agent();
    // Nothing is ended for which nothing else can be made.
    assert.deepEqual(
      await agent.apply(await agent.plan(WANTED)),
      [`create vtep/${L}`, 'update bd/7', 'update bd/8'].map(
        (each) => `${each}: VTEP_ADDRESS_MISSING`,
      ),
    );
    assert.equal(await outlet(), 'loop5');
    await move(six, true);
    await becomes();
    assert.equal(await outlet(), 'loop6');
  });

  it('leave nothing behind that took the place of a number when the agent was killed', async () => {
    await becomes(carrier, vlan(100));
    const { sw_if_index } = await world.client.request('create_loopback_instance', {
      mac_address: '00:00:00:00:00:00',
      is_specified: false,
      user_instance: 0,
    });
    const tag = 'nfvd:uplink/spare-9';
    await world.client.request('sw_interface_tag_add_del', { is_add: true, sw_if_index, tag });
    await becomes(carrier, vlan(100));
    assert.ok(!(await world.names()).includes('loop0'));
  });
}
