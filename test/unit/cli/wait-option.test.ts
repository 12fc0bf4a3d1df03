import assert from 'node:assert/strict';
import { waitOf, withWaitValues } from '../../../src/cli/wait-option.js';

describe('withWaitValues', () => {
  const rows: [argv: string, read: string][] = [
    ['delete endpoint --wait web-1', 'delete endpoint --wait=30s web-1'],
    ['create network blue --wait', 'create network blue --wait=30s'],
    ['create network blue --wait=5s', 'create network blue --wait=5s'],
    ['create network blue --wait 5s --vni 1', 'create network blue --wait 5s --vni 1'],
    ['create network blue --wait --vni 1', 'create network blue --wait=30s --vni 1'],
    ['wait --timeout 5s', 'wait --timeout 5s'],
    ['__complete -- delete --wait x', '__complete -- delete --wait x'],
  ];
  for (const [argv, read] of rows) {
    it(argv, () => {
      assert.equal(withWaitValues(argv.split(' ')).join(' '), read);
    });
  }
});

describe('waitOf', () => {
  it('knows whether and how long', () => {
    assert.equal(waitOf(undefined), undefined);
    assert.equal(waitOf(false), undefined);
    assert.equal(waitOf(true), 30_000);
    assert.equal(waitOf('1m'), 60_000);
    assert.throws(() => waitOf('x'), { message: '--wait: x: not a duration' });
  });
});
