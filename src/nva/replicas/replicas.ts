/** What a replica of the NVA does because there may be others, on the same store. */
import { NfvError } from '../../errors.js';
import { delay, type Clock } from '../../model/clock.js';
import type { Log } from '../../model/log.js';
import type { Hello } from '../../model/southbound.js';
import type { Store } from '../../store/store.js';
import { withJoined } from '../joined-signal.js';
import { latestRevision } from '../latest.js';
import type { Revisions } from '../revisions.js';

export interface ReplicasDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** The revision that the compiler has. */
  revision(): number;
  readonly revisions: Revisions;
  /** Ends all sessions: their NVEs find another replica. */
  endSessions(error: NfvError): void;
}

/** How long an NVE waits for a replica that knows less than the NVE does, in milliseconds. */
const CATCH_UP_MS = 3000;
const STEP_MS = 50;
/** Silence of the store after which a replica takes no NVE, and gives back those it has. */
const REFUSE_MS = 3000;
const GIVE_BACK_MS = 5000;
const LOOK_MS = 1000;
/** Far longer than one that was killed, and started again, is still taken to be there. */
const SHARED_MS = 20_000;

export class Replicas {
  constructor(private readonly deps: ReplicasDeps) {}

  /**
   * Resolves when all that the NVE has heard of, perhaps from another replica, is here, too.
   * @throws NfvError STALE_EPOCH, STORE_UNREACHABLE
   */
  async caughtUp(hello: Hello, signal: AbortSignal): Promise<void> {
    const { store } = this.deps;
    if (store.peers === undefined) return;
    if (store.peers.silentMs() > REFUSE_MS) throw this.#silent();
    if (hello.epoch.storeId !== store.status().storeId) return;
    const timeout = new AbortController();
    const cancel = this.deps.clock.after(CATCH_UP_MS, () => {
      timeout.abort();
    });
    try {
      await withJoined([signal, timeout.signal], (either) => this.#caughtUp(hello, either));
    } finally {
      cancel();
    }
  }

  async #caughtUp(hello: Hello, end: AbortSignal): Promise<void> {
    const { store } = this.deps;
    await this.#epochReached(hello.epoch.number, end);
    // A store that was put back from a backup has less than the NVE has heard of.
    if (hello.revision <= this.deps.revision()) return;
    if ((await latestRevision(store)) < hello.revision) return;
    await this.deps.revisions.reached(hello.revision, end);
    if (this.deps.revision() >= hello.revision) return;
    const text = `nves/${hello.nve}: has heard of revision ${hello.revision}; this replica has ${this.deps.revision()}`;
    throw new NfvError('STALE_EPOCH', text);
  }

  /** Runs until the signal: a replica that the store has left must not keep the NVEs from others. */
  async watchStore(signal: AbortSignal): Promise<void> {
    const { store, clock, log } = this.deps;
    const { peers } = store;
    if (peers === undefined) return;
    let sharedMs = 0;
    for (let isSilent = false; ;) {
      try {
        await delay(clock, LOOK_MS, signal);
      } catch {
        // The signal is the only way to end a delay early.
        return;
      }
      sharedMs = peers.isAddressShared() ? sharedMs + LOOK_MS : 0;
      if (sharedMs === SHARED_MS) {
        log.warn({ address: peers.address }, 'another replica says that it is where this one is');
      }
      const silentMs = Math.round(peers.silentMs());
      if (silentMs > GIVE_BACK_MS) {
        if (!isSilent) log.error({ silentMs }, 'the store does not answer');
        this.deps.endSessions(this.#silent());
      } else if (isSilent) {
        log.info({}, 'the store answers again');
      }
      isSilent = silentMs > GIVE_BACK_MS;
    }
  }

  /** The store looks for it every second; whether it was enough is checked with the hello. */
  async #epochReached(epoch: number, end: AbortSignal): Promise<void> {
    const { store, clock } = this.deps;
    while (store.status().epoch < epoch && !end.aborted) {
      await delay(clock, STEP_MS, end).catch(() => undefined);
    }
  }

  #silent(): NfvError {
    return new NfvError('STORE_UNREACHABLE', "the NVA's store does not answer this replica");
  }
}
