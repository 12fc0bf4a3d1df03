/** The NVA's store, as its configuration says. */
import type { NvaConfig } from '../nva/config.js';
import type { StoreConfig } from '../nva/store-config.js';
import { formatTarget } from '../rpc/address.js';
import type { EtcdApi } from '../rpc/etcd/types.js';
import type { Store } from '../store/store.js';

/** A plan of a thousand endpoints or so goes in one transaction. */
const EMBEDDED_TXN_OPS = 20_000;

// Each of them is loaded only where it is used.

/** @throws NfvError of openLmdbStore or openEtcdStore */
export async function openNvaStore(config: NvaConfig): Promise<Store> {
  const { store, dataDir, maxStoreBytes, peer } = config;
  if (store.kind === 'embedded') {
    const { openLmdbStore } = await import('../store/lmdb/store.js');
    return openLmdbStore({ path: dataDir, maxBytes: maxStoreBytes, txnOps: EMBEDDED_TXN_OPS });
  }
  const { openEtcdStore } = await import('../store/etcd/store.js');
  const { prefix, maxTxnOps } = store;
  const advertise = peer === undefined ? '' : formatTarget(peer.advertise);
  return openEtcdStore({ api: await etcdClient(store), prefix, maxTxnOps, advertise });
}

/** @throws NfvError FILE_UNREADABLE */
export async function etcdClient({ endpoints, tls, user }: StoreConfig): Promise<EtcdApi> {
  const { EtcdClient } = await import('../rpc/etcd/client.js');
  return new EtcdClient({
    endpoints,
    ...(tls && { tls: { ca: tls.ca, ...(tls.cert !== '' && { cert: tls.cert, key: tls.key }) } }),
    ...(user && { user: { username: user.name, passwordFile: user.passwordFile } }),
  });
}

/** Reads the TLS files and the password. @throws NfvError FILE_UNREADABLE */
export async function checkStoreFiles({ store }: NvaConfig): Promise<void> {
  if (store.kind === 'embedded') return;
  (await etcdClient(store)).close();
  if (store.user === undefined) return;
  const { readPassword } = await import('../rpc/etcd/token.js');
  readPassword(store.user.passwordFile);
}
