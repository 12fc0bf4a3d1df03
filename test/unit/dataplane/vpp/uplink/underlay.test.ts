import assert from 'node:assert/strict';
import { underlaysOf } from '../../../../../src/dataplane/vpp/uplink/underlay.js';
import type { Uplink } from '../../../../../src/dataplane/vpp/uplink/uplink.js';
import { partOf } from '../../../../../src/dataplane/vpp/uplink/uplink-parts.js';
import { Uplinks } from '../../../../../src/dataplane/vpp/uplink/uplinks.js';
import type { Interface } from '../../../../../src/dataplane/vpp/view.js';

const nic: Interface = {
  index: 1,
  name: 'eth0',
  tag: '',
  mac: '02:00:00:00:00:01',
  up: true,
  linkUp: true,
  mtu: 9000,
  linkMtu: 9000,
  sub: undefined,
};
const host: Uplink = { hostInterface: 'u0', addresses: ['192.0.2.1/24'], mtu: 1500, routes: [] };
const dpdk: Uplink = {
  interface: 'eth0',
  addresses: ['198.51.100.1/24', '2001:db8::1/64'],
  mtu: 8000,
  routes: [],
};

describe('underlay addresses of VPP', () => {
  it('are those that it has, and those that its uplinks are to have', () => {
    const addresses = [
      { index: 1, address: '198.51.100.1', prefixLength: 24 },
      { index: 1, address: 'fe80::1', prefixLength: 64 },
    ];
    assert.deepEqual(underlaysOf([nic], addresses, [dpdk, host]), [
      { address: '198.51.100.1', interface: 'eth0', mtu: 8000 },
      { address: '2001:db8::1', interface: 'eth0', mtu: 8000 },
      { address: '192.0.2.1', interface: 'host-u0', mtu: 1500 },
    ]);
    assert.deepEqual(underlaysOf([], [], []), []);
    // Of no uplink: as VPP has it.
    assert.deepEqual(underlaysOf([nic], addresses.slice(0, 1), []), [
      { address: '198.51.100.1', interface: 'eth0', mtu: 9000 },
    ]);
  });

  it('carry what their interface does, or what that is a part of, where its own MTU is 0', () => {
    const sub = { parent: 1, id: 300, outerVlanId: 300, innerVlanId: 0, tags: 1 };
    const vlan: Interface = {
      ...nic,
      index: 2,
      name: 'eth0.300',
      mtu: 0,
      linkMtu: 0,
      sub: { ...sub, dot1ad: false, exact: true, rewrite: 0 },
    };
    const on = (found: readonly Interface[], index: number): number | undefined =>
      underlaysOf(found, [{ index, address: '192.0.2.9', prefixLength: 24 }], [])[0]?.mtu;
    assert.equal(on([nic, vlan], 2), 9000);
    assert.equal(on([nic, { ...vlan, mtu: 1400 }], 2), 1400);
    assert.equal(on([{ ...nic, mtu: 0, linkMtu: 1500 }, vlan], 2), 1500);
    assert.equal(on([{ ...nic, mtu: 0, linkMtu: 9216 }], 1), 9216);
  });

  it('belong to one uplink', () => {
    const uplinks = new Uplinks([dpdk, host], new Map(), {
      interfaceIndex: () => Promise.resolve(undefined),
    });
    assert.equal(uplinks.withAddress('2001:db8::1'), dpdk);
    assert.equal(uplinks.withAddress('192.0.2.1'), host);
    assert.equal(uplinks.withAddress('192.0.2.2'), undefined);
    assert.deepEqual([partOf(dpdk).name, partOf(host).name], ['eth0', 'host-u0']);
  });
});
