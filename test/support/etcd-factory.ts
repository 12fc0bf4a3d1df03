import { openEtcdStore } from '../../src/store/etcd/store.js';
import type { EtcdCluster } from './etcd.js';
import type { StoreFactory, StoreUnderTest } from './store-helpers.js';

/** Stores in one cluster, each under a prefix of its own. */
export function etcdFactory(name: string, cluster: () => EtcdCluster): StoreFactory {
  let count = 0;
  return {
    name,
    capabilities: { increments: 200, modelRuns: 10 },
    async open() {
      const prefix = `/nfvt/${++count}/`;
      // Each opening talks to another member first.
      let first = count;
      const open = async (): Promise<StoreUnderTest> => {
        const { length } = cluster().endpoints;
        const store = await openEtcdStore({ api: cluster().client(first++ % length), prefix });
        return {
          store,
          async reopen() {
            await store.close();
            return open();
          },
          dispose: () => store.close(),
        };
      };
      return open();
    },
  };
}
