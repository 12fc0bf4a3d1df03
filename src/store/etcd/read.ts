/** Reads, now and as of a revision; many keys in steps. */
import { NfvError } from '../../errors.js';
import type {
  EtcdApi,
  EtcdKeyValue,
  EtcdRange,
  EtcdRangeResult,
  EtcdTxn,
} from '../../rpc/etcd/types.js';
import { checkNotFuture, checkReadable, DEFAULT_LIMIT } from '../check-request.js';
import { LIMITS, type KeyValue, type RangeRequest, type RangeResult } from '../store.js';
import { learnCompacted } from './compacted.js';
import type { Layout } from './layout.js';
import type { State } from './state.js';
import { readHead } from './txn.js';

/** Keys asked for at a time. */
const STEP_KEYS = 512;

interface Read {
  /** That it shows. */
  readonly revision: number;
  readonly result: EtcdRangeResult;
}

/**
 * As of `revision` (default the latest).
 * @throws NfvError as EtcdApi.ask, REVISION_COMPACTED, REVISION_IN_FUTURE
 */
export async function readAt(
  api: EtcdApi,
  state: State,
  range: EtcdRange,
  revision: number | undefined,
): Promise<Read> {
  for (;;) {
    const { own, cluster } = state.compacted;
    if (revision !== undefined && revision < own) checkReadable(revision, state.revision, own);
    // Where etcd is compacted up to later than the store's own revision, it is what it was there.
    const there = revision === undefined ? undefined : Math.max(revision, cluster);
    try {
      const answer = await api.ask(readRequest(state.layout, range, there));
      const head = state.learnHead(answer, 0);
      const result = answer.ranges[1] ?? { kvs: [], more: false };
      if (revision !== undefined) checkNotFuture(revision, head);
      return { revision: revision ?? head, result };
    } catch (thrown) {
      if (NfvError.from(thrown).code !== 'REVISION_COMPACTED') throw thrown;
      await learnCompacted(api, state);
      // Still the same: somebody compacts faster than we look, or it is really gone.
      if (state.compacted.cluster === cluster) throw thrown;
    }
  }
}

function readRequest(layout: Layout, range: EtcdRange, revision: number | undefined): EtcdTxn {
  // Of etcd's revisions 1 is the first, and has no keys.
  const at = revision === undefined ? {} : { revision: Math.max(1, revision) };
  const read = { kind: 'range', range: { ...range, ...at } } as const;
  return { compare: [], success: [readHead(layout), read], failure: [] };
}

export function keyValue(layout: Layout, kv: EtcdKeyValue): KeyValue {
  const { createRevision, modRevision } = kv;
  return { key: layout.text(kv.key), value: kv.value.toString(), createRevision, modRevision };
}

/** @throws NfvError as EtcdApi.ask, REVISION_COMPACTED, REVISION_IN_FUTURE */
export async function readRange(
  api: EtcdApi,
  state: State,
  request: RangeRequest,
): Promise<RangeResult> {
  const { prefix, limit = DEFAULT_LIMIT } = request;
  const { layout } = state;
  const kvs: KeyValue[] = [];
  let { after, revision } = request;
  let bytes = 0;
  for (let step = STEP_KEYS; ;) {
    const most = Math.min(step, limit - kvs.length);
    let read: Read;
    try {
      const range = { ...layout.range(prefix, after), limit: most };
      read = await readAt(api, state, range, revision);
    } catch (thrown) {
      const { code } = NfvError.from(thrown);
      if (code === 'MESSAGE_TOO_LARGE' && most > 1) {
        step = Math.ceil(most / 4);
        continue;
      }
      // The latest revision of the first step was compacted underneath: what it found is right.
      if (code !== 'REVISION_COMPACTED' || request.revision !== undefined) throw thrown;
      if (revision === undefined) throw thrown;
      return { revision, kvs, more: true };
    }
    revision = read.revision;
    for (const kv of read.result.kvs) {
      const found = keyValue(layout, kv);
      bytes += Buffer.byteLength(found.key) + kv.value.length;
      if (kvs.length > 0 && bytes > LIMITS.rangeBytes) return { revision, kvs, more: true };
      kvs.push(found);
      after = found.key;
    }
    const { more } = read.result;
    if (!more || kvs.length >= limit) return { revision, kvs, more };
  }
}
