/** The NVA's store, as its configuration says. */
import { NfvError } from '../errors.js';
import type { NvaConfig } from '../nva/config.js';
import type { StoreConfig } from '../nva/store-config.js';
import { formatTarget } from '../rpc/address.js';
import type { EtcdTls } from '../rpc/etcd/members.js';
import type { EtcdApi } from '../rpc/etcd/types.js';
import type { TlsKeeper } from '../rpc/tls-keeper.js';
import type { Store } from '../store/store.js';

/** A plan of a thousand endpoints or so goes in one transaction. */
const EMBEDDED_TXN_OPS = 20_000;

export interface OpenedStore {
  readonly store: Store;
  /**
   * Resolves when the store is known to be sound: until then what it says does not count, and what writes to
   * it waits. @throws NfvError STORE_DAMAGED, STORE_FAILED, STORE_FULL
   */
  readonly checked: () => Promise<void>;
}

/** The store on its way: an embedded one is opened at once, since the check of its file takes as long as loading the rest. */
export class StoreOpening {
  #opened: Promise<OpenedStore> | undefined;
  #closed: Promise<void> | undefined;
  readonly #stop = new AbortController();

  constructor(private readonly config: NvaConfig) {}

  /** An embedded store: until its check has begun. @throws NfvError of openLmdbStoreEarly */
  async begin(): Promise<void> {
    if (this.config.store.kind !== 'embedded') return;
    this.#opened = openStore(this.config, this.#stop.signal);
    await this.#opened;
  }

  /**
   * @param keeper looks after the certificate for etcd
   * @throws NfvError of openLmdbStoreEarly or openEtcdStore
   */
  store(keeper: TlsKeeper): Promise<OpenedStore> {
    return (this.#opened ??= openStore(this.config, this.#stop.signal, keeper));
  }

  /** Whatever it has come to; may be called again. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#stop.abort(new NfvError('SHUTTING_DOWN', 'the NVA is stopping'));
    await this.#opened?.then(
      ({ store }) => store.close(),
      () => undefined,
    );
  }
}

// Each kind of store is loaded only where it is used.

async function openStore(
  config: NvaConfig,
  signal: AbortSignal,
  keeper?: TlsKeeper,
): Promise<OpenedStore> {
  const { store, dataDir, maxStoreBytes, peer } = config;
  if (store.kind === 'embedded') {
    const { openLmdbStoreEarly } = await import('../store/lmdb/store.js');
    const sizes = { maxBytes: maxStoreBytes, txnOps: EMBEDDED_TXN_OPS };
    const early = await openLmdbStoreEarly({ path: dataDir, ...sizes, signal });
    return { store: early, checked: () => early.checked() };
  }
  const { openEtcdStore } = await import('../store/etcd/store.js');
  const { prefix, maxTxnOps } = store;
  const advertise = peer === undefined ? '' : formatTarget(peer.advertise);
  const api = await etcdClient(store, keeper);
  const opened = await openEtcdStore({ api, prefix, maxTxnOps, advertise });
  return { store: opened, checked: () => Promise.resolve() };
}

/**
 * @param keeper absent: the TLS files are read once
 * @throws NfvError FILE_UNREADABLE
 */
export async function etcdClient(
  { endpoints, tls, user }: StoreConfig,
  keeper?: TlsKeeper,
): Promise<EtcdApi> {
  const { EtcdClient } = await import('../rpc/etcd/client.js');
  return new EtcdClient({
    endpoints,
    ...(tls && { tls: tlsOf(tls, keeper) }),
    ...(user && { user: { username: user.name, passwordFile: user.passwordFile } }),
  });
}

function tlsOf(
  { ca, cert, key }: NonNullable<StoreConfig['tls']>,
  keeper: TlsKeeper | undefined,
): EtcdTls {
  if (cert === '') return { ca };
  return keeper?.keep({ ca, cert, key }) ?? { ca, cert, key };
}

/** Reads the TLS files and the password. @throws NfvError FILE_UNREADABLE */
export async function checkStoreFiles({ store }: NvaConfig): Promise<void> {
  if (store.kind === 'embedded') return;
  (await etcdClient(store)).close();
  if (store.user === undefined) return;
  const { readPassword } = await import('../rpc/etcd/token.js');
  readPassword(store.user.passwordFile);
}
