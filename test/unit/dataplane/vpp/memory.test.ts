import assert from 'node:assert/strict';
import { Memory } from '../../../../src/dataplane/vpp/memory.js';

describe('memory of interfaces', () => {
  it('has one tag for an index and one index for a tag', () => {
    const memory = new Memory();
    memory.set('a', 1);
    memory.set('a', 2);
    assert.deepEqual([memory.indexOf('a'), memory.tagAt(1), memory.tagAt(2)], [2, undefined, 'a']);
    memory.set('b', 2);
    assert.deepEqual([memory.indexOf('a'), memory.indexOf('b')], [undefined, 2]);
    memory.forget(2);
    memory.forget(7);
    assert.equal(memory.indexOf('b'), undefined);
  });

  it('is empty in another start of VPP, and only then', () => {
    const memory = new Memory();
    memory.enter(1);
    memory.set('a', 1);
    memory.enter(1);
    assert.equal(memory.indexOf('a'), 1);
    memory.enter(2);
    assert.deepEqual([memory.indexOf('a'), memory.tagAt(1)], [undefined, undefined]);
  });
});
