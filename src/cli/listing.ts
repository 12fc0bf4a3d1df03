import { NfvError } from '../errors.js';
import type { Call, ListRequest, ListResult, Resource } from '../model/api.js';

const PAGE_SIZE = 500;

export interface Listing<R> {
  /** Ordered by id. */
  readonly resources: readonly R[];
  /** What was listed is as of here; watch from it to miss nothing. */
  readonly revision: number;
}

/** All pages. Where an answer would be too large, smaller pages are asked for. */
export async function listAll<R extends Resource>(
  list: (request: ListRequest, call: Call) => Promise<ListResult<R>>,
  filter: string,
  call: Call,
): Promise<Listing<R>> {
  const resources: R[] = [];
  let pageSize = PAGE_SIZE;
  let pageToken = '';
  for (;;) {
    try {
      const page = await list({ pageSize, pageToken, filter }, call);
      resources.push(...page.resources);
      if (page.nextPageToken === '') return { resources, revision: page.revision };
      pageToken = page.nextPageToken;
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (error.code !== 'MESSAGE_TOO_LARGE' || pageSize === 1) throw error;
      pageSize >>= 1;
    }
  }
}
