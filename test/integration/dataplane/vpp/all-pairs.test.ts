import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { vppAllPairs } from '../../../support/vpp-all-pairs.js';
import { EmulatorEye } from '../../../support/vpp-eye.js';

describe('configurations of an emulated VPP', function () {
  this.timeout(60_000);
  const emulated = new EmulatedVpp();
  vppAllPairs({ create: () => emulated, eyeOf: () => new EmulatorEye(emulated.emulator) });
});
