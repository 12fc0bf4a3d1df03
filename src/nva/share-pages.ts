/** What a replica adds to the statistics of all, in pages that go in one message each, and all of them together. */
import { NfvError } from '../errors.js';
import type { Call } from '../model/api.js';
import type { NveShare, ReplicaApi, ReplicaShare, SharePage } from '../model/replica.js';

/** NVEs in a page: with the longest ids and the largest figures less than two thirds of what a message may have. */
export const MAX_NVES = 5000;
/** Times of NVEs in all pages together: of more, each NVE's newest. */
const MAX_TIMES = 200_000;

/**
 * @param nves ids of all, in order
 * @param pageToken the last page's; empty: from the first on
 * @param read what is known of one, with so many of its times; undefined: nothing
 */
export function pageOfNves(
  nves: readonly string[],
  pageToken: string,
  read: (nve: string, mostTimes: number) => NveShare | undefined,
): Pick<SharePage, 'nves' | 'nextPageToken'> {
  const mostTimes = Math.max(1, Math.floor(MAX_TIMES / Math.max(1, nves.length)));
  const page: NveShare[] = [];
  for (const nve of nves) {
    if (nve <= pageToken) continue;
    const share = read(nve, mostTimes);
    if (share === undefined) continue;
    const last = page.at(-1);
    if (last !== undefined && page.length === MAX_NVES) {
      return { nves: page, nextPageToken: last.nve };
    }
    page.push(share);
  }
  return { nves: page, nextPageToken: '' };
}

/** @throws NfvError PROTOCOL_VIOLATION: its pages do not go on; what it answers */
export async function wholeShare(
  replica: Pick<ReplicaApi, 'readShare'>,
  call: Call,
): Promise<ReplicaShare> {
  const first = await replica.readShare('', call);
  const nves = [...first.nves];
  for (let token = first.nextPageToken; token !== '';) {
    const page = await replica.readShare(token, call);
    nves.push(...page.nves);
    const next = page.nextPageToken;
    if (next !== '' && next <= token) {
      throw new NfvError('PROTOCOL_VIOLATION', `the page after "${token}" ends at "${next}"`);
    }
    token = next;
  }
  const { watchers, attachesUnderWay, attachMs } = first;
  return { watchers, attachesUnderWay, attachMs, nves };
}
