import assert from 'node:assert/strict';
import { pfDriver, PF_DRIVERS } from '../../../src/sriov/drivers.js';
import { parseEswitchMode } from '../../../src/sriov/inventory.js';

describe('parseEswitchMode', () => {
  // After devlink(8)'s JSON; the second is what Linux 6.12 said for a driver without an eswitch.
  const rows = [
    ['{"dev":{"pci/0000:41:00.0":{"mode":"switchdev","inline-mode":"none"}}}', 'switchdev'],
    ['{"dev":{}}', undefined],
    ['{"dev":{"pci/0000:41:00.0":{"mode":"other"}}}', undefined],
    ['kernel answers: No such device', undefined],
  ] as const;
  for (const [text, mode] of rows) {
    it(text, () => {
      assert.equal(parseEswitchMode(text), mode);
    });
  }
});

describe('pfDriver', () => {
  it('is careful with a driver that is not known', () => {
    assert.equal(pfDriver('constructor').upBeforeVfs, true);
    assert.equal(pfDriver(undefined).vfDriver, '');
    assert.equal(pfDriver('ice'), PF_DRIVERS['ice']);
  });
});
