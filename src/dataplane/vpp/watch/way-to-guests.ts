/** The way to guests of the VPP that is connected: whether there is one, and if not, why. */
import { NfvError } from '../../../errors.js';
import type { Clock } from '../../../model/clock.js';
import { errorFields, type Log } from '../../../model/log.js';
import type { GuestDoor } from './guest-door.js';

export interface WayOptions {
  /** Settles when the VPP that was connected first has answered. @throws NfvError */
  readonly ping: () => Promise<unknown>;
  readonly door: Pick<GuestDoor, 'open' | 'close'>;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** It is open, which was not known in time. */
  readonly openedLate: () => void;
}

/** A VPP that was too busy to answer is asked again so soon. */
const AGAIN_MS = 1000;

export class WayToGuests {
  #isOpen: Promise<boolean> = Promise.resolve(false);
  /** Of one connection to VPP. */
  #life = new AbortController();
  #cancel: () => void = () => undefined;

  constructor(private readonly options: WayOptions) {}

  /** As far as it is known; does not reject. */
  get isOpen(): Promise<boolean> {
    return this.#isOpen;
  }

  connected(): void {
    this.lost();
    this.#life = new AbortController();
    this.#isOpen = this.#open(this.#life.signal);
  }

  /** Another VPP may come. */
  lost(): void {
    this.#life.abort();
    this.#cancel();
    this.options.door.close();
    this.#isOpen = Promise.resolve(false);
  }

  async #open(life: AbortSignal): Promise<boolean> {
    try {
      await this.options.door.open();
    } catch (thrown) {
      if (!life.aborted) this.#tell(NfvError.from(thrown));
      return false;
    }
    return this.#check(life, true);
  }

  /** The VPP that is connected still runs: what was opened was its. */
  async #check(life: AbortSignal, isFirst: boolean): Promise<boolean> {
    const { ping, door, log, clock } = this.options;
    try {
      await ping();
      return !life.aborted;
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (life.aborted) return false;
      if (error.code === 'DEADLINE_EXCEEDED' || error.code === 'TOO_MANY_REQUESTS') {
        if (isFirst) log.warn(errorFields(error), 'VPP is slow: it sees no allowed addresses yet');
        this.#cancel = clock.after(AGAIN_MS, () => void this.#again(life));
        return false;
      }
      door.close();
      this.#tell(error);
      return false;
    }
  }

  async #again(life: AbortSignal): Promise<void> {
    if (!(await this.#check(life, false))) return;
    this.#isOpen = Promise.resolve(true);
    this.options.openedLate();
  }

  #tell(error: NfvError): void {
    const { log } = this.options;
    if (error.metadata['errno'] === 'ENOENT') {
      log.info(errorFields(error), 'VPP has no punt socket: it sees no allowed addresses');
    } else log.warn(errorFields(error), 'no way to the guests: VPP sees no allowed addresses');
  }
}
