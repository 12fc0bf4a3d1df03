/** Real packets between networks, from guests on a kernel to guests on a VPP: one router on both. */
import assert from 'node:assert/strict';
import type { Payload } from '../../src/model/item.js';
import { eventually } from '../support/eventually.js';
import { macOfGuest, type Fabric } from '../support/linux-fabric.js';
import { routedItems, routeGuests, type Subnet } from '../support/linux-routed.js';
import { KERNEL, MixedPair, VPP } from '../support/mixed-pair.js';
import { cable, Capture } from '../support/netns.js';
import { GATEWAY_MAC } from '../support/routing-items.js';

const red: Subnet = {
  vrf: 42,
  vni: 7101,
  guests: new Map([
    [0, VPP],
    [1, KERNEL],
  ]),
  ips: (guest) => [`10.1.1.${guest + 10}`, `fd00:1::${guest + 10}`],
  gateways: ['10.1.1.1/24', 'fd00:1::1/64'],
};
const blue: Subnet = {
  vrf: 42,
  vni: 7102,
  guests: new Map([
    [2, VPP],
    [3, KERNEL],
  ]),
  ips: (guest) => [`10.1.2.${guest + 10}`, `fd00:2::${guest + 10}`],
  gateways: ['10.1.2.1/24', 'fd00:2::1/64'],
};
const BOTH = [red, blue];

/** What a guest's owner does: an interface for the guest, and its other end on VPP's host. */
async function plug(fabric: Fabric, guest: number, { ips }: Subnet): Promise<void> {
  const ns = fabric.guest(guest);
  await cable([fabric.host(VPP).ns, `p${guest}`], [ns, 'eth0'], fabric.mtu);
  await ns.ip('link', 'set', 'dev', 'eth0', 'address', macOfGuest(guest));
  for (const ip of ips(guest)) {
    const v6 = ip.includes(':');
    const address = `${ip}/${v6 ? 64 : 24}`;
    await ns.ip('addr', 'add', address, 'dev', 'eth0', ...(v6 ? ['nodad'] : []));
  }
}

function itemsOf(fabric: Fabric, host: number, learn: boolean): Payload[] {
  return routedItems(fabric, host, BOTH).map((item) =>
    item.kind === 'bridge_domain' ? { ...item, learn } : item,
  );
}

function forVpp(items: readonly Payload[]): Payload[] {
  return items.map((item) => {
    if (item.kind !== 'port') return item;
    const guest = item.endpoint.split('-')[1] ?? '';
    return { ...item, port: { kind: 'host_interface', interface: `p${guest}` } };
  });
}

for (const learn of [false, true]) packetsBetweenNetworks(learn);

function packetsBetweenNetworks(learn: boolean): void {
  describe(`VPP and a kernel: packets between networks${learn ? ' that learn' : ''}`, function () {
    this.timeout(120_000);
    let pair: MixedPair | undefined;

    before(async function () {
      pair = await MixedPair.create(this, 4, async (made) => {
        await plug(made, 0, red);
        await plug(made, 2, blue);
      });
      const { fabric, rig } = pair;
      await rig.converge(forVpp(itemsOf(fabric, VPP, learn)));
      await fabric.host(KERNEL).reconcile(itemsOf(fabric, KERNEL, learn));
      await routeGuests(fabric, BOTH);
    });

    after(async () => {
      await pair?.close();
    });

    const made = (): MixedPair => pair ?? assert.fail();
    const ping = (from: number, to: string, ...more: string[]): Promise<string> =>
      made().ping(from, to, ...more);

    for (const [title, from, to, subnet] of [
      ['from the kernel to VPP', 1, 2, blue],
      ['from VPP to the kernel', 0, 3, blue],
      ['from the kernel to VPP, the other way', 3, 0, red],
      ['from VPP to the kernel, the other way', 2, 1, red],
    ] as const) {
      it(`go ${title}, by one router each way`, async () => {
        for (const ip of subnet.ips(to)) {
          // What comes to a guest's interface before it is up is gone.
          await eventually(async () => (await ping(from, ip)).includes(' 0% packet loss'));
          assert.match(await ping(from, ip), /ttl=63 /);
        }
      });
    }

    it('are sent by the gateway that each side has itself', async () => {
      const capture = await Capture.start(made().fabric.host(KERNEL).ns, 'u0', 'udp port 4789');
      for (const from of [1, 0]) {
        await made().fabric.guest(from).ip('neigh', 'flush', 'dev', 'eth0');
        for (const ip of blue.ips(from === 1 ? 2 : 3)) {
          assert.match(await ping(from, ip), / 0% packet loss/);
        }
      }
      const seen = await capture.stop();
      const routed = seen.filter((line) => line.includes('echo request'));
      assert.equal(routed.length, 4, seen.join('\n'));
      assert.ok(routed.every((line) => line.includes(`${GATEWAY_MAC} > `)));
      // A guest's or a host's kernel looks whether its link-local address is somebody else's (RFC 4862).
      const isOfItsOwn = (line: string): boolean =>
        / :: > .* who has fe80::/.test(line) && !line.includes(`${GATEWAY_MAC} > `);
      const asked = seen.filter(
        (line) => /ARP|neighbor (solicitation|advertisement)/.test(line) && !isOfItsOwn(line),
      );
      assert.deepEqual(asked, []);
    });
  });
}
