/** Values from VPP for JSON and YAML, and for cells of tables. */

/** 64-bit integers as decimal digits, octets as hexadecimal ones; a number that JSON lacks as text. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return plainEntries(value);
  return isRecord(value) ? plainEntries(Object.entries(value)) : value;
}

/** One line: text as it is, lists with commas, what is deeper as JSON. */
export function cellText(value: unknown): string {
  const shown = plain(value);
  if (Array.isArray(shown)) {
    const isFlat = shown.every((each) => typeof each !== 'object');
    return isFlat ? shown.map(String).join(',') : JSON.stringify(shown);
  }
  return typeof shown === 'string' ? shown : JSON.stringify(shown);
}

/** Paths and values: the fields of structs within are fields of their own, `route.prefix`. */
export function flattened(fields: object, prefix = ''): (readonly [path: string, text: string])[] {
  return Object.entries(fields).flatMap(([name, value]: [string, unknown]) =>
    isRecord(value) && !(value instanceof Uint8Array)
      ? flattened(value, `${prefix}${name}.`)
      : [[`${prefix}${name}`, cellText(value)] as const],
  );
}

function plainEntries(entries: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  return Object.fromEntries([...entries].map(([name, value]) => [name, plain(value)]));
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
