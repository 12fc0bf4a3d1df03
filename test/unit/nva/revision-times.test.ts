import assert from 'node:assert/strict';
import { RevisionTimes } from '../../../src/nva/revision-times.js';

describe('times of revisions', () => {
  it('are those of the revision, or of the one before', () => {
    const times = new RevisionTimes(5);
    times.note(10, 1000);
    times.note(12, 2000);
    const asked = [0, 9, 10, 11, 12, 99].map((revision) => times.at(revision));
    assert.deepEqual(asked, [5, 5, 1000, 1000, 2000, 2000]);
  });

  it('are at most 250 ms too early where there are many, and never too late', () => {
    const times = new RevisionTimes(0);
    for (let revision = 1; revision <= 20_000; revision++) times.note(revision, revision * 7);
    for (let revision = 1; revision <= 20_000; revision += 13) {
      const at = times.at(revision);
      assert.ok(at <= revision * 7 && at > revision * 7 - 260, `${revision}: ${at}`);
    }
  });

  it('are those of the oldest that is known for what is older', () => {
    const times = new RevisionTimes(0);
    for (let revision = 1; revision <= 40_000; revision++) times.note(revision, revision * 1000);
    const oldest = times.at(1);
    assert.ok(oldest >= (40_000 - 16_384) * 1000, String(oldest));
    assert.equal(times.at(39_000), 39_000_000);
  });
});
