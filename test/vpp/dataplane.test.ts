import { findVpp, RealVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';
import { vppDataplaneContract } from '../support/vpp-dataplane-contract.js';
import { CommandLineEye } from '../support/vpp-eye.js';

describe('VPP dataplane on a real VPP', function () {
  this.timeout(60_000);
  const found = findVpp();

  before(function () {
    if (typeof found === 'string') skip(this, found);
  });

  vppDataplaneContract({
    create: () => {
      if (typeof found === 'string') throw new Error(found);
      return new RealVpp(found);
    },
    eyeOf: ({ client }) => new CommandLineEye(client),
  });
});
