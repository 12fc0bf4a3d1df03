import type { OutStream } from './host.js';

/** What a stream answers whose reader has gone: a pipe, a socket. */
const READER_GONE: readonly unknown[] = ['EPIPE', 'ECONNRESET'];

/** A stream that is written to in its own time, and that its reader may leave at any time. */
export class Output {
  readonly #gone = new AbortController();
  #failure: Error | undefined;
  /** Of the writes that are waited for. */
  readonly #waiting = new Set<() => void>();
  readonly isTTY: boolean;

  /** @param interrupted a reader that has stopped is not waited for any more */
  constructor(
    private readonly stream: OutStream,
    private readonly interrupted?: AbortSignal,
  ) {
    this.isTTY = stream.isTTY === true;
    interrupted?.addEventListener(
      'abort',
      () => {
        for (const done of this.#waiting) done();
      },
      { once: true },
    );
    stream.on('error', (error) => {
      this.#ended(error);
    });
  }

  /** Aborts when nothing can be written any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Why what was written is not where it should be; a reader that has seen enough is no reason. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resolves when the text is on its way, or it cannot be. */
  write(text: string): Promise<void> {
    if (text === '' || this.gone.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        resolve();
      };
      this.#waiting.add(done);
      this.stream.write(text, (error) => {
        // The stream tells of it, too, but after this.
        if (error) this.#ended(error);
        done();
      });
      if (this.interrupted?.aborted === true) done();
    });
  }

  #ended(error: Error): void {
    if (this.gone.aborted) return;
    if (!('code' in error && READER_GONE.includes(error.code))) this.#failure = error;
    this.#gone.abort();
  }
}
