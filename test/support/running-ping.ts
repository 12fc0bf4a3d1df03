/** A ping many times a second, and which of its packets had no answer. */
import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { eventually } from './eventually.js';
import type { Netns } from './netns.js';

export class RunningPing {
  readonly #child: ChildProcess;
  readonly #answered = new Set<number>();
  #last = 0;

  /** @param everyMs between two packets, in milliseconds */
  constructor(from: Netns, to: string, everyMs = 1) {
    this.#child = from.spawn('ping', '-n', '-i', String(everyMs / 1000), to);
    let rest = '';
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(line);
    });
  }

  #take(line: string): void {
    const [, sequence] = /bytes from .* icmp_seq=(\d+) /.exec(line) ?? [];
    if (sequence === undefined) return;
    this.#answered.add(Number(sequence));
    this.#last = Math.max(this.#last, Number(sequence));
  }

  /** Answers when that many more packets were answered. */
  async goesOn(more: number): Promise<void> {
    const goal = this.#answered.size + more;
    await eventually(() => this.#answered.size >= goal);
  }

  /** Ends it. @returns runs of packets without an answer, before the last that had one */
  async stop(): Promise<{ readonly sent: number; readonly lost: readonly number[] }> {
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGINT');
    await closed;
    const lost: number[] = [];
    let run = 0;
    // Sequence numbers have 16 bits, and no test is that long.
    for (let n = 1; n <= this.#last; n++) {
      if (!this.#answered.has(n)) run++;
      if (!this.#answered.has(n) || run === 0) continue;
      lost.push(run);
      run = 0;
    }
    return { sent: this.#last, lost };
  }
}
