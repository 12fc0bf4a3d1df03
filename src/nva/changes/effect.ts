/** What changes would mean to each NVE: the compiler's own answer, on a copy of what they reach. */
import type { PlannedItem } from '../../model/changes.js';
import type { ItemKind } from '../../model/item.js';
import { splitKey } from '../../model/item.js';
import { NfvError } from '../../errors.js';
import type { CompileIndex } from '../compiler/compile-index.js';
import type { Change } from '../compiler/inputs.js';
import { atOnce, inTurns, inTurnsWhile } from '../in-turns.js';

/** An item that would be another one, or none, or is new. */
export interface EffectItem extends PlannedItem {
  /** Empty: removed. */
  readonly version: string;
}

/** By NVE; those that nothing would be sent to are not in it. Items in order of their keys. */
export type Effect = ReadonlyMap<string, readonly EffectItem[]>;

/** Copies that are begun, of an index that moves on meanwhile, before one is made in one piece. */
const MAX_COPIES = 5;

/**
 * As of one moment since the call. Others get their turn meanwhile: there may be many thousands of changes.
 * @param changesOf what they are to the index as it is then
 */
export async function effectOf(
  index: CompileIndex,
  changesOf: () => readonly Change[],
): Promise<Effect> {
  const { fork, changes } = await forkOf(index, changesOf);
  return inTurns(effectInSteps(fork, changes));
}

async function forkOf(
  index: CompileIndex,
  changesOf: () => readonly Change[],
): Promise<{ readonly fork: CompileIndex; readonly changes: readonly Change[] }> {
  for (let copy = 0; copy < MAX_COPIES; copy++) {
    const changes = changesOf();
    const { version } = index;
    const fork = await inTurnsWhile(() => index.version === version, index.fork(changes));
    if (fork !== undefined) return { fork, changes };
  }
  const changes = changesOf();
  return { fork: atOnce(index.fork(changes)), changes };
}

function* effectInSteps(fork: CompileIndex, changes: readonly Change[]): Generator<void, Effect> {
  const effect = new Map<string, EffectItem[]>();
  for (const [nve, { upserts, removes, before }] of yield* fork.applyInSteps(changes)) {
    const items: EffectItem[] = [];
    for (const [key, { version }] of upserts) {
      items.push({ key, kind: kindOf(key), action: before.has(key) ? 'CHANGE' : 'ADD', version });
      yield;
    }
    for (const key of removes) {
      items.push({ key, kind: kindOf(key), action: 'REMOVE', version: '' });
      yield;
    }
    effect.set(
      nve,
      items.sort((a, b) => (a.key < b.key ? -1 : 1)),
    );
  }
  return effect;
}

function kindOf(key: string): ItemKind {
  const [kind] = splitKey(key);
  if (kind === undefined) throw new NfvError('INTERNAL', `${key} is the key of no item`);
  return kind;
}
