/** Pages of a collection, all of one revision. */
import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { invalidField, NfvError } from '../../errors.js';
import type { ListRequest, ListResult, Resource } from '../../model/api.js';
import { isId } from '../../model/names.js';
import { resourceFilter } from '../../model/resource-filter.js';
import type { Store } from '../../store/store.js';
import type { MayRead } from '../access/guardable.js';
import { specsOf } from '../keys.js';
import { decodeKv } from '../records.js';
import type { ResourceRules } from './resource-rules.js';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1000;
/** Keys read at a time; between them others get their turn. */
const CHUNK = 200;

/** Where the next page starts; opaque to the caller. */
const token = z.object({
  revision: z.int().nonnegative(),
  /** Id of the last resource of the page before. */
  after: z.string().refine(isId),
  /** Of the filter: a token is only good for the list it came from. */
  filter: z.string(),
});

/** @param mayRead of what may not be read nothing is told: it neither matches nor counts, and no token names it */
export async function listPage<Spec extends object, R extends Resource>(
  store: Store,
  rules: ResourceRules<Spec, R>,
  request: ListRequest,
  signal: AbortSignal,
  mayRead?: MayRead<Spec>,
): Promise<ListResult<R>> {
  const size = pageSize(request.pageSize);
  const isWanted = resourceFilter(request.filter, [rules.kind]);
  const filterHash = hash(`${rules.collection}\0${request.filter}`);
  const start = request.pageToken === '' ? undefined : decodeToken(request.pageToken, filterHash);
  const prefix = specsOf(rules.collection);
  const resources: R[] = [];
  // The first page is as of when it is read: another replica may have written a moment ago.
  let revision = start?.revision;
  let after = `${prefix}${start?.after ?? ''}`;
  for (;;) {
    await turn(undefined, { signal });
    const chunk = await store.range({
      ...{ prefix, after, limit: CHUNK },
      ...(revision === undefined ? {} : { revision }),
    });
    revision = chunk.revision;
    for (const kv of chunk.kvs) {
      after = kv.key;
      const record = decodeKv(rules.records, kv);
      if (mayRead !== undefined && !(await mayRead(record.value.spec, revision))) continue;
      const resource = await rules.assemble(kv.key.slice(prefix.length), record, revision);
      if (!isWanted(resource)) continue;
      const last = resources.at(-1);
      // There is another page only where something is on it.
      if (last !== undefined && resources.length === size) {
        const nextPageToken = encodeToken({ revision, after: last.id, filter: filterHash });
        return { resources, nextPageToken, revision };
      }
      resources.push(resource);
    }
    if (!chunk.more) return { resources, nextPageToken: '', revision };
  }
}

export function pageSize(size: number): number {
  if (size < 0) throw invalidField('page_size', size, 'negative', `give 1-${MAX_PAGE}, or 0`);
  // AIP-158: a larger page than there can be is cut, not refused.
  return size === 0 ? DEFAULT_PAGE : Math.min(size, MAX_PAGE);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 12);
}

function encodeToken(value: z.infer<typeof token>): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decodeToken(text: string, filterHash: string): z.infer<typeof token> {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch (cause) {
    throw new NfvError('INVALID_PAGE_TOKEN', 'not a page token', { cause });
  }
  const result = token.safeParse(json);
  if (!result.success) throw new NfvError('INVALID_PAGE_TOKEN', 'not a page token');
  if (result.data.filter !== filterHash) {
    throw new NfvError('INVALID_PAGE_TOKEN', 'the page token is of another list or filter');
  }
  return result.data;
}
