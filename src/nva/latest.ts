import type { Epoch } from '../model/southbound.js';
import type { Store } from '../store/store.js';
import { ROOT } from './keys.js';

/**
 * The store's latest revision at some instant after the call: what this process knows of it
 * (`Store.status`) may be older, where others write too.
 */
export async function latestRevision(store: Store): Promise<number> {
  if (store.peers === undefined) return store.status().revision;
  return (await store.range({ prefix: ROOT, limit: 1 })).revision;
}

/** Whose word an NVE takes. */
export function epochOf(store: Pick<Store, 'status'>): Epoch {
  const { storeId, epoch } = store.status();
  return { storeId, number: epoch };
}
