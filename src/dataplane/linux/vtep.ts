/** Vtep: nothing of the kernel is ours; the host must have the address. */
import { NfvError } from '../../errors.js';
import type { VtepItem } from '../../model/item.js';
import type { LinuxKind } from './kind.js';

export const vtep: LinuxKind<VtepItem> = {
  rank: 0,
  differences: () => [],
  mustRecreate: () => false,

  reads(_rest, wanted, wants) {
    if (wanted !== undefined) wants.addresses = true;
  },

  observe(_rest, wanted, view) {
    if (wanted === undefined) return undefined;
    const there = view.addresses.some(({ address }) => address === wanted.address);
    return there ? { payload: wanted, defects: [] } : undefined;
  },

  list: () => [],

  async create({ address }, doors) {
    if ((await doors.addresses()).some((found) => found.address === address)) return;
    throw new NfvError('VTEP_ADDRESS_MISSING', `no interface of this host has ${address}`, {
      metadata: { address },
    });
  },

  update: () => Promise.resolve(),
  remove: () => Promise.resolve(),
};
