import { escapeText } from './escape.js';
import type { Colour, Paint } from './style.js';

export interface Cell {
  readonly text: string;
  readonly colour?: Colour;
}

const GAP = '   ';

/** Rows under one another; columns only grow, so that rows that come later fit as they can. */
export class Table {
  readonly #widths: number[] = [];

  constructor(
    private readonly header: readonly string[],
    private readonly paint: Paint,
  ) {
    this.#fit([header.map((text) => ({ text }))]);
  }

  /** The header's line. */
  head(): string {
    return this.#line(this.header.map((text) => ({ text })));
  }

  /** A line for each row; all of them are looked at before the first is made. */
  rows(rows: readonly (readonly Cell[])[]): string {
    this.#fit(rows);
    return rows.map((row) => this.#line(row)).join('');
  }

  /** Header and rows, aligned. */
  all(rows: readonly (readonly Cell[])[], withHeader = true): string {
    this.#fit(rows);
    return (withHeader ? this.head() : '') + this.rows(rows);
  }

  #fit(rows: readonly (readonly Cell[])[]): void {
    for (const row of rows) {
      for (const [i, { text }] of row.entries()) {
        this.#widths[i] = Math.max(this.#widths[i] ?? 0, width(escapeText(text)));
      }
    }
  }

  #line(cells: readonly Cell[]): string {
    const last = cells.findLastIndex(({ text }) => text !== '');
    const parts = cells.slice(0, last + 1).map(({ text, colour }, i) => {
      const shown = escapeText(text);
      const painted = colour === undefined ? shown : this.paint(colour, shown);
      const space = i === last ? 0 : (this.#widths[i] ?? 0) - width(shown);
      return painted + ' '.repeat(space);
    });
    return `${parts.join(GAP)}\n`;
  }
}

/** Code points; names of resources are ASCII. */
function width(text: string): number {
  return Array.from(text).length;
}
