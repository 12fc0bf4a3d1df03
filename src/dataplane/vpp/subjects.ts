/** What is looked at: the keys of items and of what there is besides, each with its kind. */
import { NfvError } from '../../errors.js';
import type { Item, Payload } from '../../model/item.js';
import type { Observation, Observed } from '../../reconcile/dataplane.js';
import type { AnyKind, Key } from '../../reconcile/kind-table.js';
import type { VppMeans } from './kind.js';
import { KIND_TABLE } from './kinds.js';
import { isShortened, tagOf } from './tag.js';
import type { View } from './view.js';

/** A key that is looked at, taken apart. */
interface Subject {
  readonly key: string;
  readonly kind: AnyKind<VppMeans>;
  readonly rest: Key;
  /** Undefined: it is not wanted. */
  readonly payload: Payload | undefined;
  /** What is observed of it when nothing is wrong. */
  readonly asWanted: Observed | undefined;
}

const NONE: readonly string[] = [];

/** Those of wanted items are kept as long as the items are: thousands are looked at again and again. */
export class Subjects {
  readonly #known = new WeakMap<Item, Subject>();

  /** Without keys of kinds that VPP has not. */
  of(keys: Iterable<string>, wanted: ReadonlyMap<string, Item>): Subject[] {
    const found: Subject[] = [];
    for (const key of keys) {
      const item = wanted.get(key);
      const subject = (item && this.#known.get(item)) ?? this.#take(key, item);
      if (subject !== undefined) found.push(subject);
    }
    return found;
  }

  #take(key: string, item: Item | undefined): Subject | undefined {
    const [kind, rest] = KIND_TABLE.at(key);
    if (kind === undefined) return undefined;
    const payload = item?.payload;
    const asWanted = payload && { key, payload, defects: NONE };
    const subject = { key, kind, rest, payload, asWanted };
    if (item !== undefined) this.#known.set(item, subject);
    return subject;
  }
}

/** The keys of all that is ours; of a wanted item it is the item's, even if its tag has not all of it. */
export function* list(view: View, wanted: ReadonlyMap<string, Item>): Iterable<string> {
  let tags: Set<string> | undefined;
  for (const kind of KIND_TABLE.all) {
    for (const key of kind.list(view)) {
      if (wanted.has(key)) continue;
      if (isShortened(key)) {
        tags ??= new Set([...wanted.keys()].map((each) => tagOf(each)));
        if (tags.has(tagOf(key))) continue;
      }
      yield key;
    }
  }
}

export function sights(all: readonly Subject[], view: View): Observation {
  const objects = new Map<string, Observed>();
  const obstacles = new Map<string, NfvError>();
  for (const { key, kind, rest, payload, asWanted } of all) {
    const sight = kind.observe(rest, payload, view);
    if (sight instanceof NfvError) obstacles.set(key, sight);
    else if (sight !== undefined) {
      const { payload: found, defects } = sight;
      const isAsWanted = found === payload && defects.length === 0;
      objects.set(key, isAsWanted && asWanted ? asWanted : { key, payload: found, defects });
    }
  }
  return { objects, obstacles };
}
