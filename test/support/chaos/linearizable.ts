/**
 * Whether what several clients saw of one register could have come from one register that takes one
 * operation after another, each at some moment between its call and its answer (Herlihy and Wing,
 * "Linearizability", 1990; the search is Wing and Gong's, with Lowe's memory of what was tried).
 */

/** What an operation did, as far as its caller knows. */
export type Action =
  | { readonly kind: 'read'; readonly value: string }
  | { readonly kind: 'write'; readonly value: string }
  /** Written if the register had `from`. */
  | { readonly kind: 'swap'; readonly from: string; readonly value: string }
  /** Refused, since the register did not have `from`. */
  | { readonly kind: 'refused-swap'; readonly from: string };

export interface Operation {
  readonly client: string;
  readonly action: Action;
  readonly start: number;
  /** Infinity: nobody knows whether it was done, nor when. */
  readonly end: number;
}

export type Verdict =
  | { readonly kind: 'linearizable' }
  /** `stuck`: those of which none could come next, on the way that went farthest. */
  | { readonly kind: 'not'; readonly done: number; readonly stuck: readonly Operation[] }
  /** Given up after `limit` states. */
  | { readonly kind: 'undecided'; readonly limit: number };

/** A point of the search. Indices of `known` and of `open`. */
interface Point {
  /** All before it are done. */
  readonly low: number;
  /** After `low`, those that are done. */
  readonly ahead: ReadonlySet<number>;
  /** Of the open ones, those that are taken to be done. */
  readonly taken: ReadonlySet<number>;
  readonly value: string;
}

/** The register's value after it; undefined: it cannot come now. */
function after(value: string, action: Action): string | undefined {
  switch (action.kind) {
    case 'read':
      return action.value === value ? value : undefined;
    case 'write':
      return action.value;
    case 'swap':
      return action.from === value ? action.value : undefined;
    case 'refused-swap':
      return action.from === value ? undefined : value;
  }
}

class Search {
  readonly #known: readonly Operation[];
  readonly #open: readonly Operation[];
  readonly #tried = new Set<string>();
  #farthest: { readonly done: number; readonly stuck: readonly Operation[] } = {
    done: -1,
    stuck: [],
  };

  constructor(operations: readonly Operation[]) {
    const inOrder = [...operations].sort((a, b) => a.start - b.start);
    this.#known = inOrder.filter(({ end }) => end !== Infinity);
    this.#open = inOrder.filter(({ end }) => end === Infinity);
  }

  run(initial: string, limit: number): Verdict {
    const points: Point[] = [{ low: 0, ahead: new Set(), taken: new Set(), value: initial }];
    for (;;) {
      const point = points.pop();
      if (point === undefined) return { kind: 'not', ...this.#farthest };
      if (point.low === this.#known.length) return { kind: 'linearizable' };
      if (this.#tried.size > limit) return { kind: 'undecided', limit };
      // The last one is tried first: what is known to have been done before what may have been.
      points.push(...this.#next(point).filter((next) => this.#isNew(next)));
    }
  }

  #isNew({ low, ahead, taken, value }: Point): boolean {
    const key = JSON.stringify([low, sorted(ahead), sorted(taken), value]);
    if (this.#tried.has(key)) return false;
    this.#tried.add(key);
    return true;
  }

  /** One operation further: any that began before the first answer of those that are left. */
  #next(point: Point): Point[] {
    const { low, ahead, taken, value } = point;
    let firstEnd = Infinity;
    const left: number[] = [];
    for (let i = low; i < this.#known.length; i++) {
      const operation = this.#known[i];
      if (operation === undefined || operation.start > firstEnd) break;
      if (ahead.has(i)) continue;
      left.push(i);
      firstEnd = Math.min(firstEnd, operation.end);
    }
    const able = left.filter((i) => (this.#known[i]?.start ?? Infinity) <= firstEnd);
    const points: Point[] = [];
    for (const [i, { start, action }] of this.#open.entries()) {
      const then = taken.has(i) || start > firstEnd ? undefined : after(value, action);
      if (then !== undefined) points.push({ ...point, taken: new Set(taken).add(i), value: then });
    }
    for (const i of able.reverse()) {
      const action = this.#known[i]?.action;
      const then = action === undefined ? undefined : after(value, action);
      if (then !== undefined) points.push({ ...advance(low, ahead, i), taken, value: then });
    }
    this.#remember(low + ahead.size, able);
    return points;
  }

  #remember(done: number, able: readonly number[]): void {
    if (done <= this.#farthest.done) return;
    this.#farthest = { done, stuck: able.flatMap((i) => this.#known[i] ?? []) };
  }
}

function advance(
  low: number,
  ahead: ReadonlySet<number>,
  done: number,
): Pick<Point, 'low' | 'ahead'> {
  const rest = new Set(ahead).add(done);
  let first = low;
  while (rest.delete(first)) first++;
  return { low: first, ahead: rest };
}

const sorted = (numbers: ReadonlySet<number>): number[] => [...numbers].sort((a, b) => a - b);

/** @param limit states of the search, after which it gives up */
export function checkRegister(
  initial: string,
  operations: readonly Operation[],
  limit = 300_000,
): Verdict {
  const seen = new Set(operations.flatMap(({ action }) => valuesSeen(action)));
  const matters = ({ action, end }: Operation): boolean =>
    end !== Infinity || ('value' in action && seen.has(action.value));
  // What nobody ever saw was most likely not done; only if that does not explain all, it may have been.
  const verdict = new Search(operations.filter(matters)).run(initial, limit);
  if (verdict.kind === 'linearizable' || operations.every(matters)) return verdict;
  return new Search(operations).run(initial, limit);
}

function valuesSeen(action: Action): string[] {
  switch (action.kind) {
    case 'read':
      return [action.value];
    case 'swap':
    case 'refused-swap':
      return [action.from];
    case 'write':
      return [];
  }
}

/** For people. */
export function tellOperation({ client, action, start, end }: Operation): string {
  const what =
    action.kind === 'swap'
      ? `swap ${action.from} for ${action.value}`
      : action.kind === 'refused-swap'
        ? `was refused to swap ${action.from}`
        : `${action.kind} ${action.value}`;
  const when = end === Infinity ? `${start.toFixed(1)} …` : `${start.toFixed(1)}-${end.toFixed(1)}`;
  return `${client} ${what} (${when} ms)`;
}
