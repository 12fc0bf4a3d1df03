/**
 * Keeps the host profile that the NVA offers, applies it where the agent's configuration says so, and tells what
 * became of it. The guard of a plan is never overruled: what may cut the host off is left to people.
 */
import { isDeepStrictEqual } from 'node:util';
import { NfvError } from '../../errors.js';
import type { Clock } from '../../model/clock.js';
import {
  NO_OFFER,
  profileHash,
  type HostStatus,
  type OfferedProfile,
} from '../../model/host/offer.js';
import type { HostState } from '../../model/host/status.js';
import { errorFields, type Log } from '../../model/log.js';
import { Trouble } from '../trouble.js';
import { readOffer, sourceOf, writeOffer, type ProfileFrom, type StoredOffer } from './offered.js';
import { hostStatusOf } from './offer-status.js';
import type { ProfileSource } from './planner.js';

/** Milliseconds between two looks at the journal. */
const LOOK_MS = 5000;

/** This host, as far as a follower needs it. */
export interface FollowedHost {
  /** @throws NfvError JOURNAL_DAMAGED, FILE_UNREADABLE */
  status(signal: AbortSignal): Promise<Pick<HostState, 'state' | 'change'>>;
  /** @throws NfvError of the plan or of a step; HOST_BUSY */
  apply(profile: ProfileSource, signal: AbortSignal): Promise<void>;
}

export interface FollowerOptions {
  readonly host: FollowedHost;
  /** Where the journal is. */
  readonly stateDir: string;
  readonly profileFrom: ProfileFrom;
  readonly apply: 'manual' | 'auto';
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
}

export class HostFollower {
  readonly #stop = new AbortController();
  readonly #trouble: Trouble;
  #listener: (status: HostStatus) => void = () => undefined;
  #told: HostStatus | undefined;
  /** Hash of the profile that was applied, or could not be: once for each, until the agent starts again. */
  #tried = '';
  #failure: NfvError | undefined;
  #cancelTimer: () => void = () => undefined;
  /** One after another: taking, looking, applying. */
  #work: Promise<void> = Promise.resolve();

  /** Takes up what was offered before; what is damaged the NVA brings again. @throws NfvError FILE_UNREADABLE */
  static async start(options: FollowerOptions): Promise<HostFollower> {
    const { stateDir, profileFrom: takes, log } = options;
    const stored = await readOffer(stateDir).catch((thrown: unknown) => {
      const error = NfvError.from(thrown);
      if (error.code !== 'STORE_DAMAGED') throw error;
      log.warn(errorFields(error), 'the host profile that was offered is lost');
      return NO_OFFER;
    });
    const { profile, text } = stored;
    const offer = { profile, text, takes };
    const isSame = 'takes' in stored && stored.takes === takes;
    if (profile !== '' && !isSame) await writeOffer(stateDir, offer);
    const follower = new HostFollower(options, offer);
    follower.#next();
    return follower;
  }

  private constructor(
    private readonly options: FollowerOptions,
    private offer: StoredOffer,
  ) {
    this.#trouble = new Trouble(options.clock);
  }

  /** Is told at once, and whenever it is another. */
  onStatus(listener: (status: HostStatus) => void): void {
    this.#listener = listener;
    if (this.#told !== undefined) listener(this.#told);
  }

  /** Settles when it is on the disk. @throws NfvError FILE_UNREADABLE, and the old one holds */
  async take({ profile, text }: OfferedProfile): Promise<void> {
    const offer = { profile, text, takes: this.options.profileFrom };
    if (!isDeepStrictEqual(offer, this.offer)) {
      await writeOffer(this.options.stateDir, offer);
      this.options.log.info({ profile, hash: profileHash(text) }, 'host profile offered');
      this.offer = offer;
      this.#failure = undefined;
      this.#tried = '';
    }
    this.#next();
  }

  /** Waits for what is under way; a change of the host is gone on with by whoever comes next. */
  async stop(): Promise<void> {
    this.#stop.abort(new NfvError('SHUTTING_DOWN', 'the agent is stopping'));
    this.#cancelTimer();
    await this.#work;
  }

  #next(): void {
    this.#cancelTimer();
    this.#work = this.#work.then(() => this.#pass());
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async #pass(): Promise<void> {
    if (this.#isStopped()) return;
    try {
      const phase = await this.#look();
      if (this.#isToApply(phase)) await this.#apply();
      this.#trouble.over();
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (!this.#isStopped() && this.#trouble.isNews(error.code)) {
        this.options.log.warn(errorFields(error), 'cannot look at how the host is prepared');
      }
    }
    this.#cancelTimer();
    // Without an offer there is nothing to be said that was not.
    if (this.#isStopped() || this.offer.profile === '') return;
    this.#cancelTimer = this.options.clock.after(LOOK_MS, () => {
      this.#next();
    });
  }

  async #look(): Promise<HostStatus['phase']> {
    const state = await this.options.host.status(this.#stop.signal);
    const status = hostStatusOf(this.offer, state, this.#failure);
    this.#tell(status);
    return status.phase;
  }

  #tell(status: HostStatus): void {
    if (isDeepStrictEqual(status, this.#told)) return;
    this.#told = status;
    this.#listener(status);
  }

  #isToApply(phase: HostStatus['phase']): boolean {
    const { profileFrom, apply } = this.options;
    const isAsked = profileFrom === 'nva' && apply === 'auto' && phase === 'OFFERED';
    return isAsked && this.#tried !== profileHash(this.offer.text);
  }

  async #apply(): Promise<void> {
    const { host, log } = this.options;
    const source = sourceOf(this.offer);
    if (source === undefined) return;
    const hash = profileHash(source.text);
    let failure: NfvError | undefined;
    if (this.#told !== undefined) this.#tell({ ...this.#told, phase: 'APPLYING' });
    try {
      log.info({ profile: source.name, hash }, 'applying the host profile');
      await host.apply(source, this.#stop.signal);
      log.info({ profile: source.name, hash }, 'the host is prepared');
    } catch (thrown) {
      const error = NfvError.from(thrown);
      // Somebody else is at it: it is looked at again.
      if (this.#isStopped() || error.code === 'HOST_BUSY') return;
      log.error({ profile: source.name, ...errorFields(error) }, 'the host profile is not applied');
      failure = error;
    }
    // Another one may have come meanwhile, which this says nothing of.
    if (hash === profileHash(this.offer.text)) {
      this.#tried = hash;
      this.#failure = failure;
    }
    await this.#look();
  }
}
