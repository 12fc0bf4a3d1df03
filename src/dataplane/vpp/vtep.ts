/** Vtep: an address of an interface of VPP to the underlay, which the agent's configuration names. */
import { NfvError } from '../../errors.js';
import { vtepKey, type VtepItem } from '../../model/item.js';
import type { Sight } from '../../reconcile/kind-table.js';
import type { Context } from './context.js';
import type { VppKind } from './kind.js';
import type { View } from './view.js';

export const vtep: VppKind<VtepItem> = {
  rank: 0,
  differences: () => [],
  mustRecreate: () => false,

  reads(_rest, _wanted, wants) {
    wants.addresses = true;
  },

  observe(rest, wanted, view) {
    if (wanted === undefined) return observeStale(rest.join('/'), view);
    const { address } = wanted;
    const uplink = view.uplinks.byAddress.get(address);
    if (uplink instanceof NfvError) return uplink;
    const found = view.addresses.find(
      (each) => each.address === address && (uplink === undefined || each.index === uplink.index),
    );
    if (found === undefined) return undefined;
    if (uplink !== undefined) return { payload: wanted, defects: uplink.defects };
    const up = view.interfaces.get(found.index)?.up === true;
    return { payload: wanted, defects: up ? [] : ['its interface is down'] };
  },

  *list({ uplinks }) {
    for (const name of uplinks.stale.keys()) yield vtepKey(name);
    for (const leftover of uplinks.leftovers) yield vtepKey(leftover);
  },

  create: make,
  update: (wanted, _from, context) => make(wanted, context),

  /** Of an address or a route that the configuration has, or that is not ours, nothing: the host keeps it. */
  async remove({ address: name }, context) {
    await context.uplinks.end(name, context);
  },
};

/**
 * An uplink that we made and that the configuration has no more stands where a VTEP would, under its name; so does an
 * address that it has no more on one that it has, and a route, under its prefix.
 */
function observeStale(name: string, { uplinks }: View): Sight<VtepItem> {
  if (!uplinks.stale.has(name) && !uplinks.leftovers.has(name)) return undefined;
  return { payload: { kind: 'vtep', address: name }, defects: [] };
}

async function make({ address }: VtepItem, context: Context): Promise<void> {
  const { vpp, uplinks } = context;
  const uplink = uplinks.withAddress(address);
  if (uplink !== undefined) {
    await uplinks.make(uplink, context);
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
