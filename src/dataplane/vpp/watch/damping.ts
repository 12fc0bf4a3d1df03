/**
 * VPP tells of the same address with the same MAC at the same interface once in ten seconds, unless it tells of another
 * between (`l2_arp_term_process` of vnet/l2/l2_api.c). Who gives an address away and takes it back meanwhile would not
 * be seen: so the guest is asked a little later, and if it says nothing then, when the time is over. It is asked also
 * when VPP has told of another by then: the return may have been held back before that.
 *
 * An answer is told in turn: each one that follows a question doubles the times, up to a minute, and is nothing to ask
 * for once VPP has told of another.
 */
import type { Clock } from '../../../model/clock.js';
import type { PortItem } from '../../../model/item.js';

const SOON_MS = 1000;
/** VPP's ten seconds, and a little. */
const OVER_MS = 10_500;
const LONGEST_MS = 60_000;
/**
 * What a guest says so soon after a question is taken for its answer, which VPP or an agent that has much to do may be
 * late with: so a guest is asked once in that time for what it says.
 */
const ANSWER_MS = 10_000;

export interface DampingOptions {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  /** Asks the guest at a port for all that it may have, and last for something else. */
  readonly ask: (port: PortItem) => void;
}

interface Question {
  /** Monotonic ms. */
  readonly at: number;
  /** How many times as long it is to its next question. */
  readonly next: number;
}

export class Damping {
  /** By endpoint: of guests that spoke by themselves. */
  readonly #soon = new Map<string, () => void>();
  /** Of what VPP told last. */
  #cancels: (() => void)[] = [];
  /** By endpoint, the last to it. */
  readonly #asked = new Map<string, Question>();

  constructor(private readonly options: DampingOptions) {}

  /** VPP told of something. @param port at which that address is looked for, with whatever MAC; if there is one */
  told(port: PortItem | undefined): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
    if (port === undefined) return;
    const factor = this.#factorOf(port);
    const [soon, over] = [SOON_MS * factor, OVER_MS * factor];
    if (factor === 1) this.#askSoon(port);
    else this.#cancels.push(this.#askAfter(soon, port, factor));
    if (soon < LONGEST_MS) this.#cancels.push(this.#askAfter(over, port, factor));
  }

  /** A question goes out, whoever had it asked: its answer is one, and no reason to ask at once. */
  asked(port: PortItem): void {
    this.#note(port, Math.max(this.#factorOf(port), 2));
  }

  stop(): void {
    for (const cancel of [...this.#cancels.splice(0), ...this.#soon.values()]) cancel();
    this.#soon.clear();
  }

  /** More than 1: it answers a question. */
  #factorOf({ endpoint }: PortItem): number {
    const last = this.#asked.get(endpoint);
    if (last === undefined || this.#isOld(last)) return 1;
    return last.next;
  }

  #isOld({ at }: Question): boolean {
    return this.options.clock.monotonic() - at >= ANSWER_MS;
  }

  #askSoon(port: PortItem): void {
    const { endpoint } = port;
    this.#soon.get(endpoint)?.();
    const cancel = this.options.clock.after(SOON_MS, () => {
      this.#soon.delete(endpoint);
      this.#ask(port, 1);
    });
    this.#soon.set(endpoint, cancel);
  }

  #askAfter(ms: number, port: PortItem, factor: number): () => void {
    return this.options.clock.after(Math.min(ms, LONGEST_MS), () => {
      this.#ask(port, factor);
    });
  }

  #ask(port: PortItem, factor: number): void {
    this.#note(port, Math.min(2 * factor, LONGEST_MS / SOON_MS));
    this.options.ask(port);
  }

  #note({ endpoint }: PortItem, next: number): void {
    this.#asked.delete(endpoint);
    // The oldest come first.
    for (const [other, question] of this.#asked) {
      if (!this.#isOld(question)) break;
      this.#asked.delete(other);
    }
    this.#asked.set(endpoint, { at: this.options.clock.monotonic(), next });
  }
}
