import { findVpp, RealVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';
import { vppContract } from '../support/vpp-contract.js';
import { overSocket } from '../support/vpp-under-test.js';

describe('VPP client on a real VPP, over the socket', function () {
  this.timeout(60_000);
  const found = findVpp();

  before(function () {
    if (typeof found === 'string') skip(this, found);
  });

  vppContract({
    create: () => {
      if (typeof found === 'string') throw new Error(found);
      return new RealVpp(found);
    },
    transportOf: overSocket,
    isShared: true,
  });
});
