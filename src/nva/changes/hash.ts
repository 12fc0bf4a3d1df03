import { createHash } from 'node:crypto';
import { canonicalJson } from '../../model/canonical.js';
import { COLLECTION_OF, type ResourceChange, type Specified } from '../../model/changes.js';
import { keepingMigration } from '../../model/migration.js';
import { formatName } from '../../model/names.js';
import type { Effect } from './effect.js';

/** Of all that a plan would do: to each resource, from what it is; and on each NVE. */
export function hashOf(changes: readonly ResourceChange[], effect: Effect): string {
  const resources = changes
    .map(({ verb, kind, id, before, after }) => ({
      name: formatName(COLLECTION_OF[kind], id),
      ...{ verb, before: before && specOf(before), after: after && specOf(after) },
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const nves = [...effect]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([nve, items]) => [nve, items.map(({ key, version }) => [key, version])]);
  return createHash('sha256').update(canonicalJson({ resources, nves })).digest('hex');
}

/** A migration goes on by itself, and is what it is in any plan; what it means to NVEs is in the effect. */
function specOf(is: Specified): Specified['spec'] {
  return is.kind === 'Endpoint' ? keepingMigration(is.spec, undefined) : is.spec;
}
