/** `name found, not wanted` for each field that differs. */
export function differing(
  fields: Readonly<Record<string, readonly [wanted: unknown, found: unknown]>>,
): string[] {
  return Object.entries(fields)
    .filter(([, [wanted, found]]) => wanted !== found)
    .map(([name, [wanted, found]]) => `${name} ${told(found)}, not ${told(wanted)}`);
}

function told(value: unknown): string {
  if (value === '') return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
