const UNITS = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** `30s`, `1.5m`, `250ms`, `1h` in milliseconds; undefined if `text` is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text);
  const unit = UNITS.get(match?.[2] ?? '');
  return unit === undefined ? undefined : Number(match?.[1]) * unit;
}
