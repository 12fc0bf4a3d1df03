/** A plan has as many bytes as the store takes in one transaction. */
import assert from 'node:assert/strict';
import type { Wanted } from '../../../../src/model/changes.js';
import { applyAll, network } from '../../../support/changes-world.js';
import { NvaHarness } from '../../../support/nva-harness.js';
import { refusedWith } from '../../../support/refusals.js';

const MANY = 400;

/** Each with two kilobytes of labels. */
function networks(count: number): Wanted[] {
  const labels = Object.fromEntries(
    Array.from({ length: 16 }, (_, i) => [`label-${i}-${'k'.repeat(40)}`, 'v'.repeat(60)]),
  );
  return Array.from({ length: count }, (_, i) => network(`n-${i}`, { vni: 5000 + i, labels }));
}

describe('a plan with more bytes than a transaction takes', function () {
  this.timeout(20_000);
  let nva: NvaHarness;
  beforeEach(async () => {
    nva = await NvaHarness.start({ txnOps: 20_000 });
  });
  afterEach(() => nva.close());

  it('is too large, and nothing of it is done; what fits is done', async () => {
    const error = await refusedWith('PLAN_TOO_LARGE', applyAll(nva.client, ...networks(MANY)));
    assert.match(error.message, /bytes of values, at most 1048576/);
    assert.match(error.remedy, /apply it in parts/);
    const { changes } = await applyAll(nva.client, ...networks(MANY / 4));
    assert.equal(changes.length, MANY / 4);
  });
});
