import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.js';
import { Netns, needNetns } from '../support/netns.js';
import { findVpp, RealVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';
import { withDriver, type VppWithDriver } from '../support/vpp-driver.js';
import { uplinkDevices } from '../support/vpp-uplink-devices.js';
import { uplinkHosts } from '../support/vpp-uplink-hosts.js';
import { uplinkVlans } from '../support/vpp-uplink-vlans.js';
import { at, UplinkWorld, WANTED, type UplinkParts } from '../support/vpp-uplink-world.js';

describe('uplinks on a real VPP', function () {
  this.timeout(60_000);
  const found = findVpp();
  const makePair = async (where: Netns): Promise<void> => {
    await where.ip('link', 'add', 'name', 'g0', 'type', 'veth', 'peer', 'name', 'g1');
    await where.ip('link', 'set', 'dev', 'g0', 'up');
    await where.ip('link', 'set', 'dev', 'g1', 'up');
  };
  let host: Netns | undefined;
  let driven: VppWithDriver | undefined;

  before(async function () {
    if (typeof found === 'string') skip(this, found);
    await needNetns(this);
    host = await Netns.create();
    await makePair(host);
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
  describe('on an interface of the kernel', () => {
    uplinkHosts(parts);

    it('has packets again when the kernel’s interface was deleted and made again', async () => {
      assert.ok(host !== undefined);
      const where = host;
      const world = await UplinkWorld.create(parts);
      const look = async (): Promise<void> => {
        const [, index] = /^(\d+): /.exec(await where.ip('-o', 'link', 'show', 'dev', 'g0')) ?? [];
        world.files.kernelIndices.set('g0', Number(index));
        await where.ip('addr', 'replace', '10.9.0.2/24', 'dev', 'g1');
      };
      const pings = async (): Promise<boolean> =>
        (await where.try('ping', '-c', '1', '-W', '1', '10.9.0.1')).code === 0;
      await look();
      const agent = await world.agent(at({ hostInterface: 'g0' }));
      await agent.converge(WANTED);
      await eventually(pings, 30_000);
      await where.ip('link', 'del', 'dev', 'g0');
      await makePair(where);
      await look();
      assert.equal(await pings(), false);
      await agent.converge(WANTED);
      await eventually(pings, 30_000);
      await world.close();
    });
  });
  describe('on a port of a native driver', () => {
    before(async function () {
      if (typeof found === 'string') skip(this, found);
      driven = await withDriver(this, found);
    });
    uplinkDevices(parts);
  });
});
