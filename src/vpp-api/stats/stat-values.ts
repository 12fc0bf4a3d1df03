/** Entries of the statistics segment as values. */
import { TYPE, TornRead, type Entry, type SegmentView, type Vector } from './segment-view.js';

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
  /** Bins by worker thread: the n-th counts values from 2^n on. */
  | { readonly kind: 'histogram'; readonly threads: readonly (readonly bigint[])[] };

export interface Stat {
  readonly name: string;
  readonly value: StatValue;
}

const COUNTER_BYTES = 8;
const COMBINED_BYTES = 16;

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
      return { kind: 'simple', threads: perThread(view, entry, COUNTER_BYTES, counters) };
    case TYPE.combined:
      return { kind: 'combined', threads: perThread(view, entry, COMBINED_BYTES, pairs) };
    case TYPE.names: {
      const names = [...view.vectors(entry.valueOffset, 1)].map((name) => view.text(name));
      return { kind: 'names', names };
    }
    case TYPE.symlink:
      return linked(view, entry);
    case TYPE.histogram:
      return { kind: 'histogram', threads: perThread(view, entry, COUNTER_BYTES, counters) };
    default:
      return undefined;
  }
}

type Reader<T> = (view: SegmentView, vector: Vector) => T[];

function perThread<T>(
  view: SegmentView,
  { valueOffset }: Entry,
  elementBytes: number,
  read: Reader<T>,
): T[][] {
  return [...view.vectors(valueOffset, elementBytes)].map((vector) => read(view, vector));
}

function counters(view: SegmentView, { offset, length }: Vector): bigint[] {
  return Array.from({ length }, (_, i) => view.counter(offset + i * COUNTER_BYTES));
}

function pairs(view: SegmentView, { offset, length }: Vector): Combined[] {
  return Array.from({ length }, (_, i) => {
    const at = offset + i * COMBINED_BYTES;
    return { packets: view.counter(at), bytes: view.counter(at + COUNTER_BYTES) };
  });
}

/** A symlink is one column of another entry: that of one interface, node or pool. */
function linked(view: SegmentView, entry: Entry): StatValue | undefined {
  const { entry: index, column } = view.link(entry);
  const target = view.entry(index);
  if (target.type === TYPE.symlink) throw new TornRead('a symlink to a symlink');
  const value = valueOf(view, target);
  switch (value?.kind) {
    case 'simple':
      return { kind: 'simple', threads: value.threads.map((row) => columnOf(row, column)) };
    case 'combined':
      return { kind: 'combined', threads: value.threads.map((row) => columnOf(row, column)) };
    default:
      return value;
  }
}

function columnOf<T>(row: readonly T[], column: number): T[] {
  const cell = row[column];
  if (cell === undefined) throw new TornRead(`column ${column} of ${row.length}`);
  return [cell];
}
