/** What cannot be made because of what it needs. */
import { dependenciesOf, type Item } from '../model/item.js';
import { isSound, traitsOf } from './assess.js';
import { blocked } from './blocked.js';
import type { Draft } from './draft.js';
import type { Loss, ToBeMade } from './losses.js';
import type { Standing } from './plan-types.js';

/** Of a cycle, in a message. */
const MAX_SHOWN = 8;

interface Verdict {
  readonly key: string;
  readonly by: string;
  readonly message: string;
}

/**
 * Gives a verdict to every key of `active` (what is to be made) that needs something that is
 * unknown, has failed, or has a verdict itself, and to every cycle of dependencies. What is there
 * and only cannot be changed now (its MTU, say) keeps nobody waiting, unless it is in `losses`.
 * @returns whether there is any verdict more than before.
 */
export function blockDependents(
  draft: Draft,
  active: ToBeMade,
  losses: ReadonlyMap<string, Loss>,
): boolean {
  const before = draft.verdicts.size;
  const graph = new Needs(draft, active);
  for (const { item } of active.values()) {
    const { key } = item;
    if (draft.verdicts.has(key)) continue;
    for (const need of graph.needsOf(item)) {
      const problem = problemWith(draft, losses, need);
      if (problem !== undefined) {
        graph.block([{ key, by: need, message: `${key} needs ${need}, ${problem}` }]);
        break;
      }
    }
  }
  for (const key of graph.inOrBehindCycles()) {
    if (!draft.verdicts.has(key)) blockCycle(graph, key);
  }
  return draft.verdicts.size > before;
}

function problemWith(
  draft: Draft,
  losses: ReadonlyMap<string, Loss>,
  need: string,
): string | undefined {
  const standing = standingOf(draft, losses, need);
  switch (standing) {
    case 'stands':
      return undefined;
    case 'missing':
      return 'which is missing, and drift is left alone here';
    case 'unwanted':
      return 'which is not in the configuration';
    default:
      return `which cannot be done now (${standing.code})`;
  }
}

function standingOf(draft: Draft, losses: ReadonlyMap<string, Loss>, need: string): Standing {
  const verdict = draft.verdicts.get(need);
  if (verdict !== undefined) return carriesOn(draft, losses, need) ? 'stands' : verdict;
  if (draft.leftMissing.has(need)) return 'missing';
  if (draft.input.wanted.has(need)) return 'stands';
  return draft.input.outside?.(need) ?? 'unwanted';
}

/** It cannot be made as wanted, but is there, and so is all that it hangs on. */
function carriesOn(draft: Draft, losses: ReadonlyMap<string, Loss>, key: string): boolean {
  const item = draft.input.wanted.get(key);
  if (item === undefined || losses.has(key)) return false;
  if (draft.changes.get(key)?.recreate === true) return false;
  if (!isSound(item, draft.observed(key), draft.input.traits)) return false;
  return dependenciesOf(item.payload).every((need) => standingOf(draft, losses, need) === 'stands');
}

/** Follows the needs of a key in or behind a cycle until they repeat. */
function blockCycle(graph: Needs, start: string): void {
  const path: string[] = [];
  const places = new Map<string, number>();
  let key: string | undefined = start;
  while (key !== undefined && !places.has(key)) {
    places.set(key, path.length);
    path.push(key);
    key = graph.unmetNeed(key);
  }
  if (key === undefined) return;
  const cycle = path.slice(places.get(key) ?? 0);
  const verdicts = cycle.map((member, i) => {
    const round = [...cycle.slice(i), ...cycle.slice(0, i), member];
    const path = round.length <= MAX_SHOWN ? round : [...round.slice(0, MAX_SHOWN), '...'];
    const message = `${member} depends on itself: ${path.join(' -> ')}`;
    return { key: member, by: round[1] ?? member, message };
  });
  graph.block(verdicts);
}

function distinct(keys: readonly string[]): readonly string[] {
  return keys.length < 2 ? keys : [...new Set(keys)];
}

