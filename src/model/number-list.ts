/** The kernel's list format (lib/bitmap-str.c, bitmap_parselist): `0-3,8`. */

const MAX = 65_535;

/**
 * Ascending, each once; none for '' and for `(null)`, which the kernel prints for no list.
 * Undefined: not of that format, or a number beyond 65535.
 */
export function parseNumberList(text: string): number[] | undefined {
  if (text === '' || text === '(null)') return [];
  const numbers = new Set<number>();
  for (const part of text.split(',')) {
    const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    if (first === '' || Number(last) < Number(first) || Number(last) > MAX) return undefined;
    for (let n = Number(first); n <= Number(last); n++) numbers.add(n);
  }
  return [...numbers].sort((a, b) => a - b);
}

/** The opposite of parseNumberList; `numbers` ascending. */
export function formatNumberList(numbers: readonly number[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const n of numbers) {
    const range = ranges.at(-1);
    if (range?.last === n - 1) range.last = n;
    else ranges.push({ first: n, last: n });
  }
  return ranges
    .map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
    .join(',');
}
