/** How uplinks are found, beside what the configuration says. */
import { NfvError } from '../../../errors.js';
import type { UplinkTable } from './uplink-table.js';
import { bare } from '../../../model/interface-addresses.js';
import type { Uplink } from './uplink.js';
import { uplinkTag, type UplinkView } from './uplink-part.js';
import { hasRoute } from '../routing/route.js';
import { bareTag } from '../tag.js';
import type { Address, UplinkSight, UplinkSights } from '../view.js';
import type { Vpp } from '../vpp.js';

/** @throws NfvError as Vpp.request */
export async function lookAtUplinks(
  table: UplinkTable,
  view: UplinkView,
  addresses: readonly Address[],
  vpp: Vpp,
): Promise<UplinkSights['byAddress']> {
  const found = new Map<string, UplinkSight | NfvError>();
  await Promise.all(
    table.all.map(async (uplink) => {
      const sight = await sightOf(uplink, table, { ...view, addresses }, vpp);
      for (const address of uplink.addresses) found.set(bare(address), sight);
    }),
  );
  return found;
}

async function sightOf(
  uplink: Uplink,
  table: UplinkTable,
  view: UplinkView & { readonly addresses: readonly Address[] },
  vpp: Vpp,
): Promise<UplinkSight | NfvError> {
  try {
    const own = [...defectsOf(uplink, table, view), ...otherLengths(uplink, table, view)];
    const are = await Promise.all(uplink.routes.map(({ to, via }) => hasRoute(to, via, vpp)));
    const lacking = uplink.routes
      .filter((_, i) => are[i] === false)
      .map(({ to, via }) => `no route to ${to} via ${via}`);
    return { index: table.part(uplink).find(view)?.index, defects: [...own, ...lacking] };
  } catch (thrown) {
    const error = NfvError.from(thrown);
    if (error.code === 'FOREIGN_OBJECT') return error;
    throw error;
  }
}

/** Addresses that are in another subnet than configured, on an interface of ours. */
function otherLengths(
  uplink: Uplink,
  table: UplinkTable,
  view: UplinkView & { readonly addresses: readonly Address[] },
): string[] {
  const part = table.part(uplink);
  const found = part.find(view);
  if (found === undefined || bareTag(found.tag) !== uplinkTag(part.name)) return [];
  const wanted = new Map(uplink.addresses.map((each) => [bare(each), each]));
  return view.addresses.flatMap(({ index, address, prefixLength }) => {
    const has = `${address}/${prefixLength}`;
    const own = index === found.index ? wanted.get(address) : undefined;
    return own === undefined || own === has ? [] : [`${found.name} has ${has}, not ${own}`];
  });
}

/** Interfaces that are to be made anew, by their indices, and why: they are others than the configuration says. */
export function differing(table: UplinkTable, view: UplinkView): UplinkSights['differing'] {
  const found = new Map<number, readonly string[]>();
  for (const part of table.all.map((uplink) => table.part(uplink))) {
    if (part.create === undefined) continue;
    const there = part.find(view);
    const differences = there === undefined ? [] : part.differences(there, view);
    if (there !== undefined && differences.length > 0) found.set(there.index, differences);
  }
  return found;
}

/** Those of what carries it are its own. */
function defectsOf(uplink: Uplink, table: UplinkTable, view: UplinkView): string[] {
  const part = table.part(uplink);
  const carrier = table.carrierOf(part);
  const below = carrier === undefined ? [] : defectsOf(carrier, table, view);
  const found = part.find(view);
  if (found === undefined) return [...below, `VPP has no ${part.name}`];
  const differences = part.differences(found, view).map((each) => `${found.name}: ${each}`);
  const up = found.up ? [] : [`${found.name} is down`];
  const mtu =
    found.mtu === uplink.mtu ? [] : [`${found.name} has an MTU of ${found.mtu}, not ${uplink.mtu}`];
  return [...below, ...up, ...mtu, ...differences];
}
