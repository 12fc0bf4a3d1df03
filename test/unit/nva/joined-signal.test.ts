import assert from 'node:assert/strict';
import { joined, withJoined } from '../../../src/nva/joined-signal.js';
import { usesOf } from '../../support/uses-of-signal.js';

describe('joined signals', () => {
  const two = (): [AbortController, AbortController] => [
    new AbortController(),
    new AbortController(),
  ];

  it('abort with the first of them, for its reason', () => {
    for (const first of [0, 1] as const) {
      const both = two();
      const { signal } = joined(both[0].signal, both[1].signal);
      assert.equal(signal.aborted, false);
      const reason = new Error('enough');
      both[first].abort(reason);
      assert.equal(signal.reason, reason);
      both[1 - first]?.abort(new Error('late'));
      assert.equal(signal.reason, reason);
      assert.deepEqual(
        both.map(({ signal: each }) => usesOf(each)),
        [0, 0],
      );
    }
  });

  it('are aborted from the start where one of them is', () => {
    const [one, other] = two();
    other.abort(new Error('over'));
    const { signal } = joined(one.signal, other.signal);
    assert.match(String(signal.reason), /over/);
    assert.equal(usesOf(one.signal), 0);
  });

  it('are let go of at the end, and do not abort any more', () => {
    const [one, other] = two();
    const all = Array.from({ length: 50 }, () => joined(one.signal, other.signal));
    assert.equal(usesOf(one.signal), 50);
    for (const { end } of all) end();
    assert.deepEqual([usesOf(one.signal), usesOf(other.signal)], [0, 0]);
    one.abort();
    assert.ok(all.every(({ signal }) => !signal.aborted));
  });

  it('last as long as a piece of work, whatever comes of it', async () => {
    const [one, other] = two();
    const signals = [one.signal, other.signal];
    assert.equal(await withJoined(signals, () => Promise.resolve(usesOf(one.signal))), 1);
    const failing = withJoined(signals, () => Promise.reject(new Error('failed')));
    await assert.rejects(failing, /failed/);
    assert.deepEqual(signals.map(usesOf), [0, 0]);
  });
});
