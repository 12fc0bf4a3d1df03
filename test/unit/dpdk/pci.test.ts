import assert from 'node:assert/strict';
import { kindOfClass, parseBdf } from '../../../src/dpdk/pci.js';

describe('parseBdf', () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['0000:41:00.0', '0000:41:00.0'],
    ['41:00.1', '0000:41:00.1'],
    ['0000:AB:1F.7', '0000:ab:1f.7'],
    ['10000:e1:00.0', '10000:e1:00.0'],
    ['0000:41:00', undefined],
    ['0000:41:00.8', undefined],
    ['0000:41:20.0', undefined],
    ['000:41:00.0', undefined],
    ['0000:41:0O.0', undefined],
    ['0000:41:00.0 ', undefined],
    ['', undefined],
  ];
  for (const [text, bdf] of rows) {
    it(JSON.stringify(text), () => {
      assert.equal(parseBdf(text), bdf);
    });
  }
});

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
