/** JSON with sorted keys and no spaces: equal values give equal texts. Undefined fields are left out. */
export function canonicalJson(value: unknown): string {
  // A third of the time; what is hashed most is made in order.
  if (isInOrder(value)) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value ?? null);
  let fields = '';
  // There are very many of them at a start: no array is made or taken apart for a field.
  for (const field of Object.entries(value).sort((a, b) => (a[0] < b[0] ? -1 : 1))) {
    if (field[1] === undefined) continue;
    if (fields !== '') fields += ',';
    fields += `${JSON.stringify(field[0])}:${canonicalJson(field[1])}`;
  }
  return `{${fields}}`;
}

/** Its keys, and those of all in it, are as they are to be. */
function isInOrder(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isInOrder);
  if (!isObject(value)) return true;
  let last = '';
  // No array is made for it, nor has anything a prototype with fields of its own.
  for (const key in value) {
    if (key < last || !isInOrder(value[key])) return false;
    last = key;
  }
  return true;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
