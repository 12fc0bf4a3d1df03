/** Two items that want the same host resource: who has it, who gets it, who must go first. */
import { claimsOf } from './assess.js';
import { blocked } from './blocked.js';
import type { Draft } from './draft.js';

/**
 * Decides for every change that claims something another object has or item wants: it displaces
 * what is unwanted or on its way out, else it is blocked. What has a claim and may keep it wins;
 * of several that only want it, the first key does.
 */
export function resolveCollisions(draft: Draft): void {
  const { traits } = draft.input;
  const takers = new Map<string, string>();
  let holders: Map<string, string> | undefined;
  for (const key of [...draft.changes.keys()]) {
    const item = draft.changes.get(key)?.item;
    if (item === undefined) continue;
    for (const claim of claimsOf(traits, item.payload)) {
      holders ??= findHolders(draft);
      const holder = holders.get(claim) ?? key;
      const taker = takers.get(claim) ?? key;
      if (holder !== key) displace(draft, key, holder, claim);
      if (taker !== key) refuse(draft, key, taker, `${claim} is wanted by ${taker} as well`);
      else if (!draft.verdicts.has(key)) takers.set(claim, key);
    }
  }
}

function findHolders(draft: Draft): Map<string, string> {
  const holders = new Map<string, string>();
  for (const [key, observed] of draft.input.observation.objects) {
    for (const claim of claimsOf(draft.input.traits, observed.payload)) holders.set(claim, key);
  }
  return holders;
}

function displace(draft: Draft, key: string, holder: string, claim: string): void {
  const change = draft.changes.get(holder);
  if (draft.isKept(holder)) {
    refuse(draft, key, holder, `${holder} has ${claim}; nothing is removed yet`);
  } else if (!draft.unwanted.has(holder)) {
    const keeps = change === undefined || claimsAgain(draft, holder, claim);
    if (keeps) {
      refuse(draft, key, holder, `${holder} has ${claim}`);
      return;
    }
    draft.changes.set(holder, { ...change, recreate: true });
  }
  const displaced = draft.displaces.get(key) ?? new Set();
  draft.displaces.set(key, displaced.add(holder));
}

function claimsAgain(draft: Draft, holder: string, claim: string): boolean {
  const item = draft.input.wanted.get(holder);
  return item !== undefined && claimsOf(draft.input.traits, item.payload).includes(claim);
}

function refuse(draft: Draft, key: string, by: string, message: string): void {
  if (!draft.verdicts.has(key)) draft.verdicts.set(key, blocked(by, `${key}: ${message}`));
}
