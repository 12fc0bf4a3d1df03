import assert from 'node:assert/strict';
import { TellingShare } from '../../../../src/nva/observing/telling-share.js';
import { FakeClock } from '../../../support/fake-clock.js';

describe('nva/telling-share', () => {
  it('gives each NVE its own, and says once that it is used up', async () => {
    const clock = new FakeClock();
    const share = new TellingShare(clock, 2);
    const taken = (nve: string): string => share.take(nve);
    assert.deepEqual(['a', 'a', 'a', 'b', 'a'].map(taken), [
      'yes',
      'yes',
      'no longer',
      'yes',
      'no',
    ]);
    await clock.advance(60_000);
    assert.deepEqual(['a', 'b', 'b', 'b'].map(taken), ['yes', 'yes', 'yes', 'no longer']);
  });

  it('keeps what is going on when there are too many to keep', async () => {
    const clock = new FakeClock();
    const share = new TellingShare(clock, 1);
    for (let n = 0; n < 9_999; n++) assert.equal(share.take(`host-${n}`), 'yes');
    await clock.advance(30_000);
    share.take('late');
    await clock.advance(30_000);
    assert.equal(share.take('one-more'), 'yes');
    assert.equal(share.take('late'), 'no longer');
    assert.equal(share.take('host-0'), 'yes');
  });
});
