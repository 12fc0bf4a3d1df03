import { invalidField } from '../../errors.js';
import { parseName, type Collection } from '../../model/names.js';

/**
 * The id in a name that a field refers to a resource by.
 * @throws NfvError INVALID_FIELD
 */
export function referenceFromWire(field: string, collection: Collection, name: string): string {
  const id = parseName(collection, name);
  if (id !== undefined) return id;
  throw invalidField(field, name, 'not the name of such a resource', `give "${collection}/ID"`);
}
