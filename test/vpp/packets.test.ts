/** Real packets between guests on a VPP and guests on kernels, over one underlay. */
import assert from 'node:assert/strict';
import type { Payload } from '../../src/model/item.js';
import { eventually } from '../support/eventually.js';
import {
  Fabric,
  macOfGuest,
  OVER_IPV4,
  OVER_IPV6,
  type Network,
  type UnderlayFamily,
} from '../support/linux-fabric.js';
import { cable, Capture, exec, needNetns } from '../support/netns.js';
import { findVpp, RealVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';
import { VppDataplaneRig } from '../support/vpp-dataplane-rig.js';

const VPP = 0;
const KERNELS = [1, 2];
const ip4 = (guest: number): string => `192.168.7.${guest + 1}`;
const ip6 = (guest: number): string => `fd00:7::${guest + 1}`;

/** Guests 0 and 3 on the VPP, the others on a kernel each. */
const blue: Network = {
  vni: 7001,
  guests: new Map([
    [0, VPP],
    [1, 1],
    [2, 2],
    [3, VPP],
  ]),
  ips: (guest) => [ip4(guest), ip6(guest)],
};

class MixedFabric {
  private constructor(
    readonly fabric: Fabric,
    readonly vpp: RealVpp,
    private rig: VppDataplaneRig,
  ) {}

  static async create(family: UnderlayFamily, vppOf: (netns: string) => RealVpp) {
    const fabric = await Fabric.create(family, 3, 4);
    // What leaves a host over a cable has its checksums; over a veth it has them still to come.
    for (const i of KERNELS) await fabric.host(i).ns.run('ethtool', '-K', 'u0', 'tx', 'off');
    const { ns } = fabric.host(VPP);
    // VPP has it from now on.
    await ns.ip('addr', 'flush', 'dev', 'u0');
    for (const [guest, host] of blue.guests) if (host === VPP) await plug(fabric, guest);
    const vpp = vppOf(ns.name);
    await vpp.start();
    const address = `${family.vtep(VPP)}/${family.length}`;
    const uplink = { hostInterface: 'u0', addresses: [address], mtu: 1500, routes: [] };
    const rig = await VppDataplaneRig.create(vpp, [uplink]);
    await rig.ready();
    return new MixedFabric(fabric, vpp, rig);
  }

  async converge(): Promise<void> {
    await this.rig.converge(this.#itemsForVpp());
    for (const i of KERNELS) {
      await this.fabric.host(i).converge(this.fabric.itemsFor(i, [blue]), 'all');
    }
  }

  /** kill -9 of VPP, and all of it made again. */
  async restart(): Promise<void> {
    await this.vpp.kill();
    await eventually(() => this.rig.client.state !== 'ready');
    await this.vpp.start();
    await this.rig.ready();
    await this.rig.converge(this.#itemsForVpp());
  }

  async close(): Promise<void> {
    await this.rig.close();
    await this.vpp.remove();
    await this.fabric.close();
  }

  #itemsForVpp(): Payload[] {
    return this.fabric.itemsFor(VPP, [blue]).map((item) => {
      if (item.kind !== 'port') return item;
      const guest = Number(item.endpoint.split('-')[1]);
      return { ...item, port: { kind: 'host_interface', interface: `p${guest}` } };
    });
  }
}

/** What a guest's owner does: an interface for the guest, and its other end on the host. */
async function plug(fabric: Fabric, guest: number): Promise<void> {
  const ns = fabric.guest(guest);
  await cable([fabric.host(VPP).ns, `p${guest}`], [ns, 'eth0'], fabric.mtu);
  await ns.ip('link', 'set', 'dev', 'eth0', 'address', macOfGuest(guest));
  await ns.ip('addr', 'add', `${ip4(guest)}/24`, 'dev', 'eth0');
  await ns.ip('addr', 'add', `${ip6(guest)}/64`, 'dev', 'eth0', 'nodad');
}

for (const family of [OVER_IPV4, OVER_IPV6]) {
  describe(`VPP and kernels: packets over ${family.name}`, function () {
    this.timeout(120_000);
    const found = findVpp();
    let mixed: MixedFabric | undefined;

    before(async function () {
      if (typeof found === 'string') skip(this, found);
      await needNetns(this);
      const { code } = await exec('ethtool', ['--version']);
      if (code !== 0) skip(this, 'no ethtool here: apt-get install ethtool');
      mixed = await MixedFabric.create(family, (netns) => new RealVpp(found, { netns }));
      await mixed.converge();
    });
    after(() => mixed?.close());

    const made = (): MixedFabric => mixed ?? assert.fail();

    const ping = async (from: number, to: string, ...more: string[]): Promise<boolean> => {
      const ran = await made()
        .fabric.guest(from)
        .try('ping', '-c', '1', '-W', '1', ...more, to);
      return ran.code === 0;
    };

    for (const [title, from, to] of [
      ['from the VPP to a kernel', 0, 1],
      ['from a kernel to the VPP', 2, 0],
      ['between two guests of the VPP', 0, 3],
      ['between kernels beside it', 1, 2],
    ] as const) {
      it(`carries full-sized packets ${title}`, async () => {
        const { mtu } = made().fabric;
        // VPP asks for the other VTEP's MAC when the first packet goes there, and drops that.
        await eventually(() => ping(from, ip4(to)), 20_000);
        assert.ok(await ping(from, ip4(to), '-M', 'do', '-s', String(mtu - 28)));
        assert.ok(await ping(from, ip6(to), '-M', 'do', '-s', String(mtu - 48)));
        assert.ok(!(await ping(from, ip4(to), '-M', 'do', '-s', String(mtu - 27))));
      });
    }

    it('puts them into VXLAN as RFC 7348 has it, and asks the underlay for no address', async () => {
      const capture = await Capture.start(made().fabric.host(1).ns, 'u0');
      assert.ok(await ping(0, ip4(1)));
      assert.ok(await ping(0, ip6(1)));
      const seen = await capture.stop();
      const wrapped = seen.filter((line) => line.includes(`vni ${blue.vni}`));
      assert.ok(wrapped.length >= 4, seen.join('\n'));
      assert.ok(wrapped.every((line) => line.includes('VXLAN, flags [I] (0x08)')));
      assert.ok(wrapped.every((line) => line.includes('.4789: ')));
      assert.deepEqual(
        seen.filter((line) => /192\.168\.7|fd00:7/.test(line) && /ARP|neighbor/.test(line)),
        [],
      );
    });

    for (const [title, from, to] of [
      ['of a guest of the VPP', 0, [1, 2, 3]],
      ['of a guest of a kernel', 1, [0, 2, 3]],
    ] as const) {
      it(`carries a broadcast ${title} to each member once, and not back`, async () => {
        const { fabric } = made();
        const filter = `icmp and ether src ${macOfGuest(from)} and ether dst ff:ff:ff:ff:ff:ff`;
        const captures = await Promise.all(
          to.map((guest) => Capture.start(fabric.guest(guest), 'eth0', filter)),
        );
        const back = await Capture.start(fabric.guest(from), 'eth0', `${filter} and inbound`);
        await fabric.guest(from).try('ping', '-b', '-c', '1', '-W', '0.2', '192.168.7.255');
        // It comes after the broadcast, along the same ways.
        for (const guest of to) assert.ok(await ping(from, ip4(guest)));
        const seen = await Promise.all(captures.map((capture) => capture.stop()));
        assert.deepEqual(
          seen.map((lines) => lines.length),
          [1, 1, 1],
        );
        assert.deepEqual(await back.stop(), []);
      });
    }

    it('carries again what it carried when VPP was killed', async () => {
      await made().restart();
      await eventually(() => ping(0, ip4(1)), 20_000);
      assert.ok(await ping(2, ip6(0)));
    });
  });
}
