import { NfvError } from '../../errors.js';
import { formatName, type Collection } from '../../model/names.js';
import type { Guard } from './resource-rules.js';

/**
 * What is to be deleted has none of these.
 * @param what as nfvctl calls them
 * @param prefix where the store has a key for each of them
 * @param flag of nfvctl, to find them
 */
export function unused(
  collection: Collection,
  id: string,
  what: 'endpoints' | 'subnets',
  prefix: string,
  flag: string,
): Guard {
  const onFail = new NfvError('RESOURCE_IN_USE', `${formatName(collection, id)} has ${what}`, {
    remedy: `delete or move them first: nfvctl get ${what} ${flag} ${id}`,
  });
  return { compare: { kind: 'empty', prefix }, onFail };
}
