/** From subnets and a router, as an operator has them, to packets between guests on kernel hosts. */
import assert from 'node:assert/strict';
import { CompileIndex } from '../../../src/nva/compiler/compile-index.js';
import { endpointOf, Fabric, macOfGuest, OVER_IPV4 } from '../../support/linux-fabric.js';
import { needNetns, type Netns } from '../../support/netns.js';
import {
  endpointSpec,
  networkSpec,
  nveInput,
  routerSpec,
  subnetSpec,
} from '../../support/specs.js';

/** Guest 0 is in red, on host 0; guest 1 in blue, on host 1: neither host has the other network. */
const NETWORKS = ['red', 'blue'] as const;

const ip4 = (network: number, host: number): string => `10.77.${network}.${host}`;
const ip6 = (network: number, host: number): string => `fd77:${network + 1}::${host}`;

async function answers(from: Netns, to: string, ...more: string[]): Promise<boolean> {
  const { stdout } = await from.try('ping', '-c', '3', '-i', '0.1', '-W', '1', ...more, to);
  return stdout.includes(' 0% packet loss');
}

describe('a router of the NVA on kernel hosts', function () {
  this.timeout(60_000);
  const index = new CompileIndex();
  let fabric: Fabric;

  before(async function () {
    await needNetns(this);
    fabric = await Fabric.create(OVER_IPV4, 2, 2);
    for (const [n, id] of NETWORKS.entries()) {
      const vteps = [OVER_IPV4.vtep(n)];
      index.load({ kind: 'Nve', id: `host-${n}`, after: nveInput(vteps, 1500) });
      index.load({ kind: 'VirtualNetwork', id, after: networkSpec({ vni: 7300 + n }) });
      for (const [family, prefix, gateway] of [
        ['v4', `10.77.${n}.0/24`, ip4(n, 1)],
        ['v6', `fd77:${n + 1}::/64`, ip6(n, 1)],
      ] as const) {
        const after = subnetSpec({ network: id, prefix, gateway });
        index.load({ kind: 'Subnet', id: `${id}-${family}`, after });
      }
      attach(n, `host-${n}`);
    }
    const subnets = NETWORKS.flatMap((id) => [`${id}-v4`, `${id}-v6`]);
    index.load({ kind: 'Router', id: 'r', after: routerSpec({ vrfId: 73, subnets }) });
    await program();
    await addGuestRoutes();
  });

  after(async () => {
    for (const host of fabric.hosts) await host.converge([], 'all');
    await fabric.close();
  });

  function attach(n: number, nve: string): void {
    const netns = fabric.guest(n).name;
    const after = endpointSpec({
      network: NETWORKS[n] ?? '',
      nve,
      mac: macOfGuest(n),
      ips: [ip4(n, 10), ip6(n, 10)],
      port: { kind: 'veth', netns, interface: 'eth0', hostInterface: '' },
    });
    index.load({ kind: 'Endpoint', id: endpointOf(n), after });
  }

  /** A second look finds nothing to do. */
  async function program(): Promise<void> {
    for (const [i, host] of fabric.hosts.entries()) {
      const items = [...index.full(`host-${i}`).values()];
      await host.reconcile(items.map(({ payload }) => payload));
    }
  }

  async function addGuestRoutes(): Promise<void> {
    for (const n of NETWORKS.keys()) {
      const route = ['route', 'replace', 'default', 'dev', 'eth0', 'via'];
      await fabric.guest(n).ip(...route, ip4(n, 1));
      await fabric.guest(n).ip('-6', ...route, ip6(n, 1));
    }
  }

  it('carries packets between networks that are on different hosts, a hop each way', async () => {
    for (const [from, to] of [
      [0, 1],
      [1, 0],
    ] as const) {
      for (const address of [ip4(to, 10), ip6(to, 10)]) {
        assert.ok(await answers(fabric.guest(from), address), address);
        assert.ok(await answers(fabric.guest(from), address, '-t', '2'), address);
        assert.ok(!(await answers(fabric.guest(from), address, '-t', '1')), address);
      }
    }
  });

  it('is reached on each host by the same MAC', async () => {
    for (const n of NETWORKS.keys()) {
      const guest = fabric.guest(n);
      assert.ok(await answers(guest, ip4(n, 1)));
      assert.match(await guest.ip('neigh', 'show', ip4(n, 1)), /lladdr 00:00:5e:00:01:01 /);
    }
  });

  it('goes on when an endpoint moves to the other host', async () => {
    attach(1, 'host-0');
    // It leaves the first host before it comes to the other.
    for (const i of [1, 0]) {
      const items = [...index.full(`host-${i}`).values()];
      await fabric.host(i).reconcile(items.map(({ payload }) => payload));
    }
    await addGuestRoutes();
    assert.ok(await answers(fabric.guest(0), ip4(1, 10)));
    assert.ok(await answers(fabric.guest(1), ip6(0, 10)));
  });
});
