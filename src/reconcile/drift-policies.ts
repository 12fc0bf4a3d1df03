/** What is to be done about drift, item by item: as the item's network has it. */
import type { DriftPolicy as NetworkPolicy } from '../model/drift-policy.js';
import { bridgeDomainKey, type Item, type Payload } from '../model/item.js';

/** repair: put it right and say so; report: say so once, and leave it alone; ignore: leave it alone. */
export type DriftPolicy = 'repair' | 'report' | 'ignore';

const POLICIES = { REPAIR: 'repair', REPORT: 'report', IGNORE: 'ignore' } as const satisfies Record<
  NetworkPolicy,
  DriftPolicy
>;

/**
 * The policy for an item: that of the bridge domain of its VNI, as it is wanted; else the agent's own.
 * @param payload wanted, or of what is there; undefined: nothing is known of it
 */
export function policyFor(
  payload: Payload | undefined,
  wanted: ReadonlyMap<string, Item>,
  otherwise: DriftPolicy,
): DriftPolicy {
  if (payload === undefined || !('vni' in payload)) return otherwise;
  return policyOf(wanted.get(bridgeDomainKey(payload.vni))?.payload) ?? otherwise;
}

/** Another policy: what was left alone may have to be repaired. */
export function changesPolicy(before: Payload | undefined, after: Payload): boolean {
  return policyOf(before) !== policyOf(after);
}

function policyOf(payload: Payload | undefined): DriftPolicy | undefined {
  if (payload?.kind !== 'bridge_domain' || payload.driftPolicy === undefined) return undefined;
  return POLICIES[payload.driftPolicy];
}
