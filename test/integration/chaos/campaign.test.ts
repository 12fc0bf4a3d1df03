/** A short campaign, always the same; `make test-chaos` runs long ones. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { Campaign, tellCounts } from '../../support/chaos/campaign.js';
import type { FaultKind } from '../../support/chaos/fault-kinds.js';
import { needEtcd } from '../../support/etcd.js';
import { needNetns } from '../../support/netns.js';
import { skip } from '../../support/skip.js';

/** Its campaign makes provider networks, lets routers out by them, and moves virtual addresses. */
const SEED = 20_260_481;
/** Those that need no time-out of anybody's to be noticed. */
const FAULTS: readonly FaultKind[] = [
  'kill an NVA replica',
  'kill the leader of etcd',
  'kill an agent',
  'pause an agent',
  "fill an agent's disk",
  'compact the history that a paused replica has not read',
];

describe('chaos: a short campaign', function () {
  this.timeout(400_000);

  before(async function () {
    needEtcd(this);
    await needNetns(this);
    for (const program of ['ping', 'flock', 'setpriv']) {
      if (spawnSync(program, ['--help']).error !== undefined) skip(this, `needs ${program}`);
    }
  });

  it('of each fault one: all that was accepted is there, in the store and in every kernel', async () => {
    const said: string[] = [];
    const counts = await Campaign.run({
      ...{ seed: SEED, faults: FAULTS, maxHoldMs: 1500 },
      goesOn: (rounds) => rounds < FAULTS.length,
      say: (line) => said.push(line),
      signal: new AbortController().signal,
    });
    assert.equal(counts.violations, 0, `${said.join('\n')}\n${tellCounts(SEED, counts)}`);
    assert.equal(counts.rounds, FAULTS.length);
    assert.equal(counts.pingsLost, 0);
    assert.ok(counts.writes > 20 && counts.registerOperations > 200 && counts.pings > 500);
    assert.ok(counts.outside > 0 && counts.beyond > 0 && counts.virtual > 0);
    // The first one takes it from nobody.
    assert.ok(counts.moves > 1, `${counts.moves} virtual addresses taken`);
    for (const what of [/apply provider network/, /update router .*: exits net-/, / takes /]) {
      assert.ok(
        said.some((line) => what.test(line)),
        `nothing like ${String(what)}`,
      );
    }
  });
});
