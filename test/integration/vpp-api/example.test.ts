import assert from 'node:assert/strict';
import { EmulatedVpp } from '../../support/emulated-vpp.js';
import { assertExample } from '../../support/vpp-example.js';

describe('the example of docs/vpp-api.md', () => {
  it('does what the page shows, and leaves VPP as it was', async () => {
    const vpp = new EmulatedVpp();
    await vpp.start();
    try {
      await assertExample(vpp.path);
      const names = [...vpp.emulator.state.interfaces.values()].map(({ name }) => name);
      assert.deepEqual(names, ['local0']);
    } finally {
      await vpp.remove();
    }
  });
});
