import assert from 'node:assert/strict';
import { Absentees } from '../../../../src/nva/sessions/absentees.js';
import { settle } from '../../../support/fake-clock.js';

describe('NVEs without a session', () => {
  function absentees(
    digests: Readonly<Record<string, string>>,
    signal = new AbortController().signal,
  ): { readonly all: Absentees; readonly compiled: string[] } {
    const compiled: string[] = [];
    const all = new Absentees({
      exists: (nve) => nve in digests,
      digestOf(nve) {
        compiled.push(nve);
        return digests[nve] ?? '';
      },
      signal,
    });
    return { all, compiled };
  }

  it('miss nothing until something changes for them, and then from the first change on', () => {
    const { all } = absentees({ a: '1' });
    assert.equal(all.missed('a'), undefined);
    all.miss('a', 7);
    all.miss('a', 9);
    assert.equal(all.missed('a'), 7);
    all.miss('a', 5);
    assert.equal(all.missed('a'), 5);
    assert.deepEqual([...all.behind()], ['a']);
    all.forget('a');
    assert.equal(all.missed('a'), undefined);
    assert.deepEqual([...all.behind()], []);
  });

  it('are judged after a restart by what they had', async () => {
    const { all, compiled } = absentees({ same: '1', other: '2', unknown: '3' });
    all.remember('same', '1');
    all.remember('other', '1');
    all.remember('unknown', '');
    await all.judged();
    await all.judged();
    assert.deepEqual(compiled, ['same', 'other']);
    assert.deepEqual([...all.behind()].sort(), ['other', 'unknown']);
    assert.equal(all.missed('same'), undefined);
    assert.equal(all.missed('other'), 0);
  });

  it('miss everything if something changed before they were judged', async () => {
    const { all, compiled } = absentees({ a: '1' });
    all.remember('a', '1');
    all.miss('a', 9);
    await all.judged();
    assert.deepEqual(compiled, []);
    assert.equal(all.missed('a'), 0);
  });

  it('are not judged once they have a session', async () => {
    const { all, compiled } = absentees({ a: '1' });
    all.remember('a', '2');
    all.forget('a');
    await all.judged();
    assert.deepEqual(compiled, []);
    assert.equal(all.missed('a'), undefined);
  });

  it('leave nothing behind when they were deleted', () => {
    const { all } = absentees({});
    all.miss('a', 7);
    assert.deepEqual([...all.behind()], []);
  });

  it('are judged one in a turn of the event loop, and no more once the NVA stops', async () => {
    const stop = new AbortController();
    const { all, compiled } = absentees({ a: '1', b: '1', c: '1' }, stop.signal);
    for (const nve of ['a', 'b', 'c']) all.remember(nve, '1');
    const judged = all.judged();
    assert.deepEqual(compiled, ['a']);
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    await judged;
    await settle();
    assert.ok(compiled.length < 3, compiled.join());
  });
});
