/** What is done before the store's first answer. */
import { randomUUID } from 'node:crypto';
import { NfvError } from '../../errors.js';
import type { EtcdApi, EtcdCompare, EtcdKeyValue, EtcdOp, EtcdTxn } from '../../rpc/etcd/types.js';
import type { StoreIdentity } from '../copy.js';
import { Layout } from './layout.js';
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

export interface Opening {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Makes the store anew, as this one, unfinished until `finishEtcdStore`; there must be none. */
  readonly make?: StoreIdentity | undefined;
  /** Makes none. */
  readonly mustExist?: boolean | undefined;
}

/**
 * What was copied into a store that was opened with `make` is complete. Closes `api`.
 * @throws NfvError as EtcdApi.ask
 */
export async function finishEtcdStore(api: EtcdApi, prefix: string): Promise<void> {
  try {
    const { copying } = new Layout(prefix);
    await api.ask({ compare: [], success: [{ kind: 'delete', key: copying }], failure: [] });
  } finally {
    api.close();
  }
}

/**
 * Above all epochs that the store had, and also above those that it had before a backup of it was
 * put back: at least the seconds since 1970. Makes the store where there is none.
 * @throws NfvError STORE_DAMAGED, STORE_FULL, STORE_FAILED, ALREADY_EXISTS, NOT_FOUND, as EtcdApi.ask
 */
export async function newEpoch(api: EtcdApi, layout: Layout, opening: Opening): Promise<Meta> {
  let found = await look(api, layout, opening);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const answer = await api.ask(epochRequest(layout, found, opening));
    const written = firstOf(answer, 0);
    if (answer.succeeded && written !== undefined) return decodeMeta(written);
    if (found === undefined && written === undefined) {
      const text = `etcd has keys of a store, but not ${layout.meta.toString()}`;
      throw new NfvError('STORE_DAMAGED', text, { remedy: 'restore etcd from a backup' });
    }
    found = written;
    if (found !== undefined && opening.make !== undefined) throw exists(layout);
  }
  throw new NfvError('STORE_FAILED', 'too many others open the store in etcd at the same time', {
    remedy: 'see what else opens it, then start again',
  });
}

/** What is there. @throws NfvError STORE_DAMAGED, ALREADY_EXISTS, NOT_FOUND: it is not as it should be */
async function look(
  api: EtcdApi,
  layout: Layout,
  { make, mustExist }: Opening,
): Promise<EtcdKeyValue | undefined> {
  const success = [layout.meta, layout.copying].map(readKey);
  const answer = await api.ask({ compare: [], success, failure: [] });
  const found = firstOf(answer, 0);
  if (firstOf(answer, 1) !== undefined) throw unfinished(layout);
  if (found !== undefined && make !== undefined) throw exists(layout);
  if (found === undefined && mustExist === true) {
    const text = `etcd has no ${layout.meta.toString()}`;
    throw new NfvError('NOT_FOUND', text, { remedy: 'correct store.prefix' });
  }
  return found;
}

const readKey = (key: Buffer): EtcdOp => ({ kind: 'range', range: { key } });

/** That it may be done twice makes an epoch that nobody had, and no harm. */
function epochRequest(
  layout: Layout,
  found: EtcdKeyValue | undefined,
  { now, make }: Opening,
): EtcdTxn {
  const before = found === undefined ? undefined : decodeMeta(found);
  const last = before ?? make ?? { storeId: randomUUID(), epoch: 0 };
  const epoch = Math.max(last.epoch + 1, Math.floor(now / 1000));
  const value = encodeMeta({ storeId: last.storeId, epoch });
  const read = readKey(layout.meta);
  const puts: EtcdOp[] = [{ kind: 'put', key: layout.meta, value }];
  const compare: EtcdCompare[] = [{ of: 'mod', key: layout.meta, revision: before?.fence ?? 0 }];
  if (before === undefined) {
    puts.push({ kind: 'put', key: layout.head, value: Buffer.from('new') });
    compare.push({ of: 'create', ...layout.range(''), revision: 0 });
    if (make !== undefined) {
      puts.push({ kind: 'put', key: layout.copying, value: Buffer.alloc(0) });
    }
  }
  return { compare, success: [...puts, read], failure: [read] };
}

function exists({ meta }: Layout): NfvError {
  return new NfvError('ALREADY_EXISTS', `etcd has a store, ${meta.toString()}`, {
    remedy: 'choose another store.prefix',
  });
}

function unfinished({ meta }: Layout): NfvError {
  return new NfvError('STORE_DAMAGED', `the copy into etcd, ${meta.toString()}, was not finished`, {
    remedy: 'delete all keys of the prefix with "etcdctl del --prefix", and copy again',
  });
}
