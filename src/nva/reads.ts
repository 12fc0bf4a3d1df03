import type { Collection } from '../model/names.js';
import type { KeyValue, StoreReader } from '../store/store.js';
import { statusKey } from './keys.js';

/** What rules ask of a store: a hypothetical state answers as well (changes/overlay.ts). */
export type Reads = Pick<StoreReader, 'get' | 'range'>;

/** A revision; undefined: the latest; 'creation': when it was just made, and had no status. */
export type When = number | 'creation' | undefined;

/** What is stored of a resource's status. @throws NfvError REVISION_COMPACTED, REVISION_IN_FUTURE */
export async function readStatus(
  store: Pick<Reads, 'get'>,
  collection: Collection,
  id: string,
  when: When,
): Promise<KeyValue | undefined> {
  return when === 'creation' ? undefined : await store.get(statusKey(collection, id), when);
}
