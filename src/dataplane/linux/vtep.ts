/** Vtep: nothing of the kernel is ours; the host must have the address. */
import type { VtepItem } from '../../model/item.js';
import type { LinuxKind } from './kind.js';
import { hasVtep, vtepMissing } from './underlay.js';

export const vtep: LinuxKind<VtepItem> = {
  rank: 0,
  differences: () => [],
  mustRecreate: () => false,

  reads(_rest, wanted, wants) {
    if (wanted !== undefined) wants.addresses = true;
  },

  observe(_rest, wanted, view) {
    if (wanted === undefined) return undefined;
    return hasVtep(view.addresses, wanted.address) ? { payload: wanted, defects: [] } : undefined;
  },

  list: () => [],

  async create({ address }, doors) {
    const addresses = await doors.addresses();
    if (!hasVtep(addresses, address)) throw vtepMissing(addresses, address);
  },

  update: () => Promise.resolve(),
  remove: () => Promise.resolve(),
};
