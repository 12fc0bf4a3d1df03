/** Entries of the statistics segment as values. */
import { TYPE, TornRead, type Entry, type SegmentView } from './segment-view.js';

export interface Combined {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** What one entry says. Counters are by worker thread (0 is the main thread), then by index. */
export type StatValue =
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'simple'; readonly threads: readonly (readonly bigint[])[] }
  | { readonly kind: 'combined'; readonly threads: readonly (readonly Combined[])[] }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'histogram'; readonly threads: readonly Histogram[] };

/** Values by their magnitude. */
export interface Histogram {
  /** The n-th bin (from 0) counts values from 2^(minExponent + n) on; the first, lesser ones as well. */
  readonly minExponent: number;
  readonly bins: readonly bigint[];
}

export interface Stat {
  readonly name: string;
  readonly value: StatValue;
}

/** One number or two, of a vector that a thread has. */
interface Cell<T> {
  readonly bytes: number;
  readonly read: (view: SegmentView, offset: number) => T;
}

const COUNTER: Cell<bigint> = { bytes: 8, read: (view, offset) => view.counter(offset) };
const PAIR: Cell<Combined> = {
  bytes: 16,
  read: (view, offset) => ({ packets: view.counter(offset), bytes: view.counter(offset + 8) }),
};

/**
 * @returns undefined for what has no value: entries that are empty or of a later VPP
 * @throws TornRead
 */
export function valueOf(view: SegmentView, entry: Entry): StatValue | undefined {
  switch (entry.type) {
    case TYPE.scalar:
    case TYPE.gauge:
      return { kind: 'scalar', value: Number(view.counter(entry.valueOffset)) };
    case TYPE.simple:
      return { kind: 'simple', threads: rows(view, entry, COUNTER) };
    case TYPE.combined:
      return { kind: 'combined', threads: rows(view, entry, PAIR) };
    case TYPE.names: {
      const names = [...view.vectors(entry.valueOffset, 1)].map((name) => view.text(name));
      return { kind: 'names', names };
    }
    case TYPE.symlink:
      return linked(view, entry);
    case TYPE.histogram:
      return { kind: 'histogram', threads: rows(view, entry, COUNTER).map(histogram) };
    default:
      return undefined;
  }
}

/** The exponent stands before the bins (vlib_increment_log2_histogram_bin, VPP src/vlib/counter.h). */
function histogram([minExponent = 0n, ...bins]: bigint[]): Histogram {
  return { minExponent: Number(minExponent), bins };
}

/** A symlink is one column of another entry: that of one interface, node or error. */
function linked(view: SegmentView, entry: Entry): StatValue | undefined {
  const { entry: index, column } = view.link(entry);
  const target = view.entry(index);
  switch (target.type) {
    case TYPE.simple:
      return { kind: 'simple', threads: columnOf(view, target, COUNTER, column) };
    case TYPE.combined:
      return { kind: 'combined', threads: columnOf(view, target, PAIR, column) };
    case TYPE.symlink:
      throw new TornRead('a symlink to a symlink');
    default:
      return valueOf(view, target);
  }
}

/** All that each thread has. */
function rows<T>(view: SegmentView, { valueOffset }: Entry, { bytes, read }: Cell<T>): T[][] {
  return [...view.vectors(valueOffset, bytes)].map(({ offset, length }) =>
    Array.from({ length }, (_, i) => read(view, offset + i * bytes)),
  );
}

/** Not made from all rows: thousands of symlinks lead to columns of one entry. */
function columnOf<T>(
  view: SegmentView,
  { valueOffset }: Entry,
  { bytes, read }: Cell<T>,
  column: number,
): T[][] {
  return [...view.vectors(valueOffset, bytes)].map(({ offset, length }) => {
    if (column >= length) throw new TornRead(`column ${column} of ${length}`);
    return [read(view, offset + column * bytes)];
  });
}
