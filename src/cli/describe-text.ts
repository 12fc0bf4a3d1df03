/** The pieces that descriptions are made of. Pure. */
import { orDash } from './columns.js';
import { escapeText } from './escape.js';
import type { Colour, Paint } from './style.js';
import { Table, type Cell } from './table.js';

export interface DescribeContext {
  readonly now: number;
  readonly paint: Paint;
}

/** Name and value; an empty value is shown as "-". */
export type Field = readonly [name: string, value: string, colour?: Colour | undefined];

/** A table below its title, which tells how many rows it has. */
export function textTable(
  title: string,
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { paint }: DescribeContext,
): string {
  if (rows.length === 0) return `${title}: none\n`;
  const cells = rows.map((row) => row.map((text) => ({ text: orDash(text) })));
  return titled(title, header, cells, paint);
}

export function titled(
  title: string,
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  paint: Paint,
): string {
  const text = new Table(header, paint).all(rows);
  return `${title} (${rows.length}):\n${text.replace(/^(?=.)/gm, '  ')}`;
}

export function fields(paint: Paint, all: readonly Field[]): string {
  const width = Math.max(...all.map(([name]) => name.length)) + 1;
  return all
    .map(([name, value, colour]) => {
      const shown = escapeText(orDash(value));
      const painted = colour === undefined ? shown : paint(colour, shown);
      return `${`${name}:`.padEnd(width)}  ${painted}\n`;
    })
    .join('');
}
