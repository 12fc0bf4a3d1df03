/** What steps have to look up in VPP is looked up once for many of them. */
import assert from 'node:assert/strict';
import { keyOf, type Payload } from '../../../../src/model/item.js';
import type { Step } from '../../../../src/reconcile/dataplane.js';
import type { Plan } from '../../../../src/reconcile/plan-types.js';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { itemOf } from '../../../support/items.js';
import { domain, tunnelTo, vtepItem } from '../../../support/linux-items.js';
import { gateway, vrf } from '../../../support/routing-items.js';
import { steps, VppDataplaneRig } from '../../../support/vpp-dataplane-rig.js';

const LOCAL = '10.9.0.1';
const REMOTE = '10.8.0.3';
const UPLINK = {
  interface: 'loop0',
  addresses: [`${LOCAL}/24`],
  mtu: 1500,
  routes: [{ to: '10.8.0.0/16', via: '10.9.0.254' }],
};
const NETWORKS: readonly Payload[] = [vtepItem(LOCAL), domain(10, LOCAL), domain(11, LOCAL)];
const TUNNELS = [tunnelTo(10, REMOTE, LOCAL), tunnelTo(11, REMOTE, LOCAL)];
const ROUTER = [
  vrf(7),
  gateway(7, 10, ['172.16.10.1/24']),
  gateway(7, 11, ['172.16.11.1/24']),
] as const;
const NOWHERE = [tunnelTo(10, '172.16.0.1', LOCAL), tunnelTo(11, '172.16.0.1', LOCAL)];

const stepsOf = ({ waves }: Plan): Step[] => waves.flat().map(({ step }) => step);

describe('what steps look up in VPP', () => {
  let vpp: EmulatedVpp;
  let rig: VppDataplaneRig;
  const asked: string[] = [];
  const onCall = (name: string): (() => void) => {
    asked.push(name);
    return () => undefined;
  };

  beforeEach(async () => {
    asked.length = 0;
    vpp = new EmulatedVpp();
    await vpp.start();
    rig = await VppDataplaneRig.create(vpp, [UPLINK], undefined, undefined, [], { onCall });
    await rig.client.request('create_loopback_instance', {
      mac_address: '00:00:00:00:00:00',
      is_specified: true,
      user_instance: 0,
    });
    await rig.ready();
    await rig.converge(NETWORKS);
  });

  afterEach(async () => {
    await rig.close();
    await vpp.remove();
  });

  /** How often something is asked for when the steps are carried out in one call each. */
  async function lookups(plan: Plan, what = 'ip_route_lookup'): Promise<number> {
    asked.length = 0;
    for (const step of stepsOf(plan)) await rig.dataplane.apply([step], rig.signal);
    return asked.filter((name) => name.startsWith(what)).length;
  }

  it('is the way to a VTEP, once for all the tunnels of a pass, and anew in the next', async () => {
    const plan = await rig.plan([...NETWORKS, ...TUNNELS]);
    assert.equal(steps(plan).length, 2);
    assert.equal(await lookups(plan), 1);
    await rig.assertConverged([...NETWORKS, ...TUNNELS]);
    assert.equal(await lookups(plan), 1);
  });

  it('is a way that was not there again', async () => {
    assert.equal(await lookups(await rig.plan([...NETWORKS, ...NOWHERE])), 2);
  });

  it('is not what stands, for gateways of a pass that has looked at everything', async () => {
    const plan = await rig.plan([...NETWORKS, ...ROUTER]);
    assert.equal(await lookups(plan, 'sw_interface_dump'), 0);
    await rig.assertConverged([...NETWORKS, ...ROUTER]);
  });

  it('is what stands, once for all the gateways of a pass that looked at some things only', async () => {
    const plan = await rig.plan([...NETWORKS, ...ROUTER]);
    const keys = new Set(ROUTER.map(keyOf));
    await rig.dataplane.observe({ kind: 'keys', keys }, new Map(), rig.signal);
    assert.equal(await lookups(plan, 'sw_interface_dump'), 1);
    await rig.assertConverged([...NETWORKS, ...ROUTER]);
  });

  it('is no gateway that was removed since', async () => {
    const [router, first, second] = ROUTER;
    await rig.converge([...NETWORKS, router, first]);
    const there = await rig.plan([...NETWORKS, router]);
    const all = await rig.plan([...NETWORKS, router, first, second]);
    const again = { op: 'create', key: keyOf(first), item: itemOf(first) } as const;
    for (const step of [...stepsOf(all), ...stepsOf(there), again]) {
      assert.deepEqual(await rig.dataplane.apply([step], rig.signal), [undefined]);
    }
    await rig.assertConverged([...NETWORKS, ...ROUTER]);
  });

  it('is not in the whole table of the underlay, which is gone through for routes of ours once', async () => {
    const dumps = (): number => asked.filter((name) => name === 'ip_route_v2_dump').length;
    assert.equal(dumps(), 0);
    // An agent that is started again finds the source of its routes.
    const again = await VppDataplaneRig.create(vpp, [UPLINK], undefined, undefined, [], { onCall });
    try {
      await again.ready();
      for (let pass = 0; pass < 3; pass++) await again.assertConverged(NETWORKS);
      // Of IPv4 and of IPv6.
      assert.equal(dumps(), 2);
    } finally {
      await again.close();
    }
  });
});
