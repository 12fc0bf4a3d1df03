/** What a change that waits for its confirmation means to others' writes: they are refused. */
import { z } from 'zod';
import { NfvError } from '../../errors.js';
import type { Collection } from '../../model/names.js';
import { formatName } from '../../model/names.js';
import { PENDING, tombstoneKey } from '../keys.js';
import type { Reads } from '../reads.js';
import { RecordType } from '../records.js';
import type { Guard } from '../resources/resource-rules.js';

/** A change that is undone unless it is confirmed in time. */
export interface PendingRecord {
  readonly who: string;
  /** RFC 3339, UTC. */
  readonly deadline: string;
  /** The store's key of what was changed (record.ts). */
  readonly change: string;
  /** Keys that resources held before and would have given up: nobody may take them meanwhile. */
  readonly retained: readonly string[];
  /** Keys that stand for what was deleted. */
  readonly tombstones: readonly string[];
}

export const PENDING_RECORD = new RecordType<PendingRecord>(
  'a change that waits for its confirmation',
  z.object({
    who: z.string(),
    deadline: z.string(),
    change: z.string(),
    retained: z.array(z.string()).readonly(),
    tombstones: z.array(z.string()).readonly(),
  }),
);

export const pendingKey = (id: string): string => `${PENDING}${id}`;

/**
 * @param pending the id of the change that wrote the resource, if that was to be confirmed
 * @throws NfvError CONFIRMATION_PENDING if it still is
 */
export async function requireConfirmed(
  store: Reads,
  name: string,
  pending: string | undefined,
): Promise<void> {
  if (pending === undefined) return;
  const kv = await store.get(pendingKey(pending));
  if (kv === undefined) return;
  const { who, deadline } = PENDING_RECORD.decode(kv.key, kv.value);
  const revision = String(kv.modRevision);
  throw new NfvError(
    'CONFIRMATION_PENDING',
    `${name} is part of change ${revision} by ${who}, which is undone at ${deadline} unless it is confirmed`,
    { metadata: { revision, deadline } },
  );
}

/** A new resource does not take the name of one whose deletion is not confirmed. */
export function notDeletedPending(store: Reads, collection: Collection, id: string): Guard {
  const key = tombstoneKey(collection, id);
  const onFail = async (): Promise<NfvError> => {
    try {
      await requireConfirmed(store, formatName(collection, id), (await store.get(key))?.value);
    } catch (thrown) {
      return NfvError.from(thrown);
    }
    return new NfvError('WRITE_CONFLICT', `${formatName(collection, id)} was confirmed just now`);
  };
  return { compare: { kind: 'revision', key, revision: 0 }, onFail };
}
