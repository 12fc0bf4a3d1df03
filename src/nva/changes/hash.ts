import { createHash } from 'node:crypto';
import { canonicalJson } from '../../model/canonical.js';
import { COLLECTION_OF, type ResourceChange } from '../../model/changes.js';
import { formatName } from '../../model/names.js';
import type { Effect } from './effect.js';

/** Of all that a plan would do: to each resource, from what it is; and on each NVE. */
export function hashOf(changes: readonly ResourceChange[], effect: Effect): string {
  const resources = changes
    .map(({ verb, kind, id, before, after }) => ({
      name: formatName(COLLECTION_OF[kind], id),
      ...{ verb, before: before?.spec, after: after?.spec },
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const nves = [...effect]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([nve, items]) => [nve, items.map(({ key, version }) => [key, version])]);
  return createHash('sha256').update(canonicalJson({ resources, nves })).digest('hex');
}
