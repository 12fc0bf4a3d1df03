/** Who learns in a bridge domain costs no more for each that comes into it, however many are there. */
import assert from 'node:assert/strict';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { domain, tunnelTo, vtepItem } from '../../../support/linux-items.js';
import { VppDataplaneRig } from '../../../support/vpp-dataplane-rig.js';

const LOCAL = '10.9.0.1';
const UPLINK = {
  interface: 'loop0',
  addresses: [`${LOCAL}/24`],
  mtu: 1500,
  routes: [{ to: '10.8.0.0/16', via: '10.9.0.254' }],
};
const TUNNELS = 60;

describe('a network that learns', () => {
  let vpp: EmulatedVpp;
  let rig: VppDataplaneRig;
  const asked: string[] = [];
  const onCall = (name: string): (() => void) => {
    asked.push(name);
    return () => undefined;
  };

  beforeEach(async () => {
    vpp = new EmulatedVpp();
    await vpp.start();
    rig = await VppDataplaneRig.create(vpp, [UPLINK], undefined, undefined, [], { onCall });
    await rig.client.request('create_loopback_instance', {
      mac_address: '00:00:00:00:00:00',
      is_specified: true,
      user_instance: 0,
    });
    await rig.ready();
  });

  afterEach(async () => {
    await rig.close();
    await vpp.remove();
  });

  it('has its members read once for all tunnels that come at once', async () => {
    const bare = [vtepItem(LOCAL), { ...domain(10, LOCAL), learn: true }];
    await rig.converge(bare);
    const tunnels = Array.from({ length: TUNNELS }, (_, i) => tunnelTo(10, `10.8.0.${i}`, LOCAL));
    const plan = await rig.plan([...bare, ...tunnels]);
    asked.length = 0;
    for (const wave of plan.waves) {
      const steps = wave.map(({ step }) => step);
      const errors = await rig.dataplane.apply(steps, rig.signal);
      assert.ok(errors.every((error) => error === undefined));
    }
    const count = (wanted: string): number => asked.filter((name) => name === wanted).length;
    assert.equal(count('l2_flags'), TUNNELS);
    // Beside those that came while it was read, there may be some that came before.
    assert.ok(count('bridge_domain_dump') < TUNNELS / 10, `${count('bridge_domain_dump')}`);
    await rig.assertConverged([...bare, ...tunnels]);
  });
});
