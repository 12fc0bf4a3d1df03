/** The state directory of an agent. */
import { NfvError } from '../errors.js';
import { MAX_ENTRIES } from '../model/southbound.js';
import type { NveConfig } from '../nve/config.js';
import { openLmdbReader } from '../store/lmdb/reader.js';
import { openLmdbStore } from '../store/lmdb/store.js';
import type { Store, StoreReader } from '../store/store.js';

/** All that a delta can bring, and where it is from: so that one sync stores it. */
const TXN_OPS = MAX_ENTRIES + 1;

/** @throws NfvError of the store, with what to do about an agent's */
export async function openState(config: NveConfig): Promise<Store> {
  try {
    return await openLmdbStore({ path: config.stateDir, txnOps: TXN_OPS });
  } catch (error) {
    throw withRemedy(error, config);
  }
}

/** The same for one that may be in use. */
export function readState(config: NveConfig): StoreReader {
  try {
    return openLmdbReader({ path: config.stateDir });
  } catch (error) {
    throw withRemedy(error, config);
  }
}

/** Nothing is in it that the NVA could not bring again, but for the identity. */
function withRemedy(thrown: unknown, { name, stateDir }: NveConfig): unknown {
  if (!(thrown instanceof NfvError && thrown.code === 'STORE_DAMAGED')) return thrown;
  const { code, message, metadata } = thrown;
  const remedy = `remove ${stateDir}, start the agent, and run "nfvctl update nve ${name} --reset-identity"; the NVA brings it what it should have`;
  return new NfvError(code, message, { cause: thrown, metadata, remedy });
}
