/**
 * Brings together what several tell: first what they remember, ordered by time, then what happens, as it comes. Of
 * each one event is held; who has more waits until that was taken.
 */
import { NfvError } from '../../errors.js';
import type { NvaEvent } from '../../model/observation.js';

export interface Teller {
  /** Resolves when it was taken, or the signal has aborted. */
  tell(event: NvaEvent): Promise<void>;
  /** All that it remembers has been told, or nobody is to wait for it any more. */
  remembered(): void;
}

interface Source {
  /** What it tells is put in order with what others remember. */
  isPast: boolean;
  held: { readonly event: NvaEvent; readonly taken: () => void } | undefined;
}

export class EventMerge {
  readonly #sources = new Set<Source>();
  /** Those that hold an event, in the order in which it came. */
  readonly #holding = new Set<Source>();
  readonly #running = new Set<Promise<void>>();
  #failure: NfvError | undefined;
  #wake = (): void => undefined;

  /** @param signal ends everything; nobody tells once it has aborted */
  constructor(private readonly signal: AbortSignal) {}

  /**
   * @param isPast the others are to wait for what it remembers
   * @param run tells, until it has nothing more to tell or the signal aborts
   */
  add(isPast: boolean, run: (teller: Teller) => Promise<void>): void {
    const source: Source = { isPast, held: undefined };
    this.#sources.add(source);
    const teller: Teller = {
      tell: (event) => this.#hold(source, event),
      remembered: () => {
        source.isPast = false;
        this.#wake();
      },
    };
    const running = run(teller)
      .catch((thrown: unknown) => {
        this.#failure ??= NfvError.from(thrown);
      })
      .finally(() => {
        this.#sources.delete(source);
        this.#running.delete(running);
        this.#wake();
      });
    this.#running.add(running);
  }

  /** Until all have ended, or the signal. For one reader. @throws NfvError what one of them failed with */
  async *read(): AsyncGenerator<NvaEvent> {
    while (!this.signal.aborted) {
      if (this.#failure !== undefined) throw this.#failure;
      const event = this.#take();
      if (event !== undefined) yield event;
      else if (this.#sources.size === 0) return;
      else await this.#news();
    }
  }

  /** Resolves when nothing is under way any more; once the signal has aborted that is soon. */
  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #hold(source: Source, event: NvaEvent): Promise<void> {
    if (this.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const taken = (): void => {
        this.signal.removeEventListener('abort', taken);
        source.held = undefined;
        this.#holding.delete(source);
        resolve();
      };
      this.signal.addEventListener('abort', taken, { once: true });
      source.held = { event, taken };
      this.#holding.add(source);
      this.#wake();
    });
  }

  #take(): NvaEvent | undefined {
    const { held } = this.#next() ?? {};
    held?.taken();
    return held?.event;
  }

  /** Undefined: there is none yet. */
  #next(): Source | undefined {
    let earliest: Source | undefined;
    for (const source of this.#sources) {
      if (!source.isPast) continue;
      if (source.held === undefined) return undefined;
      if (earliest === undefined || timeOf(source) < timeOf(earliest)) earliest = source;
    }
    if (earliest !== undefined) return earliest;
    const [first] = this.#holding;
    return first;
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.signal.removeEventListener('abort', wake);
        this.#wake = () => undefined;
        resolve();
      };
      this.#wake = wake;
      this.signal.addEventListener('abort', wake, { once: true });
    });
  }
}

/** RFC 3339 in UTC with milliseconds: in the order of time as text, too. */
function timeOf({ held }: Source): string {
  return held?.event.time ?? '';
}
