import { realVppHost } from '../support/real-vpp-host.js';
import { vppDataplaneContract } from '../support/vpp-dataplane-contract.js';
import { CommandLineEye } from '../support/vpp-eye.js';

describe('VPP dataplane on a real VPP', function () {
  this.timeout(60_000);
  vppDataplaneContract({
    create: realVppHost(['g0', 'g1']),
    eyeOf: ({ client }) => new CommandLineEye(client),
    hostInterface: 'g0',
    otherInterface: 'g1',
  });
});
