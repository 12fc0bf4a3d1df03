import assert from 'node:assert/strict';
import { kindOfClass } from '../../../src/dpdk/pci.js';

describe('kindOfClass', () => {
  // Codes as lspci shows them: 82576, NVMe, PCIe port, QAT C62x, QAT 4xxx, DSA, GPU.
  const rows = [
    ['020000', 'network'],
    ['010802', 'storage'],
    ['060400', 'bridge'],
    ['0b4000', 'crypto'],
    ['100000', 'crypto'],
    ['120000', 'accelerator'],
    ['030200', 'other'],
  ] as const;
  for (const [code, kind] of rows) {
    it(`${code} is ${kind}`, () => {
      assert.equal(kindOfClass(code), kind);
    });
  }
});
