/** JSON with sorted keys and no spaces: equal values give equal texts. Undefined fields are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  let fields = '';
  // There are very many of them at a start: no array is made or taken apart for a field.
  for (const field of Object.entries(value).sort((a, b) => (a[0] < b[0] ? -1 : 1))) {
    if (field[1] === undefined) continue;
    if (fields !== '') fields += ',';
    fields += `${JSON.stringify(field[0])}:${canonicalJson(field[1])}`;
  }
  return `{${fields}}`;
}
