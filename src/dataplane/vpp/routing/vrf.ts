/** Vrf: a router's two tables in VPP, whose names are our tag (vnet/fib/fib_table.c, ft_desc). */
import { NfvError } from '../../../errors.js';
import { vrfKey, type VrfItem } from '../../../model/routing-items.js';
import { needFeature, type Context } from '../context.js';
import type { VppKind } from '../kind.js';
import { tableNames } from './read-routing.js';
import { FAMILIES, type Family, type TableNames } from './routing-view.js';
import { parseTag, tagOf } from '../tag.js';
import type { Vpp } from '../vpp.js';
import { undoing } from '../undoing.js';

export const vrf: VppKind<VrfItem> = {
  rank: 0,
  // VPP's tables have no other name than the tag.
  differences: () => [],
  mustRecreate: () => false,

  reads(_rest, _wanted, wants) {
    wants.routing.tables = true;
  },

  observe([text], wanted, view) {
    const id = Number(text);
    const names = view.routing.tables.get(id);
    if (names === undefined) return undefined;
    const foreign = foreignIn(id, names);
    if (foreign !== undefined && wanted !== undefined) return foreign;
    const missing = FAMILIES.filter((family) => !view.routing.isOurs(id, family));
    if (missing.length === FAMILIES.length) return undefined;
    return {
      payload: { kind: 'vrf', id, name: wanted?.name ?? '' },
      defects: missing.map((family) => `no ${family} table`),
    };
  },

  *list(view) {
    for (const [id, names] of view.routing.tables) {
      if ([...names.values()].some((name) => parseTag(name)?.key === vrfKey(id))) yield vrfKey(id);
    }
  },

  create: make,
  update: (wanted, _from, context) => make(wanted, context),

  async remove({ id }, { vpp, lookups }) {
    const names = (await lookups.tables(vpp)).get(id);
    const ours = FAMILIES.filter((family) => names?.get(family) === tagOf(vrfKey(id)));
    await Promise.all(ours.map((family) => addDel(id, family, false, vpp)));
    if (ours.length > 0) await needGone(id, vpp);
  },
};

/**
 * VPP takes another name for a table that there is without a word: it is looked at before.
 * @throws NfvError FOREIGN_OBJECT, ITEM_UNSUPPORTED
 */
async function make({ id }: VrfItem, context: Context): Promise<void> {
  const { vpp, lookups } = context;
  needFeature('routing', vpp);
  const names = (await lookups.tables(vpp)).get(id) ?? new Map<Family, string>();
  const foreign = foreignIn(id, names);
  if (foreign !== undefined) throw foreign;
  const missing = FAMILIES.filter((family) => !names.has(family));
  const all = (isAdd: boolean, to: Vpp): Promise<unknown> =>
    Promise.all(missing.map((family) => addDel(id, family, isAdd, to)));
  await undoing(all(true, vpp), (lasting) => all(false, lasting), context);
}

async function addDel(id: number, family: Family, isAdd: boolean, vpp: Vpp): Promise<void> {
  const table = { table_id: id, is_ip6: family === 'IPv6', name: tagOf(vrfKey(id)) };
  if (vpp.has('ip_table_add_del_v2')) {
    await vpp.request('ip_table_add_del_v2', { table, create_mfib: true, is_add: isAdd });
  } else await vpp.request('ip_table_add_del', { table, is_add: isAdd });
}

/** VPP keeps a table, name and all, as long as anything is in it (fib_table_unlock). */
async function needGone(id: number, vpp: Vpp): Promise<void> {
  const names = (await tableNames(vpp)).get(id);
  if (![...(names?.values() ?? [])].includes(tagOf(vrfKey(id)))) return;
  throw new NfvError('FOREIGN_OBJECT', `table ${id} is used by something that is not ours`, {
    metadata: { table: String(id) },
  });
}

function foreignIn(id: number, names: TableNames): NfvError | undefined {
  for (const [family, name] of names) {
    if (name === tagOf(vrfKey(id))) continue;
    return new NfvError('FOREIGN_OBJECT', `${family} table ${id} is somebody else's: "${name}"`, {
      metadata: { table: String(id), name },
    });
  }
  return undefined;
}
