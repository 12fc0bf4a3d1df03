/** What is done before the store's first answer. */
import { randomUUID } from 'node:crypto';
import { NfvError } from '../../errors.js';
import type { EtcdApi, EtcdCompare, EtcdOp } from '../../rpc/etcd/types.js';
import type { Layout } from './layout.js';
import { decodeMeta, encodeMeta, type Meta } from './meta.js';
import { firstOf } from './state.js';

/** Nested transactions, compares with ranges, watches that need a leader. */
const LEAST_VERSION = [3, 4] as const;
/** Attempts at a new epoch while others open the store, too. */
const MAX_ATTEMPTS = 100;

/** @throws NfvError STORE_LIMIT, STORE_REFUSED, as EtcdApi.ask */
export async function checkServer(api: EtcdApi, layout: Layout, maxTxnOps: number): Promise<void> {
  const version = await api.version();
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor < LEAST_VERSION[1])) {
    const text = `etcd is of release ${version}; ${LEAST_VERSION.join('.')} is the first that will do`;
    throw new NfvError('STORE_REFUSED', text, { remedy: 'upgrade etcd' });
  }
  const look: EtcdOp = { kind: 'range', range: { key: layout.meta, keysOnly: true } };
  const success = Array.from({ length: maxTxnOps }, () => look);
  try {
    await api.ask({ compare: [], success, failure: [] });
  } catch (cause) {
    if (NfvError.from(cause).code !== 'STORE_LIMIT') throw cause;
    throw new NfvError('STORE_LIMIT', `etcd takes fewer than ${maxTxnOps} operations at once`, {
      cause,
      remedy: `start every member of etcd with --max-txn-ops=${maxTxnOps}, or lower store.maxTxnOps`,
    });
  }
}

/**
 * Above all epochs that the store had, and also above those that it had before a backup of it was
 * put back: at least the seconds since 1970. Makes the store where there is none.
 * @throws NfvError STORE_DAMAGED, STORE_FULL, STORE_FAILED, as EtcdApi.ask
 */
export async function newEpoch(api: EtcdApi, layout: Layout, now: number): Promise<Meta> {
  const read: EtcdOp = { kind: 'range', range: { key: layout.meta } };
  let answer = await api.ask({ compare: [], success: [read], failure: [] });
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const found = firstOf(answer, 0);
    const before = found === undefined ? undefined : decodeMeta(found);
    const epoch = Math.max((before?.epoch ?? 0) + 1, Math.floor(now / 1000));
    const value = encodeMeta({ storeId: before?.storeId ?? randomUUID(), epoch });
    const head: EtcdOp = { kind: 'put', key: layout.head, value: Buffer.from('new') };
    // That it may be done twice makes an epoch that nobody had, and no harm.
    const isNew = before === undefined;
    const empty: EtcdCompare = { of: 'create', ...layout.range(''), revision: 0 };
    answer = await api.ask({
      compare: [
        { of: 'mod', key: layout.meta, revision: before?.fence ?? 0 },
        ...(isNew ? [empty] : []),
      ],
      success: [{ kind: 'put', key: layout.meta, value }, ...(isNew ? [head] : []), read],
      failure: [read],
    });
    const written = firstOf(answer, 0);
    if (answer.succeeded && written !== undefined) return decodeMeta(written);
    if (isNew && written === undefined) {
      const text = `etcd has keys of a store, but not ${layout.meta.toString()}`;
      throw new NfvError('STORE_DAMAGED', text, { remedy: 'restore etcd from a backup' });
    }
  }
  throw new NfvError('STORE_FAILED', 'too many others open the store in etcd at the same time', {
    remedy: 'see what else opens it, then start again',
  });
}
