import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { ownSignal } from '../../../src/cli/own-signal.js';

describe('ownSignal', () => {
  it('aborts with the other, for all that wait, without a listener of theirs on it', () => {
    const controller = new AbortController();
    const { signal } = controller;
    let aborted = 0;
    for (let i = 0; i < 1000; i++) {
      ownSignal(signal).addEventListener('abort', () => aborted++);
    }
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    const reason = new Error('enough');
    controller.abort(reason);
    assert.equal(aborted, 1000);
    assert.equal(ownSignal(signal).reason, reason);
  });
});
