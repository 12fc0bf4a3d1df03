/** Whose hugepages are whose. */
import type { HugepagePool, HugepageUser } from './inventory.js';

/** Pages that we have added to a node since the last boot. */
export interface HugepageShare {
  readonly node: number;
  readonly sizeKb: number;
  readonly pages: number;
}

/**
 * Pages of a node that others need: those in use that are not our consumers'. Pages nobody uses
 * are free to be counted for us, whoever reserved them.
 * @param users of these pages: of that node and size
 * @param ours processes that use pages on our behalf
 */
export function othersPages(
  pool: HugepagePool,
  users: readonly HugepageUser[],
  ours: (user: HugepageUser) => boolean,
): number {
  const sum = (list: readonly HugepageUser[]): number =>
    list.reduce((pages, user) => pages + user.pages, 0);
  const used = pool.total - pool.free - sum(users.filter(ours));
  return Math.max(used, sum(users.filter((user) => !ours(user))), 0);
}
