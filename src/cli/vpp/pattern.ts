/** `PATTERN` of messages and counters. */

/**
 * With `*` (any characters) or `?` (any one character) the whole name must match; without them the
 * name must contain the pattern.
 */
export function patternOf(pattern: string): RegExp {
  const escaped = pattern.replace(/[\\^$.+()[\]{}|*?]/g, '\\$&');
  if (!/[*?]/.test(pattern)) return new RegExp(escaped);
  return new RegExp(`^${escaped.replaceAll('\\*', '.*').replaceAll('\\?', '.')}$`);
}
