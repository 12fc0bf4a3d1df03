import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { vppDataplaneContract } from '../../../support/vpp-dataplane-contract.js';
import { EmulatorEye } from '../../../support/vpp-eye.js';

describe('VPP dataplane on the emulator', function () {
  this.timeout(30_000);
  let emulated: EmulatedVpp;
  vppDataplaneContract({
    create: () => (emulated = new EmulatedVpp()),
    eyeOf: () => new EmulatorEye(emulated.emulator),
    hostInterface: 'eth0',
    otherInterface: 'eth1',
    received: () => emulated.emulator.received,
  });
});
