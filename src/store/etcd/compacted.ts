/** etcd does not tell up to where it is compacted; what can be read does. */
import { NfvError } from '../../errors.js';
import type { EtcdApi } from '../../rpc/etcd/types.js';
import type { Layout } from './layout.js';
import { firstOf, type State } from './state.js';

/** Finds out up to where history is gone. @throws NfvError as EtcdApi.ask */
export async function learnCompacted(api: EtcdApi, state: State): Promise<void> {
  const { clusterRevision } = await state.refresh();
  const { layout, compacted } = state;
  const found = await findCompacted(api, layout, compacted.cluster, clusterRevision);
  await noteCompacted(api, state, found);
}

/**
 * etcd was compacted up to this revision of the cluster. Of the store it is the latest revision
 * before: what it was then is what it was there.
 * @throws NfvError as EtcdApi.ask
 */
export async function noteCompacted(api: EtcdApi, state: State, cluster: number): Promise<void> {
  if (cluster <= state.compacted.cluster) return;
  const range = { key: state.layout.head, keysOnly: true, revision: cluster };
  const read = { kind: 'range', range } as const;
  const answer = await api.ask({ compare: [], success: [read], failure: [] });
  state.compactedTo({ cluster, own: firstOf(answer, 0)?.modRevision ?? 0 });
}

/**
 * The oldest revision that can be read; 0: nothing was ever compacted.
 * @param from one that may not be
 * @param to one that can be
 */
async function findCompacted(
  api: EtcdApi,
  layout: Layout,
  from: number,
  to: number,
): Promise<number> {
  let [low, high] = [Math.max(1, from), to];
  if (await isReadable(api, layout, low)) return low === 1 ? 0 : low;
  while (low + 1 < high) {
    const middle = Math.floor((low + high) / 2);
    if (await isReadable(api, layout, middle)) high = middle;
    else low = middle;
  }
  return high;
}

async function isReadable(api: EtcdApi, layout: Layout, revision: number): Promise<boolean> {
  const range = { key: layout.head, keysOnly: true, revision };
  try {
    await api.ask({ compare: [], success: [{ kind: 'range', range }], failure: [] });
    return true;
  } catch (thrown) {
    if (NfvError.from(thrown).code === 'REVISION_COMPACTED') return false;
    throw thrown;
  }
}
