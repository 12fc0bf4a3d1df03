/**
 * Forgets history: first the compact revision is raised, so that nobody relies on what goes; then
 * log and history are removed in steps that share groups with other transactions. Killed in
 * between, the rest goes with the next compaction.
 */
import { checkNotFuture } from '../check-request.js';
import type { Draft } from './draft.js';

/** Runs a change in a group of commits; resolves when it is durable. */
export type Submit = <T>(change: (draft: Draft) => T) => Promise<T>;

/** Bounds of one step. */
const STEP_REVISIONS = 256;
const STEP_OPS = 1024;

/** @throws NfvError REVISION_IN_FUTURE, STORE_FULL, STORE_FAILED, STORE_DAMAGED */
export async function compactStore(submit: Submit, revision: number): Promise<void> {
  await submit((draft) => {
    checkNotFuture(revision, draft.state.revision);
    if (revision > draft.state.compactRevision) draft.changeState({ compactRevision: revision });
  });
  while (await submit(purgeStep));
}

/** Removes some of what is compacted; true: there is more. */
function purgeStep(draft: Draft): boolean {
  // The log of a revision that is in this very group cannot be read yet.
  const last = Math.min(draft.state.compactRevision, draft.committedRevision);
  let purgedRevision = draft.state.purgedRevision;
  const most = Math.min(last, purgedRevision + STEP_REVISIONS);
  for (let ops = 0; purgedRevision < most && ops < STEP_OPS;) {
    const revision = purgedRevision + 1;
    for (const op of draft.committed.log(revision)) {
      if (op.replaced) draft.removeHistory(op.key, revision);
      ops++;
    }
    draft.removeLog(revision);
    purgedRevision = revision;
  }
  if (purgedRevision > draft.state.purgedRevision) draft.changeState({ purgedRevision });
  return purgedRevision < draft.state.compactRevision;
}
