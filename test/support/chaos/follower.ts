/** A client that watches one replica for as long as a campaign lasts, and holds what it was told. */
import { NfvError } from '../../../src/errors.js';
import type { NvaApi, WatchEvent } from '../../../src/model/api.js';
import { canonicalJson } from '../../../src/model/canonical.js';
import { keyOf } from './planned-model.js';

const PAUSE_MS = 200;

export class Follower {
  /** Specifications by key. */
  readonly held = new Map<string, string>();
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #revision = 0;
  /** How often it had to begin anew, since the history was gone. */
  restarts = 0;
  #failure: Error | undefined;

  constructor(private readonly api: NvaApi) {
    this.#done = this.#run();
  }

  /** @throws Error if it was told something that cannot be */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted && this.#failure === undefined) {
      try {
        const request = { startRevision: this.#revision, kinds: [], filter: '' };
        if (this.#revision === 0) this.held.clear();
        for await (const event of this.api.watch(request, { signal })) this.#take(event);
      } catch (thrown) {
        this.#broken(NfvError.from(thrown));
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #broken(error: NfvError): void {
    if (error.code === 'REVISION_COMPACTED') {
      this.restarts++;
      this.#revision = 0;
    } else if (!error.retriable && !['CANCELLED', 'STORE_REFUSED'].includes(error.code)) {
      this.#failure = error;
    }
    // A snapshot that was cut off is taken anew; nothing of it counts.
    if (!this.#isSynced) this.#revision = 0;
  }

  #isSynced = false;

  #take(event: WatchEvent): void {
    if (event.revision < this.#revision && this.#isSynced) {
      this.#failure = new Error(`a watch at revision ${this.#revision} got ${event.revision}`);
    }
    this.#isSynced = this.#revision > 0 || event.type === 'SYNCED';
    if (this.#isSynced) this.#revision = event.revision;
    if (event.type === 'SYNCED') return;
    const { kind, id, spec } = event.resource;
    if (event.type === 'PUT') this.held.set(keyOf(kind, id), canonicalJson(spec));
    else this.held.delete(keyOf(kind, id));
  }
}
