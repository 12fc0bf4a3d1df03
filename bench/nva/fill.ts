/** Puts a model into a store, through the API. */
import { join } from 'node:path';
import type { NvaApi, Resource, ResourceApi } from '../../src/model/api.js';
import { systemClock } from '../../src/model/clock.js';
import { Nva } from '../../src/nva/nva.js';
import { openLmdbStore } from '../../src/store/lmdb/store.js';
import { nullLog } from '../../test/support/null-log.js';
import { call } from '../../test/support/nva-harness.js';
import type { Named, Overlay } from './overlay.js';

/** Calls under way at once. */
const CALLERS = 256;

/** Leaves the model in `directory`/nva. */
export async function fill(directory: string, overlay: Overlay): Promise<void> {
  await filled(directory, async (nva) => {
    await createAll(nva.nves, overlay.nves, (i) => overlay.nve(i));
    await createAll(nva.virtualNetworks, overlay.nves, (i) => overlay.network(i));
    await createAll(nva.endpoints, overlay.endpoints, (i) => overlay.endpoint(i));
  });
}

/** Leaves in `directory`/nva what the work creates. */
export async function filled(
  directory: string,
  work: (nva: NvaApi) => Promise<void>,
): Promise<void> {
  const store = await openLmdbStore({ path: join(directory, 'nva') });
  const nva = await Nva.start({
    store,
    clock: systemClock,
    log: nullLog,
    vniRange: { min: 1, max: 9999 },
    keepRevisions: 100_000,
  });
  await work(nva);
  await nva.stop();
  await store.close();
}

/** Many at a time. */
export async function createAll<Spec, R extends Resource>(
  api: ResourceApi<Spec, R>,
  count: number,
  make: (i: number) => Named<Spec>,
): Promise<void> {
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < count) {
      await api.create({ ...make(next++), requestId: '', validateOnly: false }, call);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}
