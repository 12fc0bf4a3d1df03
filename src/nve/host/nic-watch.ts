/** The NIC machines of the functions that the plans have touched. */
import { createActor, type ActorRefFrom } from 'xstate';
import { isVfioDriver } from '../../dpdk/iommu.js';
import { parseVfRef, type FunctionRef } from '../../model/host/bdf.js';
import type { Inventory, PciFunction } from '../../model/host/inventory.js';
import type { NicStatus } from '../../model/host/status.js';
import { nicMachine, type NicEvent } from '../../statemachine/nic.js';
import type { StepEvent } from './engine.js';
import type { Transaction } from './transaction.js';

export class NicWatch {
  readonly #actors = new Map<FunctionRef, ActorRefFrom<typeof nicMachine>>();

  get statuses(): NicStatus[] {
    return [...this.#actors]
      .map(([ref, actor]) => ({ function: ref, state: actor.getSnapshot().value }))
      .sort((a, b) => (a.function < b.function ? -1 : 1));
  }

  /**
   * What was seen of the functions that these changes are about, and of some more; others are
   * forgotten.
   */
  see(
    inventory: Inventory,
    transactions: readonly Transaction[],
    more: readonly FunctionRef[] = [],
  ): void {
    const refs = new Set([
      ...more,
      ...transactions.flatMap(({ steps }) =>
        steps.flatMap(({ step }) => (step.kind === 'bind' ? [step.function] : [])),
      ),
    ]);
    for (const ref of [...this.#actors.keys()]) if (!refs.has(ref)) this.#actors.delete(ref);
    for (const ref of refs) this.send(ref, { type: seenAs(find(inventory, ref)) });
  }

  /** A step that binds a function, on its way. */
  step({
    planned,
    direction,
    what,
    error,
  }: Pick<StepEvent, 'planned' | 'direction' | 'what' | 'error'>): void {
    const { step } = planned;
    if (step.kind !== 'bind') return;
    const toVfio = direction === 'do' && isVfioDriver(step.driver ?? undefined);
    if (what === 'begun') this.send(step.function, { type: toVfio ? 'BIND' : 'RESTORE' });
    if (what === 'done') this.send(step.function, { type: 'DONE' });
    if (what !== 'failed') return;
    const type = error?.code === 'WRITE_HUNG' ? 'HUNG' : 'FAILED';
    this.send(step.function, { type });
  }

  /** Nothing hangs any more. */
  freed(): void {
    for (const ref of this.#actors.keys()) this.send(ref, { type: 'FREED' });
  }

  /** What its machine does not expect now is nothing to it. */
  send(ref: FunctionRef, event: NicEvent): void {
    const actor = this.#actors.get(ref) ?? createActor(nicMachine).start();
    this.#actors.set(ref, actor);
    if (actor.getSnapshot().can(event)) actor.send(event);
  }
}

function find({ functions }: Inventory, ref: FunctionRef): PciFunction | undefined {
  const vf = parseVfRef(ref);
  const pf = functions.find(({ bdf }) => bdf === (vf?.pf ?? ref));
  if (vf === undefined) return pf;
  const bdf = pf?.sriov?.vfs[vf.index];
  return functions.find((fn) => fn.bdf === bdf);
}

function seenAs(fn: PciFunction | undefined): NicEvent['type'] {
  if (fn === undefined) return 'NOT_SEEN';
  if (fn.driver === undefined) return 'SEEN_WITHOUT_DRIVER';
  return isVfioDriver(fn.driver) ? 'SEEN_WITH_VFIO' : 'SEEN_WITH_KERNEL';
}
