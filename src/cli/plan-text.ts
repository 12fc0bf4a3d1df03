/** Plans and changes for people. */
import type { Plan, ResourceChange, ResourceVerb } from '../model/changes.js';
import { escapeText } from './escape.js';
import { nameOf } from './kinds.js';
import { paintPatch, patchBetween } from './patch.js';
import type { Paint } from './style.js';
import { Table } from './table.js';

export const DONE: Readonly<Record<ResourceVerb, string>> = {
  CREATE: 'created',
  UPDATE: 'configured',
  REPLACE: 'replaced',
  DELETE: 'deleted',
};

/** Each resource as a diff. */
export function patchesOf(changes: readonly ResourceChange[], paint: Paint): string {
  return changes
    .map(({ kind, id, before, after }) => {
      const name = nameOf({ kind, id });
      return paintPatch(patchBetween([`before/${name}`, `after/${name}`], before, after), paint);
    })
    .join('');
}

export function planText(plan: Plan, paint: Paint, withItems: boolean): string {
  const { changes, nves, nveCount, hash, revision } = plan;
  if (changes.length === 0) return `nothing to do at revision ${revision}\n`;
  const table = new Table(['NVE', 'ADDED OR CHANGED', 'REMOVED'], paint).all(
    nves.map(({ nve, upserts, removes }) => [
      { text: nve },
      { text: String(upserts) },
      { text: String(removes) },
    ]),
  );
  const unseen = nveCount - nves.length;
  return (
    patchesOf(changes, paint) +
    (nveCount === 0 ? 'no NVE is sent anything\n' : table) +
    (unseen === 0 ? '' : `and ${unseen} NVEs more\n`) +
    (withItems ? nves.map(itemsText).join('') : '') +
    `plan ${hash} of ${changes.length} resources, at revision ${revision}\n`
  );
}

function itemsText({ nve, upserts, removes, items }: Plan['nves'][number]): string {
  const lines = items.map(({ key, action }) => `${nve}: ${action} ${escapeText(key)}\n`);
  const more = upserts + removes - items.length;
  return lines.join('') + (more === 0 ? '' : `${nve}: and ${more} more\n`);
}
