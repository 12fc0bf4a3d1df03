import { findVpp, RealVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';
import { overFfi } from '../support/vac-library.js';
import { vppContract } from '../support/vpp-contract.js';

describe('VPP client on a real VPP, over libvppapiclient', function () {
  this.timeout(60_000);
  const found = findVpp();

  before(function () {
    if (typeof found === 'string') skip(this, found);
    if (found.libraries === undefined) skip(this, 'no VPP_PREFIX to find libvppapiclient in');
  });

  vppContract({
    create: () => {
      if (typeof found === 'string') throw new Error(found);
      return new RealVpp(found);
    },
    transportOf: overFfi(() => (typeof found === 'string' ? '' : (found.libraries ?? ''))),
    isShared: false,
  });
});
