/**
 * The book-keeping of one `ip -force -batch -` (or bridge, tc) process; no I/O.
 *
 * What such a process says (lib/utils.c, do_batch; the same from 5.15 to 7.1):
 *
 *   a command that succeeds:   nothing
 *   a JSON query:              one line on stdout, flushed
 *   `neigh get` before 6.10:   one line of text on stdout, *not* flushed
 *   a command that fails:      text on stderr, then `Command failed -:LINE`; nothing on stdout
 *   a wrong word, and `neigh`: text on stderr, and the process ends
 *
 * LINE counts all lines since the start. Success being silent, each segment of commands ends with
 * a line that must fail, `!`: its failure tells that all before it are done. Only then are the
 * lines of stdout given to the segment's queries, in order, since only then is it known which of
 * them failed; the two pipes have no order between them.
 */

export type Outcome =
  /** `output`: the line of a query, else empty. */
  | { readonly ok: true; readonly output: string }
  /** `text`: all that was said since the failure before it. */
  | { readonly ok: false; readonly text: string };

export interface Ask {
  /** With its line end. */
  readonly line: string;
  readonly answers: 'nothing' | 'json' | 'text';
  /** Names of the devices in it. */
  readonly devices: readonly string[];
  /** iproute2 remembers all devices by it: by the first such command of a process, or by each. */
  readonly learnsAll?: 'once' | 'each' | undefined;
  /** That of them which iproute2 no longer remembers after it has succeeded. */
  readonly drops?: string | undefined;
}

interface Segment<A extends Ask> {
  readonly asks: readonly A[];
  /** Line number of the first. */
  readonly first: number;
  /** Line number of the `!`. */
  readonly barrier: number;
  /** Text by index. */
  readonly failed: Map<number, string>;
  readonly flushed: boolean;
  done: boolean;
}

export interface Unfinished<A extends Ask> {
  /** May or may not have been carried out. */
  readonly started: readonly A[];
  /** Never looked at. */
  readonly waiting: readonly (readonly A[])[];
  /** The last words. */
  readonly text: string;
}

const FAILED = /^Command failed -:(\d+)$/;
const BARRIER = '!\n';
/** Answers with one line of JSON, which flushes what text there is before it. */
const FLUSHER = 'link show dev lo\n';
/** Characters of stderr that are kept for one failure. */
const MAX_TEXT = 4096;

export class Ledger<A extends Ask> {
  #segments: Segment<A>[] = [];
  #line = 0;
  #output: string[] = [];
  #text = '';

  constructor(private readonly finish: (ask: A, outcome: Outcome) => void) {}

  /** Asks that have not been finished. */
  get unfinished(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.asks.length, 0);
  }

  /** Books a segment; the answer is what to write to the process. */
  open(asks: readonly A[]): string {
    const flushed = asks.some((ask) => ask.answers === 'text');
    const first = this.#line + 1;
    this.#line += asks.length + (flushed ? 2 : 1);
    const segment = { asks, first, barrier: this.#line, failed: new Map<number, string>() };
    this.#segments.push({ ...segment, flushed, done: false });
    return asks.map((ask) => ask.line).join('') + (flushed ? FLUSHER : '') + BARRIER;
  }

  stdout(line: string): void {
    this.#output.push(line);
    this.#settle();
  }

  /** @throws Error when the process speaks of a line it was not given: it cannot be trusted on. */
  stderr(line: string): void {
    const number = FAILED.exec(line)?.[1];
    if (number === undefined) {
      if (this.#text.length < MAX_TEXT) this.#text += `${line}\n`;
      return;
    }
    const at = Number(number);
    const segment = this.#segments.find((s) => !s.done);
    if (segment === undefined || at < segment.first || at > segment.barrier) {
      throw new Error(`"${line}", which is not a line it was given`);
    }
    if (at === segment.barrier) segment.done = true;
    else segment.failed.set(at - segment.first, this.#text);
    this.#text = '';
    if (segment.done) this.#settle();
  }

  /** Ends the book: settles what is known, and tells the rest. */
  close(): Unfinished<A> {
    const [first, ...others] = this.#segments;
    this.#segments = [];
    const text = this.#text;
    if (first === undefined) return { started: [], waiting: [], text };
    const last = Math.max(-1, ...first.failed.keys());
    const started = first.asks.filter((ask, i) => {
      const failure = first.failed.get(i);
      if (failure !== undefined) this.finish(ask, { ok: false, text: failure });
      else if (i < last && ask.answers === 'nothing') this.finish(ask, { ok: true, output: '' });
      else return true;
      return false;
    });
    return { started, waiting: others.map((segment) => segment.asks), text };
  }

  /** There is output that nobody asked for; answers may have been mixed up. */
  get surplus(): boolean {
    return this.#segments.length === 0 && this.#output.length > 0;
  }

  #settle(): void {
    for (let segment = this.#segments[0]; segment?.done === true; segment = this.#segments[0]) {
      const { asks, failed } = segment;
      const answering = asks.filter((a, i) => a.answers !== 'nothing' && !failed.has(i)).length;
      const lines = answering + (segment.flushed && !failed.has(asks.length) ? 1 : 0);
      if (this.#output.length < lines) return;
      const output = this.#output.splice(0, lines)[Symbol.iterator]();
      this.#segments.shift();
      for (const [i, ask] of asks.entries()) {
        const text = failed.get(i);
        if (text !== undefined) this.finish(ask, { ok: false, text });
        else if (ask.answers === 'nothing') this.finish(ask, { ok: true, output: '' });
        else this.finish(ask, { ok: true, output: output.next().value ?? '' });
      }
    }
  }
}
