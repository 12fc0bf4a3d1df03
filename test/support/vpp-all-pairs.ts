/** From every configuration to every other one, and back: the same on the emulator and a real VPP. */
import assert from 'node:assert/strict';
import { PortFiles } from './port-files.js';
import { assertSeenAlone, changedKeys, type Looking } from './seen-alone.js';
import { configurations } from './vpp-configurations.js';
import { VppDataplaneRig } from './vpp-dataplane-rig.js';
import { everything, type Eye } from './vpp-eye.js';
import type { VppUnderTest } from './vpp-under-test.js';

export interface AllPairsParts {
  /** With interfaces eth0 and eth1 of the kernel beside it. */
  readonly create: () => VppUnderTest;
  readonly eyeOf: (rig: VppDataplaneRig) => Eye;
}

const UPLINK = {
  interface: 'loop0',
  addresses: ['10.9.0.1/24', 'fd09::1/64'],
  mtu: 1500,
  routes: [{ to: '10.8.0.0/16', via: '10.9.0.254' }],
};

export function vppAllPairs({ create, eyeOf }: AllPairsParts): void {
  const files = new PortFiles();
  let vpp: VppUnderTest | undefined;
  let rig: VppDataplaneRig;
  let eye: Eye;
  let looking: Looking;

  before(async () => {
    vpp = create();
    await vpp.start();
    rig = await VppDataplaneRig.create(vpp, [UPLINK], files);
    eye = eyeOf(rig);
    looking = { observe: (...what) => rig.observe(...what), traits: rig.dataplane.traits };
    for (const instance of [0, 1, 2]) await addLoopback(instance);
    await rig.ready();
    // The uplink is the host's, and stays.
    await rig.converge([{ kind: 'vtep', address: '10.9.0.1' }]);
  });
  /** Up: what is given back is as it was. */
  async function addLoopback(instance: number): Promise<void> {
    const { sw_if_index } = await rig.client.request('create_loopback_instance', {
      mac_address: '00:00:00:00:00:00',
      is_specified: true,
      user_instance: instance,
    });
    const flags = ['IF_STATUS_API_FLAG_ADMIN_UP'] as const;
    await rig.client.request('sw_interface_set_flags', { sw_if_index, flags });
  }

  after(async () => {
    files.remove();
    if (vpp === undefined) return;
    await rig.close();
    await vpp.remove();
  });

  const all = configurations(files.sockets);
  it('are as many as the goal says', () => {
    assert.ok(all.length >= 25);
  });

  for (const from of all) {
    it(`${from.name}, to each other one and back`, async () => {
      await rig.converge(from.payloads);
      const before = await everything(eye);
      for (const to of all) {
        if (to === from) continue;
        // As an agent that is told of the changes, and looks at nothing else.
        const changed = changedKeys(from.payloads, to.payloads);
        await assertSeenAlone(looking, to.payloads, changed);
        await rig.converge(to.payloads);
        await rig.converge(from.payloads);
        assert.deepEqual(await everything(eye), before, to.name);
      }
    });
  }
}
