/** The store's own record: who it is, and its epoch. */
import { NfvError } from '../../errors.js';
import type { EtcdKeyValue } from '../../rpc/etcd/types.js';

const FORMAT = 1;

export interface MetaRecord {
  readonly storeId: string;
  /** See StoreStatus. */
  readonly epoch: number;
}

/** With the revision at which it was last written. */
export interface Meta extends MetaRecord {
  readonly fence: number;
}

export function encodeMeta({ storeId, epoch }: MetaRecord): Buffer {
  return Buffer.from(JSON.stringify({ format: FORMAT, storeId, epoch }));
}

/** @throws NfvError STORE_DAMAGED */
export function decodeMeta(kv: EtcdKeyValue): Meta {
  const what = `etcd's key ${kv.key.toString()}`;
  let record: unknown;
  try {
    record = JSON.parse(kv.value.toString());
  } catch (cause) {
    throw new NfvError('STORE_DAMAGED', `${what} is not of a store of nfvd`, { cause });
  }
  if (isObject(record) && typeof record['format'] === 'number' && record['format'] > FORMAT) {
    const remedy = 'start the release of nfvd that wrote it, or a newer one';
    throw new NfvError('STORE_DAMAGED', `${what} has format ${record['format']}`, { remedy });
  }
  if (isObject(record) && record['format'] === FORMAT) {
    const { storeId, epoch } = record;
    if (typeof storeId === 'string' && Number.isSafeInteger(epoch) && typeof epoch === 'number') {
      return { storeId, epoch, fence: kv.modRevision };
    }
  }
  throw new NfvError('STORE_DAMAGED', `${what} is not of a store of nfvd`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
