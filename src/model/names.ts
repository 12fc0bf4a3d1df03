import { NfvError } from '../errors.js';

/** Collections of resources, as in resource names `collection/id` (AIP-122). */
export type Collection =
  'virtualNetworks' | 'nves' | 'endpoints' | 'subnets' | 'routers' | 'hostProfiles';

export const COLLECTIONS = [
  'virtualNetworks',
  'nves',
  'endpoints',
  'subnets',
  'routers',
  'hostProfiles',
] as const satisfies Collection[];

const ID = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

export const ID_RULE = '1-63 characters of a-z, 0-9 and -, a letter first, no - last';

export function isId(text: string): boolean {
  return ID.test(text);
}

/** `virtualNetworks/blue`. */
export function formatName(collection: Collection, id: string): string {
  return `${collection}/${id}`;
}

/** The id in a resource name of that collection; undefined if it is no such name. */
export function parseName(collection: Collection, name: string): string | undefined {
  const prefix = `${collection}/`;
  if (!name.startsWith(prefix)) return undefined;
  const id = name.slice(prefix.length);
  return isId(id) ? id : undefined;
}

/** As parseName, but throws NOT_FOUND: nothing of that name can exist. */
export function requireName(collection: Collection, name: string): string {
  const id = parseName(collection, name);
  if (id === undefined) {
    throw new NfvError('NOT_FOUND', `"${name}" does not exist: names are "${collection}/ID"`);
  }
  return id;
}
