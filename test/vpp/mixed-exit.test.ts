/** The way out of a router with real packets: VPP sends to a kernel that leads out, and the other way round. */
import assert from 'node:assert/strict';
import type { Payload } from '../../src/model/item.js';
import { CompileIndex } from '../../src/nva/compiler/compile-index.js';
import { eventually } from '../support/eventually.js';
import { macOfGuest, OVER_IPV4, type Fabric } from '../support/linux-fabric.js';
import { KERNEL, MixedPair, VPP } from '../support/mixed-pair.js';
import { cable, type Netns } from '../support/netns.js';
import { endpointSpec, networkSpec, nveInput, routerSpec, subnetSpec } from '../support/specs.js';

/** The guest is on the host that does not lead out. */
const GUEST = 0;
const OUTSIDE = 1;
const IPS = [
  ['10.79.0.10', 'fd79::10'],
  ['198.51.100.101', '2001:db8::101'],
] as const;
const BEYOND = ['203.0.113.1', '2001:db8:1::1'] as const;

/** Guest's network blue is on the host that does not lead out, up on the other. */
function modelOf(leading: number, netns: readonly string[]): CompileIndex {
  const index = new CompileIndex();
  for (const host of [VPP, KERNEL]) {
    const after = nveInput([OVER_IPV4.vtep(host)], 1500);
    index.load({ kind: 'Nve', id: `host-${host}`, after });
  }
  for (const [n, [id, v4, v6]] of (
    [
      ['blue', '10.79.0', 'fd79:'],
      ['up', '198.51.100', '2001:db8:'],
    ] as const
  ).entries()) {
    index.load({ kind: 'VirtualNetwork', id, after: networkSpec({ vni: 7500 + n }) });
    const [first4, first6] = id === 'blue' ? [`${v4}.1`, `${v6}:1`] : ['', ''];
    const ofV4 = subnetSpec({ network: id, prefix: `${v4}.0/24`, gateway: first4 });
    const ofV6 = subnetSpec({ network: id, prefix: `${v6}:/64`, gateway: first6 });
    index.load({ kind: 'Subnet', id: `${id}-v4`, after: ofV4 });
    index.load({ kind: 'Subnet', id: `${id}-v6`, after: ofV6 });
    const host = id === 'up' ? leading : 1 - leading;
    const port = {
      kind: 'veth',
      netns: netns[n] ?? '',
      interface: 'eth0',
      hostInterface: '',
    } as const;
    const place = { network: id, nve: `host-${host}`, port, mac: macOfGuest(n) };
    index.load({
      kind: 'Endpoint',
      id: `guest-${n}`,
      after: endpointSpec({ ...place, ips: IPS[n] ?? [] }),
    });
  }
  const nve = `host-${leading}`;
  const route = (
    prefix: string,
    address: string,
  ): ReturnType<typeof routerSpec>['routes'][number] => {
    return { prefix, nextHops: [{ address, weight: 1 }], drop: false };
  };
  const after = routerSpec({
    vrfId: 75,
    transitVni: 7502,
    subnets: ['blue-v4', 'blue-v6'],
    exits: [
      { subnet: 'up-v4', gateways: [{ nve, address: '198.51.100.11' }] },
      { subnet: 'up-v6', gateways: [{ nve, address: '2001:db8::11' }] },
    ],
    routes: [route('0.0.0.0/0', IPS[OUTSIDE][0]), route('::/0', IPS[OUTSIDE][1])],
  });
  index.load({ kind: 'Router', id: 'r', after });
  return index;
}

/** What a guest's owner does: an interface for the guest, and its other end on VPP's host. */
async function plug(fabric: Fabric, guest: number): Promise<void> {
  const ns = fabric.guest(guest);
  await cable([fabric.host(VPP).ns, `p${guest}`], [ns, 'eth0'], fabric.mtu);
  await ns.ip('link', 'set', 'dev', 'eth0', 'address', macOfGuest(guest));
  for (const ip of IPS[guest] ?? []) {
    const more = ip.includes(':') ? ['nodad'] : [];
    const length = ip.includes(':') ? 64 : 24;
    await ns.ip('addr', 'add', `${ip}/${length}`, 'dev', 'eth0', ...more);
  }
}

function forVpp(items: readonly Payload[]): Payload[] {
  return items.map((item) => {
    if (item.kind !== 'port') return item;
    const guest = item.endpoint.split('-')[1] ?? '';
    return { ...item, port: { kind: 'host_interface', interface: `p${guest}` } };
  });
}

async function configure(guest: Netns, outside: Netns): Promise<void> {
  await guest.ip('route', 'replace', 'default', 'via', '10.79.0.1', 'dev', 'eth0');
  await guest.ip('-6', 'route', 'replace', 'default', 'via', 'fd79::1', 'dev', 'eth0');
  await outside.ip('link', 'set', 'dev', 'lo', 'up');
  await outside.ip('addr', 'add', `${BEYOND[0]}/32`, 'dev', 'lo');
  await outside.ip('addr', 'add', `${BEYOND[1]}/128`, 'dev', 'lo');
  const back = ['dev', 'eth0', 'via'];
  await outside.ip('route', 'replace', '10.79.0.0/24', ...back, '198.51.100.11');
  await outside.ip('-6', 'route', 'replace', 'fd79::/64', ...back, '2001:db8::11');
}

for (const [title, leading] of [
  ['VPP to a kernel that leads out', KERNEL],
  ['a kernel to a VPP that leads out', VPP],
] as const) {
  describe(`VPP and a kernel: the way out of a router, from ${title}`, function () {
    this.timeout(120_000);
    let pair: MixedPair | undefined;

    before(async function () {
      pair = await MixedPair.create(this, 2, async (made) => {
        await plug(made, leading === VPP ? OUTSIDE : GUEST);
      });
      const { fabric, rig } = pair;
      const names = fabric.guests.map((guest) => guest.name);
      const index = modelOf(leading, names);
      const itemsOf = (host: number): Payload[] =>
        [...index.full(`host-${host}`).values()].map(({ payload }) => payload);
      await rig.converge(forVpp(itemsOf(VPP)));
      await fabric.host(KERNEL).reconcile(itemsOf(KERNEL));
      await configure(fabric.guest(GUEST), fabric.guest(OUTSIDE));
    });

    after(async () => {
      await pair?.close();
    });

    const ping = (from: number, to: string, ...more: string[]): Promise<string> =>
      (pair ?? assert.fail()).ping(from, to, ...more);

    for (const [i, to] of BEYOND.entries()) {
      it(`reaches ${to}, two routers on the way and one back`, async () => {
        // What comes to a guest's interface before it is up is gone.
        await eventually(async () => (await ping(GUEST, to)).includes(' 0% packet loss'));
        assert.match(await ping(GUEST, to, '-t', '3'), /ttl=63 /);
        assert.doesNotMatch(await ping(GUEST, to, '-t', '2'), / 0% packet loss/);
        assert.match(await ping(OUTSIDE, IPS[GUEST][i] ?? '', '-I', to), / 0% packet loss/);
      });
    }
  });
}
