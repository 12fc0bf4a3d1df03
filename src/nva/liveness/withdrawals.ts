/**
 * The NVEs that were found dead, in the store: what all replicas compile follows from it. Which replica
 * finds one dead is for the store to decide.
 */
import { z } from 'zod';
import type { Compare, Store } from '../../store/store.js';
import { specKey, withdrawalKey } from '../keys.js';
import { RecordType } from '../records.js';

export interface Withdrawal {
  /** RFC 3339, UTC. */
  readonly time: string;
  /** The NVEs that did not reach it. */
  readonly witnesses: readonly string[];
}

const RECORD = new RecordType<Withdrawal>(
  'an NVE that was found dead',
  z.object({ time: z.string(), witnesses: z.array(z.string()).readonly() }),
);

export class Withdrawals {
  constructor(private readonly store: Store) {}

  async get(nve: string): Promise<Withdrawal | undefined> {
    const key = withdrawalKey(nve);
    const kv = await this.store.get(key);
    return kv && RECORD.decode(key, kv.value);
  }

  /** The revision of the NVE's specification, for `put`; 0: there is none. */
  async specRevision(nve: string): Promise<number> {
    return (await this.store.get(specKey('nves', nve)))?.modRevision ?? 0;
  }

  /**
   * @param guard that nobody has claimed its session since it was found dead
   * @returns false: it is another NVE now, has a session again, or another replica was first
   */
  async put(
    nve: string,
    specRevision: number,
    guard: Compare | undefined,
    withdrawal: Withdrawal,
  ): Promise<boolean> {
    const key = withdrawalKey(nve);
    const { succeeded } = await this.store.txn({
      compare: [
        { kind: 'revision', key: specKey('nves', nve), revision: specRevision },
        { kind: 'revision', key, revision: 0 },
        ...(guard === undefined ? [] : [guard]),
      ],
      ops: [{ kind: 'put', key, value: RECORD.encode(withdrawal) }],
    });
    return succeeded;
  }

  /** Others send to it again. @returns false: they did already */
  async remove(nve: string): Promise<boolean> {
    const key = withdrawalKey(nve);
    if ((await this.store.get(key)) === undefined) return false;
    await this.store.txn({ compare: [], ops: [{ kind: 'delete', key }] });
    return true;
  }
}
