import assert from 'node:assert/strict';
import { hasKernelArgument, kernelArgument, parseCommandLine } from '../../../src/dpdk/cmdline.js';

describe('parseCommandLine', () => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['  quiet \n', ['quiet']],
    ['a=1 b="x y" c', ['a=1', 'b=x y', 'c']],
    ['"a=x y" d', ['a=x y', 'd']],
    ['dyndbg="file pci.c +p" -- init', ['dyndbg=file pci.c +p', '--', 'init']],
    ['e=""', ['e=']],
  ];
  for (const [text, tokens] of rows) {
    it(JSON.stringify(text), () => {
      assert.deepEqual(parseCommandLine(text), tokens);
    });
  }
});

describe('kernelArgument', () => {
  const tokens = parseCommandLine(
    'intel_iommu=on,sm_on xiommu=pt iommu=pt hugepagesz=1G hugepages=4 hugepagesz=2M hugepages=8 quiet -- iommu=off',
  );

  it('takes exact names only, and all values in order', () => {
    assert.deepEqual(kernelArgument(tokens, 'hugepages'), ['4', '8']);
    assert.deepEqual(kernelArgument(tokens, 'quiet'), ['']);
    assert.deepEqual(kernelArgument(tokens, 'hugepage'), []);
  });

  it('takes - and _ for the same, and stops at --', () => {
    assert.deepEqual(kernelArgument(tokens, 'intel-iommu'), ['on,sm_on']);
    assert.deepEqual(kernelArgument(tokens, 'iommu'), ['pt']);
  });

  it('finds one value among several', () => {
    assert.equal(hasKernelArgument(tokens, 'intel_iommu', 'on'), true);
    assert.equal(hasKernelArgument(tokens, 'iommu', 'p'), false);
  });
});
