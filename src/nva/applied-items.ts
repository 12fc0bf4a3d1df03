/** Whether an NVE has applied some items, wherever its session is. */
import type { Item } from '../model/item.js';
import type { ItemFailure } from '../model/nve.js';
import type { Store } from '../store/store.js';
import { readNveStatus } from './resources/nves.js';
import type { Connected } from './sessions/sessions.js';

export interface AppliedItemsDeps {
  readonly store: Store;
  connected(nve: string): Connected | undefined;
  /** Resolves when it is known of every NVE without a session here whether it is behind. */
  judged(): Promise<void>;
  /** For an NVE without a session here: undefined: it has all it should. */
  missed(nve: string): number | undefined;
  /** Another replica has its session. */
  isElsewhere(nve: string): boolean;
}

/** Why they are not applied. */
export interface NotApplied {
  /** NVE_PENDING, NVE_DISCONNECTED, or that of an item that failed. */
  readonly code: string;
  readonly reason: string;
}

export class AppliedItems {
  constructor(private readonly deps: AppliedItemsDeps) {}

  /**
   * Undefined: the NVE has reported all of them applied.
   * @param items that it should have since `revision`
   */
  async lacks(
    nve: string,
    items: readonly Pick<Item, 'key'>[],
    revision: number,
  ): Promise<NotApplied | undefined> {
    const connected = this.deps.connected(nve);
    if (connected === undefined) return this.#elsewhere(nve, items, revision);
    const { progress } = connected.session;
    let isOpen = false;
    for (const { key } of items) {
      const state = progress.stateOf(key);
      if (state === 'open') isOpen = true;
      else if (state !== 'applied') return told(state);
    }
    return isOpen ? PENDING : undefined;
  }

  /** By what it told another replica, which writes that down. */
  async #elsewhere(
    nve: string,
    items: readonly Pick<Item, 'key'>[],
    revision: number,
  ): Promise<NotApplied | undefined> {
    await this.deps.judged();
    if (this.deps.missed(nve) === undefined) return undefined;
    if (!this.deps.isElsewhere(nve)) {
      return { code: 'NVE_DISCONNECTED', reason: `nves/${nve} is not connected` };
    }
    const status = (await readNveStatus(this.deps.store, nve))?.value;
    if (status === undefined || status.appliedRevision < revision) return PENDING;
    const failed = status.failures.find((each) => items.some(({ key }) => key === each.key));
    if (failed !== undefined) return told(failed);
    // Not all that failed are named.
    return status.itemCounts.failed > status.failures.length ? PENDING : undefined;
  }
}

const PENDING: NotApplied = { code: 'NVE_PENDING', reason: 'it is still applying' };

function told({ key, code, message }: ItemFailure): NotApplied {
  return { code, reason: `${key}: ${message}` };
}
