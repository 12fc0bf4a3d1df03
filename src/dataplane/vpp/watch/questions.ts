/** Questions to guests, one after the other: which addresses they have. */
import { NfvError, type ErrorCode } from '../../../errors.js';
import { delay, type Clock } from '../../../model/clock.js';
import { errorFields, type Log } from '../../../model/log.js';
import type { GuestDoor, OpenOutlet } from './guest-door.js';
import type { OpenOutlets } from './outlets.js';

export interface QuestionsOptions {
  /** By the tags of ports; empty while there is no way to guests. @throws NfvError as Vpp.dump */
  readonly outlets: () => Promise<OpenOutlets>;
  /** Addresses to ask for at a port, by its tag. */
  readonly addresses: (tag: string) => readonly string[];
  readonly door: Pick<GuestDoor, 'ask'>;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Pick<Log, 'warn'>;
}

/** So many, and then a pause: each answer is an event that VPP tells of. */
const AT_ONCE = 50;
const PAUSE_MS = 50;
/** A VPP that is too busy is left alone for so long. */
const BUSY_MS = 5000;
const LOST: readonly ErrorCode[] = [
  'SHUTTING_DOWN',
  'VPP_UNREACHABLE',
  'VPP_CONNECTION_LOST',
  'VPP_RESTARTED',
];

export class Questions {
  /** Tags of ports. */
  readonly #toAsk = new Set<string>();
  #asking: Promise<void> = Promise.resolve();
  #isDue = false;
  #asked = 0;
  #endPause: (() => void) | undefined;
  /** Of one connection to VPP. */
  #life = new AbortController();
  #isTold = false;

  constructor(private readonly options: QuestionsOptions) {}

  /** Ports that are asked for several times before their turn comes are asked once. */
  ask(tags: Iterable<string>): void {
    for (const tag of tags) this.#toAsk.add(tag);
    if (this.#toAsk.size === 0 || this.#isDue || this.#endPause !== undefined) return;
    this.#isDue = true;
    this.#asking = this.#asking.then(() => this.#askAll());
  }

  /** Nobody is to be asked; with the next connection all are. */
  stop(): void {
    this.#life.abort(new NfvError('VPP_UNREACHABLE', 'the connection to VPP was lost'));
    this.#life = new AbortController();
    this.#toAsk.clear();
    this.#endPause?.();
    this.#endPause = undefined;
  }

  /** Settles when nobody is being asked. */
  get over(): Promise<void> {
    return this.#asking;
  }

  async #askAll(): Promise<void> {
    this.#isDue = false;
    if (this.#endPause !== undefined) return;
    const tags = new Set(this.#toAsk);
    this.#toAsk.clear();
    const { signal } = this.#life;
    let failed: NfvError | undefined;
    try {
      const outlets = await this.options.outlets();
      for (const tag of tags) {
        failed = (await this.#askAt(outlets.get(tag), tag, signal)) ?? failed;
        tags.delete(tag);
      }
    } catch (thrown) {
      failed = NfvError.from(thrown);
      if (signal.aborted || isLost(failed)) return;
      if (isBusy(failed)) this.#askLater(tags);
    }
    this.#tell(failed, tags.size);
  }

  /** @returns why this one was not asked. @throws NfvError why none can be */
  async #askAt(
    outlet: OpenOutlet | undefined,
    tag: string,
    signal: AbortSignal,
  ): Promise<NfvError | undefined> {
    if (outlet === undefined) return undefined;
    const { addresses, clock, door } = this.options;
    try {
      for (const ip of addresses(tag)) {
        if (++this.#asked % AT_ONCE === 0) await delay(clock, PAUSE_MS, signal);
        await door.ask(outlet, ip);
      }
      return undefined;
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (isLost(error) || isBusy(error)) throw error;
      return error;
    }
  }

  #askLater(tags: Iterable<string>): void {
    for (const tag of tags) this.#toAsk.add(tag);
    this.#endPause = this.options.clock.after(BUSY_MS, () => {
      this.#endPause = undefined;
      this.ask([]);
    });
  }

  /** Once, until all could be asked. */
  #tell(failed: NfvError | undefined, left: number): void {
    const isNews = failed !== undefined && !this.#isTold;
    this.#isTold = failed !== undefined;
    if (!isNews) return;
    const fields = { ...errorFields(failed), left };
    this.options.log.warn(fields, 'guests are not asked which addresses they have');
  }
}

function isBusy({ code }: NfvError): boolean {
  return code === 'DEADLINE_EXCEEDED' || code === 'TOO_MANY_REQUESTS';
}

/** With the next connection all are asked. */
function isLost({ code }: NfvError): boolean {
  return LOST.includes(code);
}
