/** Whether an NVE has applied some items, wherever its session is. */
import type { DataplaneStatus } from '../model/dataplane-status.js';
import type { Item } from '../model/item.js';
import type { ItemFailure } from '../model/nve.js';
import type { Store } from '../store/store.js';
import { readNveStatus } from './resources/nves.js';
import type { Progress } from './sessions/progress.js';
import type { Connected } from './sessions/sessions.js';
import { awayCause } from './statuses/session-standing.js';

/** What of a session counts. */
interface AppliedHere extends Pick<Connected, 'dataplane'> {
  readonly session: { readonly progress: Pick<Progress, 'stateOf'> };
}

export interface AppliedItemsDeps {
  readonly store: Store;
  connected(nve: string): AppliedHere | undefined;
  /** Resolves when it is known of every NVE without a session here whether it is behind. */
  judged(): Promise<void>;
  /** For an NVE without a session here: undefined: it has all it should. */
  missed(nve: string): number | undefined;
  /** Another replica has its session. */
  isElsewhere(nve: string): boolean;
}

/** Why they are not applied. */
export interface NotApplied {
  /** 'away': the NVE cannot do anything now: it is not connected, or its dataplane is not there. */
  readonly standing: 'pending' | 'away' | 'failed';
  /** NVE_PENDING, NVE_DISCONNECTED, why its dataplane is away, or that of an item that failed. */
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
      else if (state !== 'applied') return told(state, connected.dataplane);
    }
    return isOpen ? openFor(connected.dataplane) : undefined;
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
      const reason = `nves/${nve} is not connected`;
      return { standing: 'away', code: 'NVE_DISCONNECTED', reason };
    }
    const status = (await readNveStatus(this.deps.store, nve))?.value;
    if (status === undefined || status.appliedRevision < revision) {
      return openFor(status?.dataplane);
    }
    const failed = status.failures.find((each) => items.some(({ key }) => key === each.key));
    if (failed !== undefined) return told(failed, status.dataplane);
    // Not all that failed are named.
    return status.itemCounts.failed > status.failures.length ? openFor(undefined) : undefined;
  }
}

/** Of what an NVE with a session has not tried. */
function openFor(dataplane: DataplaneStatus | undefined): NotApplied {
  const reason = 'it is still applying';
  return awayFor(dataplane) ?? { standing: 'pending', code: 'NVE_PENDING', reason };
}

/** Of an item that failed: while the dataplane is not there, that is why it stays so. */
function told(
  { key, code, message }: ItemFailure,
  dataplane: DataplaneStatus | undefined,
): NotApplied {
  return awayFor(dataplane) ?? { standing: 'failed', code, reason: `${key}: ${message}` };
}

function awayFor(dataplane: DataplaneStatus | undefined): NotApplied | undefined {
  const cause = awayCause(dataplane);
  return cause && { standing: 'away', code: cause.reasonCode, reason: cause.reason };
}
