import assert from 'node:assert/strict';
import type { NvaStatistics, NveStatistics } from '../../../../src/model/observation.js';
import type { ReplicaShare } from '../../../../src/model/replica.js';
import { allStatistics } from '../../../../src/nva/replicas/all-statistics.js';

const NONE = { count: 0, p50: 0, p90: 0, p99: 0, max: 0 };

function nve(id: string, state: NveStatistics['state'], lagMs = 0): NveStatistics {
  const items = { wanted: 3, applied: 2, failed: 1 };
  return {
    ...{ nve: id, state, lagRevisions: 0, lagMs, pendingItems: 0, deltasInFlight: 0 },
    ...{ items, driftedItems: 0, itemRate: 0, attach: NONE },
  };
}

function shareOf(more: Partial<ReplicaShare>): ReplicaShare {
  return { watchers: 0, attachesUnderWay: 0, attachMs: [], nves: [], ...more };
}

const OWN: NvaStatistics = {
  ...{ revision: 9, watchers: 1, attachesUnderWay: 2, changeRate: 4, attach: NONE, silent: [] },
  nves: [nve('a', 'IN_SYNC'), nve('b', 'ELSEWHERE'), nve('c', 'DISCONNECTED')],
};

const byState = ({ nves }: NvaStatistics): string[] =>
  nves.map((each) => `${each.nve} ${each.state}`);

describe('nva/all-statistics', () => {
  it('are those of the replica that has the session; of what nobody has, this one says it', () => {
    const here = shareOf({ nves: [{ nve: 'a', statistics: nve('a', 'IN_SYNC'), attachMs: [] }] });
    const session = nve('b', 'SYNCING', 70);
    const there = shareOf({ nves: [{ nve: 'b', statistics: session, attachMs: [] }] });
    const all = allStatistics(OWN, [here, there], []);
    assert.deepEqual(byState(all), ['a IN_SYNC', 'b SYNCING', 'c DISCONNECTED']);
    assert.deepEqual(all.nves[1], session);
    assert.deepEqual([all.revision, all.changeRate], [9, 4]);
  });

  it('are its own where another one has not heard yet that it has lost the NVE', () => {
    const here = shareOf({ nves: [{ nve: 'a', statistics: nve('a', 'IN_SYNC'), attachMs: [] }] });
    const stale = shareOf({ nves: [{ nve: 'a', statistics: nve('a', 'DEGRADED'), attachMs: [] }] });
    assert.deepEqual(byState(allStatistics(OWN, [here, stale], []))[0], 'a IN_SYNC');
  });

  it('have the times and the counts of all together', () => {
    const share = (ms: readonly number[], counts: number): ReplicaShare =>
      shareOf({
        ...{ watchers: counts, attachesUnderWay: counts, attachMs: ms },
        nves: [{ nve: 'b', statistics: undefined, attachMs: ms }],
      });
    const all = allStatistics(OWN, [share([30, 10], 1), share([20], 5), share([], 0)], []);
    const three = { count: 3, p50: 20, p90: 30, p99: 30, max: 30 };
    assert.deepEqual([all.watchers, all.attachesUnderWay], [6, 6]);
    assert.deepEqual([all.attach, all.nves[1]?.attach], [three, three]);
    assert.deepEqual(all.nves[2]?.attach, NONE);
  });

  it('say nothing of an NVE that this replica no longer has, and name who is silent', () => {
    const there = shareOf({
      nves: [{ nve: 'gone', statistics: nve('gone', 'IN_SYNC'), attachMs: [1] }],
    });
    const silent = [{ address: '192.0.2.2:4433', code: 'NVA_UNREACHABLE', reason: 'away' }];
    const all = allStatistics(OWN, [shareOf({}), there], silent);
    assert.deepEqual(byState(all), ['a IN_SYNC', 'b ELSEWHERE', 'c DISCONNECTED']);
    assert.deepEqual(all.silent, silent);
  });
});
