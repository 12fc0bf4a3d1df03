import { EmulatedVpp } from '../../support/emulated-vpp.js';
import { compileVacLibrary, overFfi } from '../../support/vac-library.js';
import { vppContract } from '../../support/vpp-contract.js';

describe('VPP client on the emulator, over a libvppapiclient', function () {
  this.timeout(30_000);
  let library: Awaited<ReturnType<typeof compileVacLibrary>> | undefined;

  before(async function () {
    library = await compileVacLibrary(this);
  });

  after(() => {
    library?.remove();
  });

  vppContract({
    create: () => new EmulatedVpp(),
    transportOf: overFfi(() => library?.path ?? ''),
    isShared: false,
  });
});
