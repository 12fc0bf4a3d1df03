import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { CompileIndex } from '../../../../src/nva/compiler/compile-index.js';
import { itemVersions } from '../../../../src/nva/compiler/item-versions.js';
import { nveInput } from '../../../support/specs.js';

describe('versions of items', () => {
  const nve = (...addresses: string[]): Parameters<CompileIndex['apply']>[0] => ({
    kind: 'Nve',
    id: 'nve-a',
    after: nveInput(addresses),
  });

  it('are those of now; what is asked for at one moment is compiled once', async () => {
    const index = new CompileIndex();
    index.load(nve('192.0.2.1'));
    const version = itemVersions(index, 'nve-a');
    const full = index.full('nve-a');
    const before = index.counters.full;
    for (let n = 0; n < 5; n++) {
      assert.equal(version('vtep/192.0.2.1'), full.get('vtep/192.0.2.1')?.version);
      assert.equal(version('vtep/192.0.2.2'), undefined);
    }
    assert.equal(index.counters.full, before + 1);
    index.apply(nve('192.0.2.2'));
    assert.equal(version('vtep/192.0.2.1'), undefined);
    assert.notEqual(version('vtep/192.0.2.2'), undefined);
    assert.equal(index.counters.full, before + 2);
    // Nothing is kept: an NVE has thousands of them.
    await turn();
    await turn();
    assert.notEqual(version('vtep/192.0.2.2'), undefined);
    assert.equal(index.counters.full, before + 3);
  });
});
