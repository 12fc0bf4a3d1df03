import { CompileIndex } from '../../src/nva/compiler/compile-index.js';
import type { ItemDelta } from '../../src/nva/compiler/deltas.js';
import type { Item } from '../../src/model/item.js';
import type { Emit } from '../bench.js';
import { median, percentile } from '../stats.js';
import type { Overlay } from './overlay.js';

const FULL_ROUNDS = 3;
const ATTACHES = 1000;

/** The compiler alone: all of the model for all NVEs, and one endpoint more. */
export function compile(overlay: Overlay, emit: Emit): void {
  const index = new CompileIndex();
  for (const change of overlay.changes()) index.apply(change);
  const fulls = Array.from({ length: FULL_ROUNDS }, () =>
    time(() => {
      compileAll(index, overlay);
    }),
  );
  const full = median(fulls);
  const about = `${overlay.endpoints} endpoints on ${overlay.nves} NVEs`;
  emit(`full compile, ${about}`, full, 'ms');
  const { counters } = index;
  const before = counters.full;
  const attaches = Array.from({ length: ATTACHES }, (_, n) => {
    const { id, spec } = overlay.endpoint(overlay.endpoints + n * 50);
    return time(() => {
      take(index.apply({ kind: 'Endpoint', id, after: spec }), overlay);
    });
  });
  if (counters.full !== before) throw new Error('an attach caused a full compile');
  emit(`compile of one attach, p50, ${about}; ratio to a full one`, median(attaches), 'ms', full);
  const p99 = percentile(attaches, 0.99);
  emit(`compile of one attach, p99, ${about}; ratio to a full one`, p99, 'ms', full);
}

function compileAll(index: CompileIndex, overlay: Overlay): void {
  for (let i = 0; i < overlay.nves; i++) versions(index.full(`nve-${i}`).values());
}

function take(deltas: ReadonlyMap<string, ItemDelta>, overlay: Overlay): void {
  const members = overlay.membersOf(0).length;
  if (deltas.size !== members) throw new Error(`${deltas.size} NVEs changed, not ${members}`);
  for (const { upserts } of deltas.values()) versions(upserts.values());
}

/** A version is worked out when it is asked for; a session always asks. */
function versions(items: Iterable<Item>): void {
  for (const { key, version } of items)
    if (version === '') throw new Error(`${key} has no version`);
}

function time(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
