/** A host with a real VPP and one whose dataplane is the kernel, over one IPv4 underlay, with guests in namespaces. */
import type { Context } from 'mocha';
import { Fabric, OVER_IPV4 } from './linux-fabric.js';
import { exec, needNetns } from './netns.js';
import { findVpp, RealVpp } from './real-vpp.js';
import { skip } from './skip.js';
import { VppDataplaneRig } from './vpp-dataplane-rig.js';

/** The hosts of the fabric. */
export const VPP = 0;
export const KERNEL = 1;

export class MixedPair {
  private constructor(
    readonly fabric: Fabric,
    readonly rig: VppDataplaneRig,
    private readonly closing: readonly (() => Promise<void>)[],
  ) {}

  /** @param plug makes the interfaces of the guests on VPP's host, before VPP starts */
  static async create(
    context: Context,
    guests: number,
    plug: (fabric: Fabric) => Promise<void>,
  ): Promise<MixedPair> {
    const found = findVpp();
    if (typeof found === 'string') skip(context, found);
    await needNetns(context);
    for (const tool of ['ethtool', 'sysctl']) {
      const { code } = await exec('sh', ['-c', `command -v ${tool}`]);
      if (code !== 0) skip(context, `no ${tool} here: apt-get install ethtool procps`);
    }
    const closing: (() => Promise<void>)[] = [];
    try {
      const fabric = await Fabric.create(OVER_IPV4, 2, guests);
      closing.push(() => fabric.close());
      // What leaves a host over a cable has its checksums; over a veth it has them still to come.
      await fabric.host(KERNEL).ns.run('ethtool', '-K', 'u0', 'tx', 'off');
      const { ns } = fabric.host(VPP);
      await ns.ip('addr', 'flush', 'dev', 'u0');
      await plug(fabric);
      const vpp = new RealVpp(found, { netns: ns.name });
      closing.push(() => vpp.remove());
      await vpp.start();
      const addresses = [`${OVER_IPV4.vtep(VPP)}/${OVER_IPV4.length}`];
      const uplink = { hostInterface: 'u0', addresses, mtu: 1500, routes: [] };
      const rig = await VppDataplaneRig.create(vpp, [uplink]);
      closing.push(() => rig.close());
      await rig.ready();
      return new MixedPair(fabric, rig, closing);
    } catch (error) {
      await closeAll(closing);
      throw error;
    }
  }

  /** What `ping` says of one packet. */
  async ping(from: number, to: string, ...more: string[]): Promise<string> {
    const words = ['-c', '1', '-W', '1', ...more, to];
    return (await this.fabric.guest(from).try('ping', ...words)).stdout;
  }

  async close(): Promise<void> {
    await closeAll(this.closing);
  }
}

/** The last one first. */
async function closeAll(all: readonly (() => Promise<void>)[]): Promise<void> {
  for (const close of all.toReversed()) await close();
}
