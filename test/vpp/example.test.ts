import { findVpp, RealVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';
import { assertExample } from '../support/vpp-example.js';

describe('the example of docs/vpp-api.md', function () {
  this.timeout(60_000);

  it('does on a real VPP what the page shows', async function () {
    const found = findVpp();
    if (typeof found === 'string') skip(this, found);
    const vpp = new RealVpp(found);
    try {
      await vpp.start();
      await assertExample(vpp.path);
    } finally {
      await vpp.remove();
    }
  });
});
