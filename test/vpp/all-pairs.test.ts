import { realVppHost } from '../support/real-vpp-host.js';
import { vppAllPairs } from '../support/vpp-all-pairs.js';
import { CommandLineEye } from '../support/vpp-eye.js';

describe('configurations of a real VPP', function () {
  this.timeout(120_000);
  vppAllPairs({
    create: realVppHost(['eth0', 'eth1']),
    eyeOf: ({ client }) => new CommandLineEye(client),
  });
});
