import { findVpp, libraryOrSkip, RealVpp } from '../support/real-vpp.js';
import { overFfi } from '../support/vac-library.js';
import { vppContract } from '../support/vpp-contract.js';

describe('VPP client on a real VPP, over libvppapiclient', function () {
  this.timeout(60_000);
  const found = findVpp();
  let library = '';

  before(async function () {
    ({ library } = await libraryOrSkip(this, found));
  });

  vppContract({
    create: () => {
      if (typeof found === 'string') throw new Error(found);
      return new RealVpp(found);
    },
    transportOf: overFfi(() => library),
    isShared: false,
  });
});
