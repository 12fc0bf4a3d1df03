/** `nfvd store copy`: an NVA's store from one place to another. */
import { existsSync } from 'node:fs';
import { link, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NfvError } from '../errors.js';
import type { NvaConfig } from '../nva/config.js';
import { CHANGES, PENDING } from '../nva/keys.js';
import { copyStore, type Copied, type StoreIdentity } from '../store/copy.js';
import { DATA_FILE } from '../store/lmdb/file.js';
import { makeDirectory } from '../store/lmdb/create.js';
import { openLmdbStore } from '../store/lmdb/store.js';
import { finishEtcdStore } from '../store/etcd/open.js';
import { openEtcdStore } from '../store/etcd/store.js';
import type { Store } from '../store/store.js';
import { etcdClient } from './nva-store.js';

/** Where a copy grows, in the directory that it is for. */
const UNFINISHED = 'copying';

interface Target {
  readonly store: Store;
  /** What was copied counts from now on; the store is closed. */
  finish(): Promise<void>;
}

/**
 * The copy takes the place of the source: it has its id and a higher epoch, so that NVEs accept it, and
 * from then on no longer the source.
 * @throws NfvError STORE_LOCKED while an NVA uses the source; ALREADY_EXISTS when there is a store where
 *   the copy is to be; NOT_FOUND; those of the stores
 */
export async function copyNvaStore(from: NvaConfig, to: NvaConfig): Promise<Copied> {
  const source = await openSource(from);
  try {
    const { storeId, epoch } = source.status();
    const target = await openTarget(to, { storeId, epoch }, source.txnOps);
    try {
      const copied = await copyStore(source, target.store, { isLast });
      await target.store.close();
      await target.finish();
      return copied;
    } finally {
      await target.store.close();
    }
  } finally {
    await source.close();
  }
}

/** A change's record and what waits for its confirmation have one revision, that they are known by. */
function isLast(key: string): boolean {
  return key.startsWith(CHANGES) || key.startsWith(PENDING);
}

async function openSource(config: NvaConfig): Promise<Store> {
  const { store: where, dataDir, maxStoreBytes } = config;
  if (where.kind === 'embedded') {
    if (!existsSync(join(dataDir, DATA_FILE))) {
      throw new NfvError('NOT_FOUND', `${dataDir} has no store`, { remedy: 'correct dataDir' });
    }
    return openLmdbStore({ path: dataDir, maxBytes: maxStoreBytes });
  }
  const { prefix, maxTxnOps } = where;
  const api = await etcdClient(where);
  const store = await openEtcdStore({ api, prefix, maxTxnOps, mustExist: true });
  const others = store.peers?.others() ?? 0;
  if (others === 0) return store;
  await store.close();
  const text = `${others} other processes have the store in etcd open`;
  throw new NfvError('STORE_LOCKED', text, { remedy: 'stop every "nfvd nva" on it' });
}

async function openTarget(config: NvaConfig, make: StoreIdentity, txnOps: number): Promise<Target> {
  const { store: where, dataDir, maxStoreBytes } = config;
  if (where.kind === 'etcd') {
    const { prefix, maxTxnOps } = where;
    const store = await openEtcdStore({ api: await etcdClient(where), prefix, maxTxnOps, make });
    return { store, finish: async () => finishEtcdStore(await etcdClient(where), prefix) };
  }
  const file = join(dataDir, DATA_FILE);
  if (existsSync(file)) {
    throw new NfvError('ALREADY_EXISTS', `${dataDir} has a store`, {
      remedy: 'name another dataDir, or move what is there away',
    });
  }
  await makeDirectory(dataDir);
  const path = join(dataDir, UNFINISHED);
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { mode: 0o700 });
  const store = await openLmdbStore({ path, maxBytes: maxStoreBytes, txnOps, make });
  return {
    store,
    async finish() {
      // Not a rename: whatever came there meanwhile stays.
      await link(join(path, DATA_FILE), file);
      await syncDirectory(dataDir);
      await rm(path, { recursive: true, force: true });
    },
  };
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
