/** A field of a manifest that is left out where it is empty. */
export function optionalText<K extends string>(key: K, value: string): Partial<Record<K, string>> {
  const field: Partial<Record<K, string>> = {};
  if (value !== '') field[key] = value;
  return field;
}
