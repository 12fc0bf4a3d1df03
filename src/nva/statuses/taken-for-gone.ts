/**
 * A replica whose lease ran out while etcd did not answer, or was full, is gone to the others until they look again. When
 * it claims an NVE before that, one of them may write of this claim that nobody is there.
 */
import type { StoreEvent } from '../../store/store.js';
import { parseResourceKey } from '../keys.js';
import { STATUS_RECORDS } from '../records.js';

/** @returns the NVE, if its status says that it has no session, and it has one here */
export function takenForGone(
  event: StoreEvent,
  isConnected: (nve: string) => boolean,
): string | undefined {
  if (event.kind !== 'put') return undefined;
  const { key, value } = event.kv;
  const about = parseResourceKey(key);
  if (about?.part !== 'status' || about.collection !== 'nves') return undefined;
  if (!isConnected(about.id)) return undefined;
  const { state } = STATUS_RECORDS.nves.decode(key, value);
  return state === 'DISCONNECTED' || state === 'DEAD' ? about.id : undefined;
}
