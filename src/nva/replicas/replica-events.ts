/** What one other replica tells of its own sessions, for one reader: asked again whenever it has stopped answering. */
import { NfvError } from '../../errors.js';
import type { Call } from '../../model/api.js';
import { delay, timestamp, type Clock } from '../../model/clock.js';
import { MISSED, type NvaEvent } from '../../model/observation.js';
import type { Teller } from './event-merge.js';
import type { OtherReplicas } from './other-replicas.js';

/** How far one has been heard. */
export interface Heard {
  run: string;
  position: number;
  /** That it does not answer was told, and it has not answered for long since. */
  isSilent: boolean;
}

export interface ReplicaEventsDeps {
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'after'>;
  readonly others: Pick<OtherReplicas, 'listen' | 'isKnown' | 'noteSilent'>;
  readonly address: string;
  /** Kept by who asks for as long as it reads, so that no event is told twice. */
  readonly heard: Heard;
  readonly follow: boolean;
  readonly isWanted: (event: NvaEvent) => boolean;
}

/** Milliseconds without a word of one that has not told all that it remembers. */
export const QUIET_MS = 2000;
/** Milliseconds between attempts: twice as many after each that failed. */
const MIN_RETRY_MS = 250;
/** Who has been heard for so long, and fails then, has an outage of its own. */
const MAX_RETRY_MS = 10_000;

export class ReplicaEvents {
  #failures = 0;

  constructor(private readonly deps: ReplicaEventsDeps) {}

  /** Until its signal, or as long as the store has it; without `follow` until it has told what it remembers. */
  async tell(teller: Teller, call: Call): Promise<void> {
    const { clock, others, address, follow } = this.deps;
    while (!call.signal.aborted) {
      const error = await this.#listen(teller, call);
      teller.remembered();
      if (error !== undefined) await this.#tellSilence(error, teller);
      if (!follow || !others.isKnown(address)) return;
      const ms = Math.min(MIN_RETRY_MS * 2 ** this.#failures++, MAX_RETRY_MS);
      await delay(clock, ms, call.signal).catch(() => undefined);
      if (!others.isKnown(address)) return;
    }
  }

  /** @returns why it ended too early */
  async #listen(teller: Teller, call: Call): Promise<NfvError | undefined> {
    const { clock, others, address, follow, heard, isWanted } = this.deps;
    const limit = new QuietLimit(clock, call.signal);
    let currentSince: number | undefined;
    try {
      const request = { follow, run: heard.run, after: heard.position };
      const limited = { ...call, signal: limit.signal };
      const told = others.listen(address, limited, (api) => api.ownEvents(request, limited));
      limit.begin();
      for await (const { run, position, event } of told) {
        limit.end();
        Object.assign(heard, { run, position });
        if (event === undefined) {
          currentSince = clock.monotonic();
          teller.remembered();
        } else if (isWanted(event)) await teller.tell({ ...event, replica: address });
        if (call.signal.aborted) return undefined;
        if (currentSince === undefined) limit.begin();
      }
      if (call.signal.aborted || (currentSince !== undefined && !follow)) return undefined;
      return this.#noted(limit.isOver ? silence(address) : cutOff(address));
    } catch (thrown) {
      if (call.signal.aborted) return undefined;
      return limit.isOver ? this.#noted(silence(address, thrown)) : NfvError.from(thrown);
    } finally {
      limit.close();
      this.#endOutage(currentSince);
    }
  }

  /** One that answers, and fails at once again, has the same outage still. */
  #endOutage(currentSince = Infinity): void {
    const { clock, heard } = this.deps;
    if (clock.monotonic() - currentSince < MAX_RETRY_MS) return;
    heard.isSilent = false;
    this.#failures = 0;
  }

  #noted(error: NfvError): NfvError {
    this.deps.others.noteSilent(this.deps.address, 'ownEvents', error);
    return error;
  }

  /** Once for each time that it stops answering. */
  async #tellSilence(error: NfvError, teller: Teller): Promise<void> {
    const { clock, address, heard } = this.deps;
    if (heard.isSilent) return;
    heard.isSilent = true;
    const { code, message: reason } = error;
    const message = `what only this replica knows is not told: ${reason}`;
    const time = timestamp(clock.now());
    await teller.tell({ ...MISSED, replica: address, time, code, message });
  }
}

function silence(address: string, cause?: unknown): NfvError {
  const text = `${address}: no answer within ${QUIET_MS} ms`;
  return new NfvError('DEADLINE_EXCEEDED', text, { cause });
}

function cutOff(address: string): NfvError {
  return new NfvError('NVA_UNREACHABLE', `${address}: the answer ended too early`);
}

/** Aborts with the call, and when nothing was heard for too long. */
class QuietLimit {
  readonly #controller = new AbortController();
  #cancelTimer = (): void => undefined;
  isOver = false;

  constructor(
    private readonly clock: Pick<Clock, 'after'>,
    private readonly call: AbortSignal,
  ) {
    if (call.aborted) this.#abort();
    else call.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  begin(): void {
    this.#cancelTimer = this.clock.after(QUIET_MS, () => {
      this.isOver = true;
      this.#abort();
    });
  }

  end(): void {
    this.#cancelTimer();
  }

  close(): void {
    this.#cancelTimer();
    this.call.removeEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => {
    this.#controller.abort();
  };
}
