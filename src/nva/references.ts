import { invalidFields, type NfvError } from '../errors.js';
import { formatName } from '../model/names.js';
import type { Store } from '../store/store.js';
import { specKey } from './keys.js';
import type { RECORDS } from './records.js';
import { type RecordType, type SpecRecord } from './records.js';
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
  store: Store,
  field: string,
  collection: keyof typeof RECORDS,
  id: string,
  records: RecordType<SpecRecord<Spec>>,
): Promise<Reference<Spec>> {
  const kv = await store.get(specKey(collection, id));
  if (kv === undefined) throw notFound(field, collection, id);
  const compare = { kind: 'revision', key: kv.key, revision: kv.modRevision } as const;
  return { spec: records.decode(kv.key, kv.value).spec, guard: { compare, onFail: 'retry' } };
}

function notFound(field: string, collection: keyof typeof RECORDS, id: string): NfvError {
  const remedy = `create it first, or name one of "nfvctl get ${PLURALS[collection]}"`;
  const value = formatName(collection, id);
  return invalidFields([{ field, value, reason: 'does not exist', remedy }], 'REFERENCE_NOT_FOUND');
}
