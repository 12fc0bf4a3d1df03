/** The statistics of all replicas, out of what each of them knows. */
import type { NvaStatistics, NveStatistics, SilentReplica } from '../../model/observation.js';
import type { ReplicaShare } from '../../model/replica.js';
import { summaryOf } from '../observing/durations.js';

/**
 * @param own as this replica alone has them
 * @param shares of those that answered, this one's first: it counts where several have an NVE's session
 */
export function allStatistics(
  own: NvaStatistics,
  shares: readonly ReplicaShare[],
  silent: readonly SilentReplica[],
): NvaStatistics {
  const known = new Map<string, { session?: NveStatistics; readonly attachMs: number[] }>();
  for (const { nve, statistics, attachMs } of shares.flatMap(({ nves }) => nves)) {
    const all = known.get(nve) ?? { attachMs: [] };
    if (statistics !== undefined) all.session ??= statistics;
    all.attachMs.push(...attachMs);
    known.set(nve, all);
  }
  return {
    ...own,
    watchers: sum(shares.map(({ watchers }) => watchers)),
    attachesUnderWay: sum(shares.map(({ attachesUnderWay }) => attachesUnderWay)),
    attach: summaryOf(shares.flatMap(({ attachMs }) => attachMs)),
    nves: own.nves.map((each) => {
      const { session = each, attachMs = [] } = known.get(each.nve) ?? {};
      return { ...session, attach: summaryOf(attachMs) };
    }),
    silent,
  };
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
