/**
 * On the emulator only: its clients can add entries as if they had been learned, while VPP keeps all that
 * come by its API as provisioned ones (l2fib_add_entry).
 */
import assert from 'node:assert/strict';
import type { Payload } from '../../../../src/model/item.js';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { domain, tunnelTo, vtepItem } from '../../../support/linux-items.js';
import { VppDataplaneRig } from '../../../support/vpp-dataplane-rig.js';

const L = '10.9.0.1';
const R = '10.9.0.2';
const UPLINK = { hostInterface: 'eth1', addresses: ['10.9.0.1/16'], mtu: 1500, routes: [] };

describe('MACs that VPP learned', () => {
  let vpp: EmulatedVpp;
  let rig: VppDataplaneRig;

  beforeEach(async () => {
    vpp = new EmulatedVpp();
    await vpp.start();
    rig = await VppDataplaneRig.create(vpp, [UPLINK]);
    await rig.ready();
  });
  afterEach(async () => {
    await rig.close();
    await vpp.remove();
  });

  it('are forgotten when it is to learn no more, and those that were told are not', async () => {
    const via = { kind: 'remote', vtep: R } as const;
    const told: Payload = { kind: 'mac_entry', vni: 10, mac: '02:00:00:00:00:02', via };
    const others = [vtepItem(L), tunnelTo(10, R, L), told];
    await rig.converge([...others, domain(10, L, { learn: true })]);
    const [tunnel] = await rig.client.dump('vxlan_tunnel_v2_dump', { sw_if_index: 0xffff_ffff });
    assert.ok(tunnel !== undefined);
    await rig.client.request('l2fib_add_del', {
      mac: '02:00:00:00:00:01',
      bd_id: 10,
      sw_if_index: tunnel.sw_if_index,
      is_add: true,
      static_mac: false,
      filter_mac: false,
      bvi_mac: false,
    });
    await rig.converge([...others, domain(10, L)]);
    const left = await rig.client.dump('l2_fib_table_dump', { bd_id: 10 });
    assert.deepEqual(
      left.map(({ mac }) => mac),
      [told.mac],
    );
  });
});
