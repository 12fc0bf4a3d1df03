/** An NVE offers the kinds of port that its VPP has the plugins for. */
import assert from 'node:assert/strict';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { VppDataplaneRig } from '../../../support/vpp-dataplane-rig.js';

const ALL = ['host_interface', 'memif', 'veth', 'vhost_user', 'vlan', 'vpp_interface'];

describe('port kinds of a VPP', () => {
  for (const [plugin, kind] of [
    ['vhost_user', 'vhost_user'],
    ['memif', 'memif'],
    ['af_packet', 'host_interface'],
    ['tapv2', 'veth'],
  ] as const) {
    it(`are all but ${kind} without ${plugin}`, async () => {
      const vpp = new EmulatedVpp({ without: [plugin] });
      await vpp.start();
      const rig = await VppDataplaneRig.create(vpp, []);
      try {
        const { portKinds } = await rig.dataplane.capabilities(rig.signal);
        assert.deepEqual(
          [...portKinds].sort(),
          ALL.filter((each) => each !== kind),
        );
        // What it has not is not asked for.
        await rig.observe([]);
      } finally {
        await rig.close();
        await vpp.remove();
      }
    });
  }

  it('are known while VPP hangs, so that its agent can say that it does', async () => {
    const vpp = new EmulatedVpp();
    await vpp.start();
    const rig = await VppDataplaneRig.create(vpp, []);
    try {
      await rig.ready();
      const known = await rig.dataplane.capabilities(rig.signal);
      vpp.stall();
      assert.deepEqual(await rig.dataplane.capabilities(AbortSignal.timeout(2000)), known);
    } finally {
      vpp.resume();
      await rig.close();
      rig.files.remove();
      await vpp.remove();
    }
  });
});
