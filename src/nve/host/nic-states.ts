/** How the NICs of a profile stand, for whoever asks: by a look at the host, and by the journal. */
import { isVfioDriver } from '../../dpdk/iommu.js';
import { parseVfRef, type FunctionRef } from '../../model/host/bdf.js';
import type { Inventory } from '../../model/host/inventory.js';
import type { NamedNic } from '../../model/host/status.js';
import type { Step } from '../../model/host/steps.js';
import type { NicEvent } from '../../statemachine/nic.js';
import { NicWatch } from './nic-watch.js';
import type { Transaction } from './transaction.js';

/** A NIC of the profile, and which function it is. */
export interface KnownNic {
  readonly name: string;
  readonly ref: FunctionRef;
}

/**
 * @param sight what is on the host and which functions the profile's NICs are; undefined: the journal alone
 *   says it, of the functions that it has, without their names
 */
export function nicStatuses(
  transactions: readonly Transaction[],
  sight: { readonly inventory: Inventory; readonly nics: readonly KnownNic[] } | undefined,
): NamedNic[] {
  const watch = new NicWatch();
  for (const [ref, type] of asWritten(transactions)) watch.send(ref, { type });
  if (sight !== undefined) {
    const named = sight.nics.map(({ ref }) => ref);
    watch.see(sight.inventory, transactions, named);
  }
  const last = transactions.at(-1);
  if (last !== undefined) replay(watch, last);
  const names = new Map(sight?.nics.map(({ name, ref }) => [ref, name]));
  return watch.statuses.map((status) => ({ name: nameOf(status.function, names), ...status }));
}

/** A VF that no entry of the profile names has its PF's. */
function nameOf(ref: FunctionRef, names: ReadonlyMap<FunctionRef, string>): string {
  const own = names.get(ref);
  const vf = parseVfRef(ref);
  if (own !== undefined || vf === undefined) return own ?? '';
  const pf = names.get(vf.pf);
  return pf === undefined ? '' : `${pf}/vf${vf.index}`;
}

/** What each function was seen as when the journal last said so. */
function asWritten(transactions: readonly Transaction[]): Map<FunctionRef, NicEvent['type']> {
  const seen = new Map<FunctionRef, NicEvent['type']>();
  for (const { steps, done, undone } of transactions) {
    for (const [i, { step, before }] of steps.entries()) {
      if (step.kind !== 'bind') continue;
      const type = seenWith(done.has(i) && !undone.has(i) ? step : before);
      if (type !== undefined) seen.set(step.function, type);
    }
  }
  return seen;
}

/** Undefined: an earlier step sees to it. */
function seenWith(step: Step | null): NicEvent['type'] | undefined {
  if (step?.kind !== 'bind') return undefined;
  if (step.driver === null) return 'SEEN_WITHOUT_DRIVER';
  return isVfioDriver(step.driver) ? 'SEEN_WITH_VFIO' : 'SEEN_WITH_KERNEL';
}

/** The step that is on its way. */
function replay(watch: NicWatch, t: Transaction): void {
  for (const [i, planned] of t.steps.entries()) {
    const isBegun = t.phase === 'applying' && i < t.started && !t.done.has(i);
    const isBeingUndone = t.phase === 'undoing' && t.undoSteps.has(i) && !t.undone.has(i);
    if (isBegun) watch.step({ planned, direction: 'do', what: 'begun', error: undefined });
    if (isBeingUndone) watch.step({ planned, direction: 'undo', what: 'begun', error: undefined });
  }
}
