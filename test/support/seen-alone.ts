/** Whoever looks at one thing alone is to find what who looks at everything does. */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Item, Payload } from '../../src/model/item.js';
import { assess } from '../../src/reconcile/assess.js';
import type { Observation, TraitsTable } from '../../src/reconcile/dataplane.js';
import { itemsOf } from './linux-host.js';

export interface Looking {
  readonly observe: (
    payloads: readonly Payload[],
    keys: 'all' | readonly string[],
  ) => Promise<Observation>;
  readonly traits: TraitsTable;
}

/** What an agent is told, which goes over from the ones to the others. */
export function changedKeys(from: readonly Payload[], to: readonly Payload[]): readonly string[] {
  const [before, after] = [itemsOf(from), itemsOf(to)];
  const differs = (key: string): boolean =>
    !isDeepStrictEqual(before.get(key)?.payload, after.get(key)?.payload);
  return [...new Set([...before.keys(), ...after.keys()])].filter(differs);
}

/**
 * Each of the keys, looked at alone with these items wanted, is judged as by a look at everything: by
 * a pass that is told of this change only, too, it is put right.
 */
export async function assertSeenAlone(
  { observe, traits }: Looking,
  payloads: readonly Payload[],
  keys: readonly string[],
): Promise<void> {
  const wanted = itemsOf(payloads);
  const judge = (key: string, { objects, obstacles }: Observation): unknown => {
    const item: Item | undefined = wanted.get(key);
    const found = objects.get(key);
    const differing = item && assess(item, found, traits);
    return {
      isThere: found !== undefined,
      isAsWanted: item !== undefined && differing === undefined,
      mustRecreate: differing?.mustRecreate ?? false,
      obstacle: obstacles.get(key)?.message,
    };
  };
  const all = await observe(payloads, 'all');
  for (const key of keys) {
    const item = wanted.get(key);
    const alone = await observe(item === undefined ? [] : [item.payload], [key]);
    assert.deepEqual(judge(key, alone), judge(key, all), key);
  }
}
