import { EmulatedVpp } from '../../support/emulated-vpp.js';
import { vppContract } from '../../support/vpp-contract.js';
import { overSocket } from '../../support/vpp-under-test.js';

describe('VPP client on the emulator, over the socket', () => {
  vppContract({ create: () => new EmulatedVpp(), transportOf: overSocket, isShared: true });
});
