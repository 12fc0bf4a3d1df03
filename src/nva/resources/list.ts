/** Pages of a collection, all of one revision. */
import { setImmediate as turn } from 'node:timers/promises';
import type { ListRequest, ListResult, Resource } from '../../model/api.js';
import { isId } from '../../model/names.js';
import { resourceFilter } from '../../model/resource-filter.js';
import type { Store } from '../../store/store.js';
import type { MayRead } from '../access/guardable.js';
import { specsOf } from '../keys.js';
import { pageSize, PageTokens } from '../pages.js';
import { decodeKv } from '../records.js';
import type { ResourceRules } from './resource-rules.js';

/** Keys read at a time; between them others get their turn. */
const CHUNK = 200;

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
  const tokens = new PageTokens(rules.collection, request.filter, isId);
  const start = tokens.decode(request.pageToken);
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
        const nextPageToken = tokens.encode({ revision, after: last.id });
        return { resources, nextPageToken, revision };
      }
      resources.push(resource);
    }
    if (!chunk.more) return { resources, nextPageToken: '', revision };
  }
}
