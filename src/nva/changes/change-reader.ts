/** Reads records of changes, of which there may be thousands, each as long as a transaction may be. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Store } from '../../store/store.js';
import type { IndexedChange } from './change-index.js';
import { CHANGE_RECORD, type ChangeRecord } from './record.js';

/** Characters that are decoded in a few milliseconds; each record counts for some besides what is in it. */
const SLICE = 100_000;
const PER_RECORD = 2000;

export class ChangeReader {
  #sinceTurn = 0;

  constructor(private readonly store: Pick<Store, 'get'>) {}

  /**
   * Every few milliseconds others get their turn before it, as the embedded store answers at once.
   * @returns undefined: it was forgotten a moment ago
   * @throws NfvError STORE_DAMAGED
   */
  async read({ key }: Pick<IndexedChange, 'key'>): Promise<ChangeRecord | undefined> {
    if (this.#sinceTurn > SLICE) {
      this.#sinceTurn = 0;
      await turn();
    }
    const kv = await this.store.get(key);
    this.#sinceTurn += PER_RECORD + (kv?.value.length ?? 0);
    return kv && CHANGE_RECORD.decode(kv.key, kv.value);
  }
}
