/**
 * A replica whose lease ran out while etcd did not answer, or was full, is gone to the others until they look again. When
 * it claims an NVE before that, one of them may write of this claim that nobody is there.
 */
import { hasSession } from '../../model/nve.js';
import type { StoreEvent } from '../../store/store.js';
import { parseResourceKey } from '../keys.js';
import { STATUS_RECORDS } from '../records.js';
import type { Sessions } from '../sessions/sessions.js';
import type { StatusWriter } from './status-writer.js';

/** Has the status of an NVE written again that says it has no session, where it has one here. */
export function markTakenForGone(
  event: StoreEvent,
  sessions: Pick<Sessions, 'get'>,
  writer: Pick<StatusWriter, 'mark'>,
): void {
  if (event.kind !== 'put') return;
  const { key, value } = event.kv;
  const about = parseResourceKey(key);
  if (about?.part !== 'status' || about.collection !== 'nves') return;
  if (sessions.get(about.id) === undefined) return;
  if (!hasSession(STATUS_RECORDS.nves.decode(key, value))) writer.mark(about.id);
}
