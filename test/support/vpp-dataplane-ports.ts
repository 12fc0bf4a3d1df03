/** Ports of VPP's dataplane, the same on the emulator and on a real VPP. */
import assert from 'node:assert/strict';
import type { Payload, PortItem } from '../../src/model/item.js';
import { steps, type VppDataplaneRig } from './vpp-dataplane-rig.js';
import type { Eye } from './vpp-eye.js';

export interface PortWorld {
  readonly rig: VppDataplaneRig;
  readonly eye: Eye;
  /** An interface of the kernel where VPP runs, which is there. */
  readonly hostInterface: string;
  /** What a port of a VN needs. */
  readonly network: (vni: number) => readonly Payload[];
}

const MAC_1 = '02:00:00:00:00:01';

export function vppDataplanePorts(world: PortWorld): void {
  const { hostInterface } = world;
  const port = (change: Partial<PortItem> = {}, name = hostInterface): PortItem => ({
    kind: 'port',
    endpoint: 'blue-1',
    vni: 10,
    mac: MAC_1,
    addresses: ['192.168.1.1/24'],
    adminUp: true,
    mtu: 1400,
    port: { kind: 'host_interface', interface: name },
    ...change,
  });
  const at = (vni: number, endpoint = 'blue-1'): Payload => ({
    kind: 'mac_entry',
    vni,
    mac: MAC_1,
    via: { kind: 'endpoint', endpoint },
  });
  const base = [...new Set([...world.network(10), ...world.network(11)])];
  const vppName = `host-${hostInterface}`;

  it('is one of the kinds that VPP has', async () => {
    const { portKinds } = await world.rig.dataplane.capabilities(world.rig.signal);
    const all = ['host_interface', 'memif', 'veth', 'vhost_user', 'vlan', 'vpp_interface'];
    assert.deepEqual([...portKinds].sort(), all);
  });

  it('takes it, and lets it go', async () => {
    await world.rig.converge([...base, port(), at(10)]);
    const seen = await world.eye.domain(10);
    assert.deepEqual(seen?.members, [`${vppName} 0`]);
    assert.deepEqual(seen.macs, [`${MAC_1} ${vppName}`]);
    assert.ok((await world.eye.interfaces()).includes(`${vppName} up`));
    await world.rig.converge(base);
    assert.deepEqual((await world.eye.domain(10))?.members, []);
    assert.ok(!(await world.eye.interfaces()).some((each) => each.startsWith(vppName)));
  });

  it('sets it down, and moves it to another network', async () => {
    await world.rig.converge([...base, port(), at(10)]);
    await world.rig.converge([...base, port({ adminUp: false }), at(10)]);
    assert.ok((await world.eye.interfaces()).includes(`${vppName} down`));
    await world.rig.converge([...base, port({ vni: 11 }), at(11)]);
    assert.deepEqual((await world.eye.domain(10))?.members, []);
    assert.deepEqual((await world.eye.domain(10))?.macs, []);
    assert.deepEqual((await world.eye.domain(11))?.macs, [`${MAC_1} ${vppName}`]);
  });

  it('knows an endpoint whose name is too long for a tag', async () => {
    const endpoint = `e${'x'.repeat(62)}`;
    await world.rig.converge([...base, port({ endpoint }), at(10, endpoint)]);
    const other = `e${'x'.repeat(61)}y`;
    assert.deepEqual(
      steps(await world.rig.plan([...base, port({ endpoint: other }), at(10, other)])).length > 0,
      true,
    );
    await world.rig.converge(base);
    assert.deepEqual((await world.eye.domain(10))?.members, []);
  });

  it('says that there is no such interface, and that VPP has it from somebody else', async () => {
    const missing = await world.rig.apply(await world.rig.plan([...base, port({}, 'nfvt-no')]));
    assert.deepEqual(missing, ['create port/blue-1: HOST_INTERFACE_MISSING']);
    const { sw_if_index: index } = await world.rig.client.request('af_packet_create', {
      hw_addr: '00:00:00:00:00:00',
      use_random_hw_addr: true,
      host_if_name: hostInterface,
    });
    const tag = { is_add: true, sw_if_index: index, tag: 'theirs' };
    await world.rig.client.request('sw_interface_tag_add_del', tag);
    const taken = await world.rig.apply(await world.rig.plan([...base, port()]));
    assert.deepEqual(taken, ['create port/blue-1: FOREIGN_OBJECT']);
    await world.rig.apply(await world.rig.plan([]));
    assert.ok((await world.eye.interfaces()).some((each) => each.startsWith(vppName)));
  });

  it('takes it anew when the kernel’s is another one by that name', async () => {
    const { kernelIndices } = world.rig.files;
    kernelIndices.set(hostInterface, 5);
    await world.rig.converge([...base, port(), at(10)]);
    const before = await world.eye.domain(10);
    await world.rig.assertConverged([...base, port(), at(10)]);
    kernelIndices.set(hostInterface, 6);
    const plan = steps(await world.rig.plan([...base, port(), at(10)]));
    assert.ok(
      plan.includes(`delete port/blue-1 (interface none, not ${hostInterface})`),
      plan.join(),
    );
    await world.rig.converge([...base, port(), at(10)]);
    assert.deepEqual(await world.eye.domain(10), before);
    await world.rig.converge(base);
    assert.ok(!(await world.eye.interfaces()).some((each) => each.startsWith(vppName)));
  });

  it('makes no tap for a monitor', async () => {
    const tap = {
      kind: 'tap',
      interface: '',
      ownerUid: 0,
      multiQueue: false,
      vnetHdr: false,
    } as const;
    const failed = await world.rig.apply(await world.rig.plan([...base, port({ port: tap })]));
    assert.deepEqual(failed, ['create port/blue-1: ITEM_UNSUPPORTED']);
  });
}
