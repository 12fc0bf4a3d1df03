import { setImmediate as turn } from 'node:timers/promises';
import type { KeyValue } from '../store/store.js';
import type { Reads } from './reads.js';

/** Keys read at a time; between them others get their turn. */
const CHUNK = 500;

export interface ScanOptions {
  /** All of it as of this revision; without it, each chunk as of when it is read. */
  readonly revision?: number;
  /** Ends the scan early, without an error. */
  readonly signal?: AbortSignal;
}

/** What has `prefix`, in order of the keys. */
export async function* scan(
  store: Reads,
  prefix: string,
  { revision, signal }: ScanOptions = {},
): AsyncGenerator<KeyValue> {
  const at = revision === undefined ? {} : { revision };
  let after = prefix;
  while (signal?.aborted !== true) {
    const { kvs, more } = await store.range({ prefix, after, limit: CHUNK, ...at });
    yield* kvs;
    const last = kvs.at(-1);
    if (!more || last === undefined) return;
    after = last.key;
    await turn();
  }
}

/** What follows `prefix` in each key that has it. */
export async function* scanIds(
  store: Reads,
  prefix: string,
  options: ScanOptions = {},
): AsyncGenerator<string> {
  for await (const { key } of scan(store, prefix, options)) yield key.slice(prefix.length);
}
