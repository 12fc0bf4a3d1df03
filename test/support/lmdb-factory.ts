import { openLmdbStore } from '../../src/store/lmdb/store.js';
import type { StoreFactory, StoreUnderTest } from './store-helpers.js';
import { temporaryDirectory } from './temporary-directory.js';

/** The embedded store, each in a directory of its own under `parent`. */
export function lmdbFactory(parent?: string): StoreFactory {
  return {
    name: 'LMDB',
    capabilities: { increments: 10_000, modelRuns: 60 },
    async open() {
      const directory = await temporaryDirectory(parent);
      const open = async (): Promise<StoreUnderTest> => {
        const store = await openLmdbStore({ path: directory.path });
        return {
          store,
          async reopen() {
            await store.close();
            return open();
          },
          async dispose() {
            await store.close();
            await directory.remove();
          },
        };
      };
      return open();
    },
  };
}
