/** An agent without a dataplane: a FakeNve that says hello again whenever its session ends. */
import { setTimeout as pause } from 'node:timers/promises';
import { FakeNve, type FakeNveOptions } from './fake-nve.js';

const PAUSE_MS = 50;

export class FakeAgent {
  readonly nve: FakeNve;
  readonly #over = new AbortController();
  readonly #loop: Promise<void>;

  /** Runs from now on, also while its NVE is not known yet, or the NVA is away. */
  constructor(options: FakeNveOptions) {
    this.nve = new FakeNve(options);
    this.#loop = this.#run();
  }

  async #run(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      // What a session ended with is the NVA's affair.
      await this.nve.connect().catch(() => undefined);
      await this.nve.ended;
      await pause(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.nve.disconnect();
    await this.#loop;
  }
}
