/** Counters of the statistics segment: by what they count, together and by worker thread. Pure. */
import type { VppHistogram, VppPair, VppStat } from './access.js';

export interface Amount {
  /** Packets, events, or whatever the counter counts. */
  readonly count: bigint;
  /** Of counters that have both. */
  readonly bytes?: bigint;
}

/** One counter of one thing. */
export interface Counter {
  readonly name: string;
  readonly kind: 'scalar' | 'simple' | 'combined' | 'histogram';
  /** Interface, node, bin or whatever else there is one of each; undefined: there is just one. */
  readonly index?: number;
  /** The name of that, where VPP tells it. */
  readonly item?: string;
  readonly total: Amount;
  /** By worker thread; 0 is the main thread. Empty for a scalar, which VPP does not divide. */
  readonly threads: readonly Amount[];
}

/** `/if/rx` has the names of its items in `/if/names`. */
export const NAMES = /\/names$/;

/** Of all that `wanted` matches. `stats` has the names too. */
export function countersOf(stats: readonly VppStat[], wanted: RegExp | undefined): Counter[] {
  const names = new Map(
    stats.flatMap(({ name, value }) => (value.kind === 'names' ? [[name, value.names]] : [])),
  );
  return stats
    .filter(({ name }) => wanted?.test(name) ?? true)
    .flatMap((stat) => countersIn(stat, names.get(stat.name.replace(/\/[^/]*$/, '/names'))));
}

function countersIn({ name, value }: VppStat, items: readonly string[] | undefined): Counter[] {
  switch (value.kind) {
    case 'names':
      return [];
    case 'scalar':
      return [{ name, kind: 'scalar', total: { count: BigInt(value.value) }, threads: [] }];
    case 'simple':
      return perIndex(name, 'simple', value.threads, amountOf, items);
    case 'combined':
      return perIndex(name, 'combined', value.threads, amountOfPair, items);
    case 'histogram':
      return binsOf(name, value.threads);
  }
}

/** Threads have the same bins. */
function binsOf(name: string, threads: readonly VppHistogram[]): Counter[] {
  const rows = threads.map(({ bins }) => bins);
  const first = threads[0]?.minExponent ?? 0;
  return perIndex(name, 'histogram', rows, amountOf, undefined).map((bin) => ({
    ...bin,
    item: `from ${2n ** BigInt(first + (bin.index ?? 0))}`,
  }));
}

const amountOf = (count = 0n): Amount => ({ count });
const amountOfPair = ({ packets, bytes }: VppPair = NONE): Amount => ({ count: packets, bytes });
const NONE: VppPair = { packets: 0n, bytes: 0n };

function perIndex<T>(
  name: string,
  kind: Counter['kind'],
  threads: readonly (readonly T[])[],
  read: (cell: T | undefined) => Amount,
  items: readonly string[] | undefined,
): Counter[] {
  const length = Math.max(0, ...threads.map((row) => row.length));
  return Array.from({ length }, (_, index): Counter => {
    const cells = threads.map((row) => read(row[index]));
    const item = items?.[index];
    const which = length === 1 && item === undefined ? {} : { index };
    const total = cells.reduce(sum, read(undefined));
    return { name, kind, ...which, ...(item === undefined ? {} : { item }), total, threads: cells };
    // An interface that was deleted keeps its place, without a name.
  }).filter(({ item }) => item !== '');
}

function sum(a: Amount, b: Amount): Amount {
  const count = a.count + b.count;
  return a.bytes === undefined ? { count } : { count, bytes: a.bytes + (b.bytes ?? 0n) };
}

/** As JSON and YAML have it. */
export function counterData({ name, kind, index, item, total, threads }: Counter): object {
  if (kind === 'scalar') return { name, kind, value: total.count };
  const amount = ({ count, bytes }: Amount): unknown =>
    bytes === undefined ? count : { packets: count, bytes };
  return {
    name,
    kind,
    ...(index === undefined ? {} : { index }),
    ...(item === undefined ? {} : { item }),
    total: amount(total),
    threads: threads.map(amount),
  };
}

export function isZero({ total }: Counter): boolean {
  return total.count === 0n && (total.bytes ?? 0n) === 0n;
}

/** How fast a counter grew. */
export interface Rate {
  readonly name: string;
  readonly index?: number;
  readonly item?: string;
  readonly perSecond: number;
  readonly bytesPerSecond?: number;
}

/** Of every counter that is in `now`; one that was not in `before`, or that VPP has reset, began at 0. */
export function ratesOf(
  before: readonly Counter[],
  now: readonly Counter[],
  seconds: number,
): Rate[] {
  const earlier = new Map(before.map((counter) => [keyOf(counter), counter.total]));
  return now.map((counter) => {
    const { name, index, item, kind, total } = counter;
    const then = earlier.get(keyOf(counter));
    const rate = (value: bigint, from = 0n): number => {
      const grown = kind !== 'scalar' && value < from ? value : value - from;
      return Number((Number(grown) / seconds).toFixed(1));
    };
    return {
      name,
      ...(index === undefined ? {} : { index }),
      ...(item === undefined ? {} : { item }),
      perSecond: rate(total.count, then?.count),
      ...(total.bytes === undefined ? {} : { bytesPerSecond: rate(total.bytes, then?.bytes) }),
    };
  });
}

/** An index that was given to another interface is another counter. */
function keyOf({ name, index, item }: Counter): string {
  return JSON.stringify([name, index, item]);
}
