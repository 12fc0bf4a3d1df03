import type { OutStream } from './host.js';

/** A stream that is written to in its own time, and that its reader may leave at any time. */
export class Output {
  readonly #gone = new AbortController();
  readonly isTTY: boolean;

  constructor(private readonly stream: OutStream) {
    this.isTTY = stream.isTTY === true;
    // EPIPE and its like: `| head` has seen enough. Nobody is left to be told.
    stream.on('error', () => {
      this.#gone.abort();
    });
  }

  /** Aborts when nobody reads any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resolves when the text is on its way, or nobody is left to read it. */
  write(text: string): Promise<void> {
    if (text === '' || this.gone.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.stream.write(text, () => {
        resolve();
      });
    });
  }
}
