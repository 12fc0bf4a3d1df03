import { createHash } from 'node:crypto';
import { canonicalJson } from '../../model/canonical.js';
import { COLLECTION_OF, type ResourceChange, type Specified } from '../../model/changes.js';
import { keepingMigration } from '../../model/migration.js';
import { formatName } from '../../model/names.js';
import { inTurns } from '../in-turns.js';
import type { Effect, EffectItem } from './effect.js';

/**
 * Of all that a plan would do: to each resource, from what it is; and on each NVE. It is SHA-256 over the canonical
 * JSON of `{nves: [[nve, [[key, version], ...]], ...], resources: [...]}`, in order of the names.
 */
export function hashOf(changes: readonly ResourceChange[], effect: Effect): Promise<string> {
  return inTurns(hashInSteps(changes, effect));
}

function* hashInSteps(changes: readonly ResourceChange[], effect: Effect): Generator<void, string> {
  const hash = createHash('sha256');
  const put = (text: string): void => {
    hash.update(text);
  };
  put('{"nves":[');
  const nves = [...effect].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [i, [nve, items]] of nves.entries()) {
    put(`${i === 0 ? '' : ','}[${JSON.stringify(nve)},[`);
    yield* listed(items, ({ key, version }: EffectItem) => [key, version], put);
    put(']]');
  }
  put('],"resources":[');
  const named = changes.map((change) => ({ name: nameOf(change), change }));
  const resources = named.sort((a, b) => (a.name < b.name ? -1 : 1));
  yield* listed(
    resources,
    ({ name, change: { verb, before, after } }) => ({
      name,
      ...{ verb, before: before && specOf(before), after: after && specOf(after) },
    }),
    put,
  );
  put(']}');
  return hash.digest('hex');
}

/** What an array of them has between its brackets, in steps of one. */
function* listed<T>(
  all: readonly T[],
  as: (each: T) => unknown,
  put: (text: string) => void,
): Generator<void> {
  for (const [i, each] of all.entries()) {
    put(`${i === 0 ? '' : ','}${canonicalJson(as(each))}`);
    yield;
  }
}

function nameOf({ kind, id }: ResourceChange): string {
  return formatName(COLLECTION_OF[kind], id);
}

/** A migration goes on by itself, and is what it is in any plan; what it means to NVEs is in the effect. */
function specOf(is: Specified): Specified['spec'] {
  return is.kind === 'Endpoint' ? keepingMigration(is.spec, undefined) : is.spec;
}
