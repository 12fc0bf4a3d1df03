import { invalidFields, type NfvError } from '../../errors.js';
import { formatName } from '../../model/names.js';
import type { Reads } from '../reads.js';
import { requireConfirmed } from '../changes/pending-mark.js';
import { specKey, tombstoneKey } from '../keys.js';
import { RECORDS, type RecordType, type SpecRecord } from '../records.js';
import type { Guard } from './resource-rules.js';

/** A resource that must exist, and still be the same when what refers to it is written. */
export interface Reference<Spec> {
  readonly spec: Spec;
  readonly guard: Guard;
}

/** As nfvctl calls them. */
const PLURALS = {
  virtualNetworks: 'networks',
  nves: 'nves',
  endpoints: 'endpoints',
  subnets: 'subnets',
  routers: 'routers',
  hostProfiles: 'hostprofiles',
} as const satisfies Record<keyof typeof RECORDS, string>;

/**
 * @param field of the request that names it
 * @throws NfvError REFERENCE_NOT_FOUND
 */
export async function reference<Spec>(
  store: Reads,
  field: string,
  collection: keyof typeof RECORDS,
  id: string,
  records: RecordType<SpecRecord<Spec>>,
): Promise<Reference<Spec>> {
  const kv = await store.get(specKey(collection, id));
  if (kv === undefined) throw notFound(field, collection, id);
  const compare = { kind: 'revision', key: kv.key, revision: kv.modRevision } as const;
  const { spec, pending } = records.decode(kv.key, kv.value);
  await requireConfirmed(store, formatName(collection, id), pending);
  return { spec, guard: { compare, onFail: 'retry' } };
}

/**
 * Of a resource that an index names; undefined: it was deleted a moment ago.
 * @throws NfvError CONFIRMATION_PENDING: it may be another one soon
 */
export async function listedSpec<Spec>(
  store: Reads,
  collection: keyof typeof RECORDS,
  id: string,
  records: RecordType<SpecRecord<Spec>>,
): Promise<Spec | undefined> {
  const kv = await store.get(specKey(collection, id));
  const name = formatName(collection, id);
  if (kv === undefined) {
    await requireConfirmed(store, name, (await store.get(tombstoneKey(collection, id)))?.value);
    return undefined;
  }
  const { spec, pending } = records.decode(kv.key, kv.value);
  await requireConfirmed(store, name, pending);
  return spec;
}

/** The tenant of a network; empty: there is no such network. */
export async function tenantOf(store: Reads, network: string): Promise<string> {
  const kv = await store.get(specKey('virtualNetworks', network));
  return kv === undefined ? '' : RECORDS.virtualNetworks.decode(kv.key, kv.value).spec.tenant;
}

/** Also what may not be read is refused so. */
export function notFound(field: string, collection: keyof typeof RECORDS, id: string): NfvError {
  const remedy = `create it first, or name one of "nfvctl get ${PLURALS[collection]}"`;
  const value = formatName(collection, id);
  return invalidFields([{ field, value, reason: 'does not exist', remedy }], 'REFERENCE_NOT_FOUND');
}
