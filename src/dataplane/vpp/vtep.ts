/** Vtep: an address of an interface of VPP to the underlay, which the agent's configuration names. */
import { NfvError } from '../../errors.js';
import type { VtepItem } from '../../model/item.js';
import type { Context } from './context.js';
import type { VppKind } from './kind.js';

export const vtep: VppKind<VtepItem> = {
  rank: 0,
  differences: () => [],
  mustRecreate: () => false,

  reads(_rest, wanted, wants) {
    if (wanted !== undefined) wants.addresses = true;
  },

  observe(_rest, wanted, view) {
    if (wanted === undefined) return undefined;
    const found = view.addresses.find(({ address }) => address === wanted.address);
    if (found === undefined) return undefined;
    const up = view.interfaces.get(found.index)?.up === true;
    const routes = view.missingRoutes.get(wanted.address) ?? [];
    return {
      payload: wanted,
      defects: [
        ...(up ? [] : ['its interface is down']),
        ...routes.map((route) => `no route to ${route}`),
      ],
    };
  },

  list: () => [],
  create: make,
  update: (wanted, _from, context) => make(wanted, context),
  remove: () => Promise.resolve(),
};

async function make({ address }: VtepItem, { vpp, uplinks }: Context): Promise<void> {
  const uplink = uplinks.withAddress(address);
  if (uplink !== undefined) {
    await uplinks.make(uplink, vpp);
    return;
  }
  const found = await uplinks.interfaceWith(address, vpp);
  if (found?.up === true) return;
  const text =
    found === undefined
      ? `no interface of VPP has ${address}`
      : `${found.name}, which has ${address}, is down`;
  throw new NfvError('VTEP_ADDRESS_MISSING', text, { metadata: { address } });
}
