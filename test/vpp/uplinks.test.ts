import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.js';
import { Netns, needNetns } from '../support/netns.js';
import { findVpp, RealVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';
import { withDriver, type VppWithDriver } from '../support/vpp-driver.js';
import { uplinkDevices } from '../support/vpp-uplink-devices.js';
import { uplinkAddresses } from '../support/vpp-uplink-addresses.js';
import { uplinkGroups } from '../support/vpp-uplink-groups.js';
import { uplinkHosts } from '../support/vpp-uplink-hosts.js';
import { uplinkRoutes } from '../support/vpp-uplink-routes.js';
import { uplinkVlans } from '../support/vpp-uplink-vlans.js';
import { at, UplinkWorld, WANTED, type UplinkParts } from '../support/vpp-uplink-world.js';

/** By the adjacency of each tunnel: VPP shows what it writes before a packet, and may be wrong about the interface. */
async function outletOf(group: string, world: UplinkWorld): Promise<string> {
  const tunnels = (await world.cli('show vxlan tunnel')).split('\n');
  const ours = tunnels.filter((line) => line.includes(` dst ${group} `));
  const adjacencies = new Set(ours.map((line) => /encap-dpo-idx (\d+)/.exec(line)?.[1]));
  assert.equal(adjacencies.size, 1, tunnels.join('\n'));
  const shown = await world.cli(`show adj ${[...adjacencies].join()}`);
  const [, name = '', rewrite = ''] =
    /ipv4-mcast: (\S+): .* ([0-9a-f]{28,36})\s*$/m.exec(shown) ?? [];
  const interfaces = await world.dump();
  const found = interfaces.find((each) => each.interface_name === name);
  const carrier = interfaces.find((each) => each.sw_if_index === found?.sup_sw_if_index);
  if (found === undefined || carrier === undefined) return '';
  const mac = carrier.l2_address.replaceAll(':', '');
  const vlan = found.sub_outer_vlan_id.toString(16).padStart(4, '0');
  const tag = found.sub_number_of_tags === 0 ? '' : `8100${vlan}`;
  return rewrite === `01005e000000${mac}${tag}0800` ? name : '';
}

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
  describe('with tunnels to groups', () => {
    uplinkGroups({ ...parts, outletOf });
  });
  describe('whose addresses change', () => {
    uplinkAddresses(parts);
  });
  describe('whose routes change', () => {
    uplinkRoutes(parts);
  });
  describe('on a port of a native driver', () => {
    before(async function () {
      if (typeof found === 'string') skip(this, found);
      driven = await withDriver(this, found);
    });
    uplinkDevices(parts);
  });
});
