import assert from 'node:assert/strict';
import { loadProtos } from '../../../src/rpc/load.js';

describe('loadProtos', () => {
  it('reads the files once: what a process has several of share them', () => {
    assert.equal(loadProtos(), loadProtos());
  });
});
