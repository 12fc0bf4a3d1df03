import { invalidField } from '../errors.js';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const DURATION = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/;

/** The NVA waits no longer in one call. */
export const MAX_WAIT_MS = 600_000;

/** Milliseconds in `30s`, `1.5m`, `500ms`; undefined if `text` is no duration. */
export function parseDuration(text: string): number | undefined {
  const [, number = '', unit = ''] = DURATION.exec(text) ?? [];
  const factor = UNITS[unit];
  return factor === undefined ? undefined : Math.round(Number(number) * factor);
}

/** @throws NfvError INVALID_FIELD named after the flag */
export function requireDuration(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw invalidField(flag, text, 'not a duration', 'give one such as 30s');
  if (ms > MAX_WAIT_MS) throw invalidField(flag, text, 'too long', 'give at most 10m');
  return ms;
}

/** `950ms`, `1.24s`, `2m5s`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(2))}s`;
  const seconds = Math.round(ms / 1000);
  const rest = seconds % 60;
  return `${Math.floor(seconds / 60)}m${rest === 0 ? '' : `${rest}s`}`;
}

const AGES: readonly (readonly [ms: number, unit: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
];

/** How long ago an RFC 3339 time was, in its largest unit, as kubectl has it: `5d`, `3h`, `12s`. */
export function formatAge(time: string, now: number): string {
  const ms = now - Date.parse(time);
  if (Number.isNaN(ms)) return '-';
  for (const [size, unit] of AGES) if (ms >= size) return `${Math.floor(ms / size)}${unit}`;
  return '0s';
}
