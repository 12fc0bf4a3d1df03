import assert from 'node:assert/strict';
import {
  formatAge,
  formatDuration,
  parseDuration,
  requireDuration,
} from '../../../src/cli/duration.js';

describe('parseDuration', () => {
  const rows: [text: string, ms: number | undefined][] = [
    ['30s', 30_000],
    ['500ms', 500],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['0s', 0],
    ['0.5s', 500],
    ['30', undefined],
    ['s', undefined],
    ['', undefined],
    ['-1s', undefined],
    ['1e3s', undefined],
    ['30 s', undefined],
    ['30S', undefined],
    ['1m30s', undefined],
    ['9999999999s', undefined],
    ['toString', undefined],
  ];
  for (const [text, ms] of rows) {
    it(`"${text}": ${String(ms)}`, () => {
      assert.equal(parseDuration(text), ms);
    });
  }
});

describe('requireDuration', () => {
  it('says what is wrong', () => {
    assert.throws(() => requireDuration('--wait', 'soon'), {
      code: 'INVALID_FIELD',
      message: '--wait: soon: not a duration',
      remedy: 'give one such as 30s',
    });
    assert.throws(() => requireDuration('--wait', '11m'), {
      message: '--wait: 11m: too long',
      remedy: 'give at most 10m',
    });
    assert.equal(requireDuration('--wait', '10m'), 600_000);
  });
});

describe('formatDuration', () => {
  const rows: [ms: number, text: string][] = [
    [0, '0ms'],
    [12.4, '12ms'],
    [999, '999ms'],
    [1000, '1s'],
    [1240, '1.24s'],
    [59_990, '59.99s'],
    [60_000, '1m'],
    [125_000, '2m5s'],
  ];
  for (const [ms, text] of rows) {
    it(text, () => {
      assert.equal(formatDuration(ms), text);
    });
  }
});

describe('formatAge', () => {
  const now = Date.UTC(2026, 0, 10);
  const rows: [time: string, age: string][] = [
    ['2026-01-10T00:00:00.000Z', '0s'],
    ['2026-01-09T23:59:48.000Z', '12s'],
    ['2026-01-09T23:57:00.000Z', '3m'],
    ['2026-01-09T21:59:00.000Z', '2h'],
    ['2026-01-01T00:00:00.000Z', '9d'],
    // The clocks of two hosts are not the same.
    ['2026-01-10T00:00:05.000Z', '0s'],
    ['', '-'],
    ['soon', '-'],
  ];
  for (const [time, age] of rows) {
    it(`${time}: ${age}`, () => {
      assert.equal(formatAge(time, now), age);
    });
  }
});
