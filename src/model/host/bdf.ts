import type { Bdf } from './inventory.js';

/** A PCI address; lspci(8)'s short form `41:00.0` too. Undefined if `text` is none. */
export function parseBdf(text: string): Bdf | undefined {
  const match = /^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([01][0-9a-f])\.([0-7])$/.exec(
    text.toLowerCase(),
  );
  if (match === null) return undefined;
  const [, domain = '0000', bus = '', slot = '', fn = ''] = match;
  return `${domain}:${bus}:${slot}.${fn}`;
}

/**
 * A function that a plan speaks of: its address, or, since a VF that does not exist yet has none,
 * its PF's address and its index, `0000:41:00.0/vf2`.
 */
export type FunctionRef = string;

export function vfRef(pf: Bdf, index: number): FunctionRef {
  return `${pf}/vf${index}`;
}

/** The PF and the index of a VF's reference; undefined: it is an address. */
export function parseVfRef(
  ref: FunctionRef,
): { readonly pf: Bdf; readonly index: number } | undefined {
  const [, pf, index] = /^(.+)\/vf(\d{1,5})$/.exec(ref) ?? [];
  return pf === undefined ? undefined : { pf, index: Number(index) };
}
