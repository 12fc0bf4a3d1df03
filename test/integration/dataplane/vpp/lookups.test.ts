/** What steps have to look up in VPP is looked up once for many of them. */
import assert from 'node:assert/strict';
import type { Payload } from '../../../../src/model/item.js';
import type { Plan } from '../../../../src/reconcile/plan-types.js';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { domain, tunnelTo, vtepItem } from '../../../support/linux-items.js';
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
const NOWHERE = [tunnelTo(10, '172.16.0.1', LOCAL), tunnelTo(11, '172.16.0.1', LOCAL)];

describe('the way to a VTEP', () => {
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

  /** How often it is looked up when the steps are carried out in one call each. */
  async function lookups(plan: Plan): Promise<number> {
    asked.length = 0;
    for (const wave of plan.waves) {
      for (const { step } of wave) await rig.dataplane.apply([step], rig.signal);
    }
    return asked.filter((name) => name.startsWith('ip_route_lookup')).length;
  }

  it('is looked up once for all the tunnels of a pass, and anew in the next', async () => {
    const plan = await rig.plan([...NETWORKS, ...TUNNELS]);
    assert.equal(steps(plan).length, 2);
    assert.equal(await lookups(plan), 1);
    await rig.assertConverged([...NETWORKS, ...TUNNELS]);
    assert.equal(await lookups(plan), 1);
  });

  it('that was not there is looked for again', async () => {
    assert.equal(await lookups(await rig.plan([...NETWORKS, ...NOWHERE])), 2);
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
