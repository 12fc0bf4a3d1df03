/** The store's records in memory, for tests of what works on them. */
import type { CommitTarget } from '../../src/store/lmdb/commits.js';
import { encodeState, STATE_KEY } from '../../src/store/lmdb/layout.js';
import type { Entry, Write } from '../../src/store/lmdb/records.js';

export class MemoryView implements CommitTarget {
  readonly file = '/memory/data.mdb';
  readonly #records = new Map<string, Buffer>();
  /** The sizes of the commits so far. */
  readonly commits: number[] = [];
  /** Makes the next commits fail, or wait. */
  beforeCommit: () => Promise<void> = () => Promise.resolve();

  constructor() {
    const state = { epoch: 1, revision: 0, compactRevision: 0, purgedRevision: 0 };
    this.set(STATE_KEY, encodeState({ storeId: 'memory', ...state }));
  }

  set(key: Buffer, record: Buffer | undefined): void {
    const name = key.toString('latin1');
    if (record === undefined) this.#records.delete(name);
    else this.#records.set(name, Buffer.from(record));
  }

  get(key: Buffer): Buffer | undefined {
    return this.#records.get(key.toString('latin1'));
  }

  *entries(from: Buffer, to: Buffer): Generator<Entry> {
    for (const [name, record] of [...this.#records].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const key = Buffer.from(name, 'latin1');
      if (key.compare(from) >= 0 && key.compare(to) < 0) yield { key, record };
    }
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  async commit(writes: readonly Write[]): Promise<void> {
    await this.beforeCommit();
    this.commits.push(writes.length);
    for (const { key, record } of writes) this.set(key, record);
  }
}
