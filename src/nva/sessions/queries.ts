/** What is asked of one NVE in its session, until it is answered. */
import { isErrorCode, NfvError } from '../../errors.js';
import type { Clock } from '../../model/clock.js';
import { MAX_QUERIES, type Query, type QueryAnswer, type QueryReply } from '../../model/query.js';

/** Milliseconds that an NVE may take to look. */
const ANSWER_MS = 10_000;

type Question = Pick<Query, 'what'> & Partial<Pick<Query, 'keys' | 'paths'>>;

interface Waiter {
  readonly resolve: (answer: QueryAnswer) => void;
  readonly reject: (error: NfvError) => void;
}

export class Queries {
  readonly #waiters = new Map<number, Waiter>();
  /** Of those that are waited for, in the order of their ids. */
  readonly #unsent = new Map<number, Query>();
  #count = 0;
  #over: NfvError | undefined;

  /** @param wake called when there is something to send */
  constructor(
    private readonly nve: string,
    private readonly clock: Pick<Clock, 'after'>,
    private readonly wake: () => void,
  ) {}

  /**
   * @throws NfvError NVE_DISCONNECTED when the session ends, DEADLINE_EXCEEDED, CANCELLED,
   *   TOO_MANY_REQUESTS, and what the NVE answers
   */
  ask(question: Question, signal: AbortSignal): Promise<QueryAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) throw this.#over;
      if (signal.aborted) throw new NfvError('CANCELLED', 'nobody waits for the answer');
      if (this.#waiters.size >= MAX_QUERIES) {
        throw new NfvError('TOO_MANY_REQUESTS', `nves/${this.nve} is being asked already`);
      }
      const id = ++this.#count;
      const cancelTimer = this.clock.after(ANSWER_MS, () => {
        const text = `nves/${this.nve}: no answer within ${ANSWER_MS / 1000} s`;
        waiter.reject(new NfvError('DEADLINE_EXCEEDED', text));
      });
      const cancel = (): void => {
        waiter.reject(new NfvError('CANCELLED', 'nobody waits for the answer'));
      };
      const settle = (): void => {
        this.#waiters.delete(id);
        this.#unsent.delete(id);
        cancelTimer();
        signal.removeEventListener('abort', cancel);
      };
      const waiter: Waiter = {
        resolve: (answer) => {
          settle();
          resolve(answer);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      signal.addEventListener('abort', cancel, { once: true });
      this.#waiters.set(id, waiter);
      const { what, keys = [], paths = [] } = question;
      this.#unsent.set(id, { kind: 'query', id, what, keys, paths });
      this.wake();
    });
  }

  /** How many are still to be sent. */
  get unsent(): number {
    return this.#unsent.size;
  }

  /** The next to be sent, taken out. */
  next(): Query | undefined {
    const [query] = this.#unsent.values();
    if (query !== undefined) this.#unsent.delete(query.id);
    return query;
  }

  /** One that nobody waits for any more comes too late. */
  answered({ id, error, sights, counters, reaches }: QueryReply): void {
    const waiter = this.#waiters.get(id);
    if (error === undefined) waiter?.resolve({ sights, counters, reaches });
    else
      waiter?.reject(
        new NfvError(isErrorCode(error.code) ? error.code : 'INTERNAL', error.message),
      );
  }

  /** The session is over. */
  end(): void {
    this.#over = new NfvError('NVE_DISCONNECTED', `nves/${this.nve} is not connected`);
    for (const { reject } of [...this.#waiters.values()]) reject(this.#over);
  }
}
