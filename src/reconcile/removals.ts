/** What is removed at the end because nobody wants it. */
import { blocked } from './blocked.js';
import type { Draft } from './draft.js';
import { isDeleted, type Loss } from './losses.js';

/**
 * The unwanted objects that go last, those in `losses` aside. One that a staying object still
 * hangs on gets a verdict instead.
 */
export function findRemovals(draft: Draft, losses: ReadonlyMap<string, Loss>): Set<string> {
  const removals = new Set<string>();
  if (!draft.input.complete) return removals;
  for (const key of draft.unwanted.keys()) {
    if (!losses.has(key) && draft.input.holds?.has(key) !== true) removals.add(key);
  }
  // A hold yields to the removal of what it hangs on.
  for (const key of removals) {
    for (const dependent of draft.dependentObjects(key)) {
      if (draft.unwanted.has(dependent) && !losses.has(dependent)) removals.add(dependent);
    }
  }
  for (const key of [...removals, ...losses.keys()]) {
    if (draft.unwanted.has(key)) draft.verdicts.delete(key);
  }
  return withoutUsed(draft, losses, removals);
}

function withoutUsed(
  draft: Draft,
  losses: ReadonlyMap<string, Loss>,
  removals: Set<string>,
): Set<string> {
  const users: string[] = [];
  const refuse = (key: string, user: string): void => {
    removals.delete(key);
    draft.verdicts.set(key, blocked(user, `${key} is not wanted, but ${user} still depends on it`));
    users.push(key);
  };
  for (const key of [...removals]) {
    const user = draft
      .dependentObjects(key)
      .find((other) => !removals.has(other) && staysOn(draft, losses, other, key));
    if (user !== undefined) refuse(key, user);
  }
  for (let user = users.pop(); user !== undefined; user = users.pop()) {
    const observed = draft.observed(user);
    if (observed === undefined) continue;
    for (const key of draft.dependenciesOfObject(observed)) {
      if (removals.has(key)) refuse(key, user);
    }
  }
  return removals;
}

/** `user` will hang on `key` even after everything has been made. */
function staysOn(
  draft: Draft,
  losses: ReadonlyMap<string, Loss>,
  user: string,
  key: string,
): boolean {
  if (isDeleted(draft, losses, user)) return false;
  const item = draft.input.wanted.get(user);
  if (item === undefined || draft.verdicts.has(user)) return true;
  const isMade = draft.changes.has(user) || losses.has(user);
  return !isMade || item.dependsOn.includes(key);
}
