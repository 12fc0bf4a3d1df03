/**
 * VPP tells of the same address with the same MAC at the same interface once in ten seconds, unless it tells of another
 * between (`l2_arp_term_process` of vnet/l2/l2_api.c). Who gives an address away and takes it back meanwhile would not
 * be seen: so the guest is asked a little later, and if it says nothing then, when the time is over. An answer is told
 * in turn: each one that follows a question doubles the times, up to a minute.
 */
import type { Clock } from '../../model/clock.js';
import type { PortItem } from '../../model/item.js';

const SOON_MS = 1000;
/** VPP's ten seconds, and a little. */
const OVER_MS = 10_500;
const LONGEST_MS = 60_000;
/** What a guest says so soon after a question is its answer. */
const ANSWER_MS = 1000;

export interface DampingOptions {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  /** Asks the guest at a port for all that it may have, and last for something else. */
  readonly ask: (port: PortItem) => void;
}

interface Question {
  readonly endpoint: string;
  /** Monotonic ms. */
  readonly at: number;
  /** How many times as long it is to its next question. */
  readonly next: number;
}

export class Damping {
  #cancels: (() => void)[] = [];
  #last: Question | undefined;

  constructor(private readonly options: DampingOptions) {}

  /** VPP told of something. @param port at which that address is looked for, with whatever MAC; if there is one */
  told(port: PortItem | undefined): void {
    this.stop();
    if (port === undefined) return;
    const factor = this.#isAnswer(port) ? (this.#last?.next ?? 1) : 1;
    const times = [SOON_MS, OVER_MS].map((ms) => Math.min(ms * factor, LONGEST_MS));
    this.#cancels = [...new Set(times)].map((ms) => this.#askAfter(ms, port, factor));
  }

  stop(): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
  }

  #isAnswer({ endpoint }: PortItem): boolean {
    const last = this.#last;
    if (last?.endpoint !== endpoint) return false;
    return this.options.clock.monotonic() - last.at < ANSWER_MS;
  }

  #askAfter(ms: number, port: PortItem, factor: number): () => void {
    const { clock, ask } = this.options;
    return clock.after(ms, () => {
      const next = Math.min(2 * factor, LONGEST_MS / SOON_MS);
      this.#last = { endpoint: port.endpoint, at: clock.monotonic(), next };
      ask(port);
    });
  }
}
