import { Netns, needNetns } from '../support/netns.js';
import { findVpp, RealVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';
import { withDriver, type VppWithDriver } from '../support/vpp-driver.js';
import { uplinkDevices } from '../support/vpp-uplink-devices.js';
import { uplinkVlans } from '../support/vpp-uplink-vlans.js';
import type { UplinkParts } from '../support/vpp-uplink-world.js';

describe('uplinks on a real VPP', function () {
  this.timeout(60_000);
  const found = findVpp();
  let host: Netns | undefined;
  let driven: VppWithDriver | undefined;

  before(async function () {
    if (typeof found === 'string') skip(this, found);
    await needNetns(this);
    host = await Netns.create();
    await host.ip('link', 'add', 'name', 'g0', 'type', 'veth', 'peer', 'name', 'g1');
    await host.ip('link', 'set', 'dev', 'g1', 'up');
  });
  after(async () => {
    driven?.remove();
    await host?.close();
  });

  const parts: UplinkParts = {
    create: () => {
      if (typeof found === 'string' || host === undefined) throw new Error('skipped');
      return new RealVpp(driven?.installation ?? found, { netns: host.name });
    },
    hostInterface: 'g0',
    functions: () => driven?.functions ?? [],
  };

  describe('that are a VLAN', () => {
    uplinkVlans(parts);
  });
  describe('on a port of a native driver', () => {
    before(async function () {
      if (typeof found === 'string') skip(this, found);
      driven = await withDriver(this, found);
    });
    uplinkDevices(parts);
  });
});
