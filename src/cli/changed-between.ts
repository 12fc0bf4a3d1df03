/** What differs between two revisions, from the history of changes. */
import { NfvError } from '../errors.js';
import type { Change, Specified } from '../model/changes.js';
import { nameOf } from './kinds.js';
import type { Session } from './session.js';

const PAGE_SIZE = 500;

export interface Between {
  /** `endpoints/web`. */
  readonly name: string;
  /** Absent: it did not exist. */
  readonly before: Specified | undefined;
  readonly after: Specified | undefined;
}

/**
 * In order of the names; some may be as they were.
 * @param to undefined: now
 * @throws NfvError REVISION_COMPACTED, REVISION_IN_FUTURE, INVALID_FIELD
 */
export async function changedBetween(
  session: Session,
  from: number,
  to: number | undefined,
): Promise<Between[]> {
  if (to !== undefined && to < from) {
    throw new NfvError('INVALID_FIELD', `revision ${to} is before ${from}`, {
      remedy: 'give the earlier revision first',
    });
  }
  const upTo = to === undefined ? '' : ` AND revision <= ${to}`;
  const found = new Map<string, Between>();
  for await (const { changes } of changesOf(
    session,
    `revision > ${from}${upTo}`,
    from,
    to ?? from,
  )) {
    for (const { kind, id, before, after } of changes) {
      if (before === undefined && after === undefined) continue;
      const name = nameOf({ kind, id });
      // The newest come first: what was after the last of them stays.
      const last = found.get(name);
      found.set(name, { name, before, after: last === undefined ? after : last.after });
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function* changesOf(
  session: Session,
  filter: string,
  from: number,
  to: number,
): AsyncGenerator<Change> {
  let pageToken = '';
  do {
    const request = { pageSize: PAGE_SIZE, pageToken, filter };
    const page = await session.retry(() => session.nva.changes.list(request, session.call));
    if (from < page.oldestRevision) {
      const text = `what was changed up to revision ${page.oldestRevision} is forgotten`;
      throw new NfvError('REVISION_COMPACTED', text, { remedy: 'give a later revision' });
    }
    if (Math.max(from, to) > page.revision) {
      throw new NfvError('REVISION_IN_FUTURE', `the NVA is at revision ${page.revision}`);
    }
    yield* page.changes;
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
}
