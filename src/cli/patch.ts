/** What differs between two states of a resource, as a unified diff of manifests. */
import { createTwoFilesPatch } from 'diff';
import { escapeOutput } from './escape.js';
import { nameOf } from './kinds.js';
import type { Desired } from './manifest/desired.js';
import { toBareManifest, type BareResource } from './manifest/to-manifest.js';
import { toYaml } from './render.js';
import type { Colour, Paint } from './style.js';

/** A unified diff; empty: the same. */
export function patchOf(
  { kind, id, place }: { kind: Desired['kind']; id: string; place: string },
  before: BareResource | undefined,
  after: BareResource,
): string {
  const live = `live/${nameOf({ kind, id })}`;
  return patchBetween([live, place], before, after);
}

/** The same of what may have come, or gone. `names` are those of the two states. */
export function patchBetween(
  [first, second]: readonly [before: string, after: string],
  before: BareResource | undefined,
  after: BareResource | undefined,
): string {
  const [old, wanted] = [before, after].map((is) => (is ? toYaml(toBareManifest(is)) : ''));
  if (old === undefined || wanted === undefined || old === wanted) return '';
  const names = [before ? first : '/dev/null', after ? second : '/dev/null'] as const;
  const patch = createTwoFilesPatch(...names, old, wanted, undefined, undefined, { context: 3 });
  // Without the line of equals signs above it.
  return escapeOutput(patch.slice(patch.indexOf('\n') + 1));
}

const COLOURS: readonly (readonly [start: string, colour: Colour])[] = [
  ['---', 'bold'],
  ['+++', 'bold'],
  ['@@', 'cyan'],
  ['-', 'red'],
  ['+', 'green'],
];

export function paintPatch(patch: string, paint: Paint): string {
  return patch.replace(/^.+$/gm, (line) => {
    const found = COLOURS.find(([start]) => line.startsWith(start));
    return found === undefined ? line : paint(found[1], line);
  });
}
