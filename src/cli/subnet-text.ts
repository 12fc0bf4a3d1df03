/** Ranges of addresses as they are typed and shown. */
import { invalidField } from '../errors.js';
import type { AddressRange } from '../model/subnet.js';

/** `10.0.0.10-10.0.0.99`, with commas between them; none: all that hosts can have. */
export function poolsText(pools: readonly AddressRange[]): string {
  return pools.length === 0 ? 'all' : pools.map(({ first, last }) => `${first}-${last}`).join(',');
}

/** @throws NfvError INVALID_FIELD */
export function parsePool(text: string): AddressRange {
  const [, first, last] = /^([^-\s]+)-([^-\s]+)$/.exec(text) ?? [];
  if (first !== undefined && last !== undefined) return { first, last };
  const remedy = 'give FIRST-LAST, e.g. "10.0.0.10-10.0.0.99"';
  throw invalidField('--pool', text, 'not a range of addresses', remedy);
}