/** The graph of what is to be made and what each needs. */
class Needs {
  #inverted: ReadonlyMap<string, readonly string[]> | undefined;
  #waiting = new Map<string, number>();

  constructor(
    private readonly draft: Draft,
    private readonly active: ToBeMade,
  ) {}

  /** Its dependencies, and the wanted items whose place it takes. */
  needsOf({ key, dependsOn }: Item): readonly string[] {
    const displaced = this.draft.displaces.get(key);
    if (displaced === undefined) return distinct(dependsOn);
    const wanted = [...displaced].filter((other) => this.draft.input.wanted.has(other));
    return distinct([...dependsOn, ...wanted]);
  }

  #dependentsOf(need: string): readonly string[] {
    this.#inverted ??= this.#invert();
    return this.#inverted.get(need) ?? [];
  }

  #invert(): ReadonlyMap<string, readonly string[]> {
    const dependents = new Map<string, string[]>();
    for (const [key, { item }] of this.active) {
      for (const need of this.needsOf(item)) {
        if (!this.active.has(need)) continue;
        const list = dependents.get(need);
        if (list === undefined) dependents.set(need, [key]);
        else list.push(key);
      }
    }
    return dependents;
  }

  /** Gives these keys their verdicts, and all that need them theirs. */
  block(entries: readonly Verdict[]): void {
    const { verdicts } = this.draft;
    for (const { key, by, message } of entries) verdicts.set(key, blocked(by, message));
    const queue = entries.map(({ key }) => key);
    for (let need = queue.pop(); need !== undefined; need = queue.pop()) {
      for (const dependent of this.#dependentsOf(need)) {
        if (verdicts.has(dependent)) continue;
        const text = `${dependent} needs ${need}, which cannot be done now (ITEM_BLOCKED)`;
        verdicts.set(dependent, blocked(need, text));
        queue.push(dependent);
      }
    }
  }

  /** The keys that no order of making reaches, in order of the keys. */
  inOrBehindCycles(): readonly string[] {
    this.#waiting = new Map();
    if (this.#goesUpTheRanks()) return [];
    const ready: string[] = [];
    for (const [key, { item }] of this.active) {
      if (this.draft.verdicts.has(key)) continue;
      const count = distinct(item.dependsOn).filter((d) => this.#isOpen(d)).length;
      if (count === 0) ready.push(key);
      else this.#waiting.set(key, count);
    }
    for (let done = ready.pop(); done !== undefined; done = ready.pop()) {
      for (const dependent of this.#dependentsOf(done)) {
        this.#release(dependent, done, ready);
      }
    }
    return [...this.#waiting.keys()].sort();
  }

  /** As it should be: all that is to be made needs lower ranks only. There is no cycle then. */
  #goesUpTheRanks(): boolean {
    for (const { item } of this.active.values()) {
      const rank = this.#rankOf(item);
      for (const need of item.dependsOn) {
        const other = this.active.get(need);
        if (other !== undefined && this.#rankOf(other.item) >= rank) return false;
      }
    }
    return true;
  }

  #rankOf({ payload }: Item): number {
    return traitsOf(this.draft.input.traits, payload)?.rank ?? Infinity;
  }

  #release(dependent: string, done: string, ready: string[]): void {
    const count = this.#waiting.get(dependent);
    const item = this.active.get(dependent)?.item;
    if (count === undefined || item?.dependsOn.includes(done) !== true) return;
    const left = count - 1;
    if (left > 0) {
      this.#waiting.set(dependent, left);
      return;
    }
    this.#waiting.delete(dependent);
    ready.push(dependent);
  }

  #isOpen(key: string): boolean {
    return this.active.has(key) && !this.draft.verdicts.has(key);
  }

  /** A dependency that is in or behind a cycle itself. */
  unmetNeed(key: string): string | undefined {
    return this.active.get(key)?.item.dependsOn.find((d) => this.#waiting.has(d));
  }
}
