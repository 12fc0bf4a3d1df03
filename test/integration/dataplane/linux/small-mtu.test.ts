/** Networks of so small an MTU that IPv6 has left their interfaces (RFC 8200 §5), and back. */
import assert from 'node:assert/strict';
import type { Payload } from '../../../../src/model/item.js';
import { Fabric, macOfGuest, OVER_IPV4 } from '../../../support/linux-fabric.js';
import { domain, floodTo, macAt, macOf, neighbor, tapPort } from '../../../support/linux-items.js';
import { tunnelTo, vethPort, vtepItem } from '../../../support/linux-items.js';
import { needNetns } from '../../../support/netns.js';
import { gateway, vrf } from '../../../support/routing-items.js';

const VNI = 7;
const SMALL = 600;
const ipOf = (n: number): string => `10.0.0.${n + 1}`;

describe('kernel dataplane: an MTU that is too small for IPv6', function () {
  this.timeout(60_000);
  let fabric: Fabric;

  before(async function () {
    await needNetns(this);
    fabric = await Fabric.create(OVER_IPV4, 2, 2);
  });
  after(() => fabric.close());

  /** A network with a guest on each host, a tap and a gateway. */
  const itemsOf = (host: number, mtu: number): Payload[] => {
    const [here, there] = [OVER_IPV4.vtep(host), OVER_IPV4.vtep(1 - host)];
    const { name } = fabric.guest(host);
    const more = { mtu, addresses: [`${ipOf(host)}/24`] };
    return [
      vtepItem(here),
      domain(VNI, here, { mtu }),
      tunnelTo(VNI, there, here),
      floodTo(VNI, there),
      macAt(VNI, macOfGuest(1 - host), there),
      neighbor(VNI, ipOf(1 - host), macOfGuest(1 - host)),
      vethPort(`guest-${host}`, VNI, macOfGuest(host), name, more),
      macOf(VNI, macOfGuest(host), `guest-${host}`),
      tapPort('vm', VNI, '02:00:00:00:00:0a', { interface: 'vm0' }, { mtu }),
      vrf(77),
      gateway(77, VNI, ['10.0.0.254/24'], { mtu }),
    ];
  };

  const converge = async (mtu: number): Promise<void> => {
    for (const n of [0, 1]) await fabric.host(n).reconcile(itemsOf(n, mtu));
  };

  const carries = async (mtu: number): Promise<void> => {
    const whole = ['-M', 'do', '-s', String(mtu - 28), '-c', '1', '-W', '1'];
    await fabric.guest(0).run('ping', ...whole, ipOf(1));
  };

  it('carries packets of full size, and grows and shrinks in place', async () => {
    const sizes = [SMALL, 1400, 1279, 1280, SMALL];
    for (const mtu of sizes) {
      await converge(mtu);
      await carries(mtu);
    }
    for (const n of [0, 1]) await fabric.host(n).reconcile([]);
  });

  it('has no addresses on the host when IPv6 has come back to its interfaces', async () => {
    await converge(SMALL);
    await converge(1400);
    const { ns } = fabric.host(0);
    const ofOurs = async (what: string): Promise<Record<string, unknown>[]> =>
      (await ns.json('ip', what, 'show')).filter(({ ifname }) => /^(nfv|vm0)/.test(String(ifname)));
    const modes = (await ofOurs('link')).map((link) => link['inet6_addr_gen_mode']);
    assert.deepEqual(modes, ['none', 'none', 'none', 'none', 'none']);
    for (const { ifname, addr_info: addresses } of await ofOurs('addr')) {
      assert.deepEqual(addresses, [], String(ifname));
    }
    const ignored = await ns.run('sysctl', '-n', `net.ipv6.conf.nfvb${VNI}.accept_ra`);
    assert.equal(ignored.trim(), '0');
    for (const n of [0, 1]) await fabric.host(n).reconcile([]);
  });
});
