/**
 * MacEntry: a static entry of a bridge domain's MAC table, at a tunnel or a port (vnet/l2/l2_fib.c).
 * Learned entries are VPP's own.
 */
import { macKey, portKey, tunnelKey, type MacEntryItem, type MacVia } from '../../model/item.js';
import { differing } from '../../reconcile/differing.js';
import { interfaceOf, type Context } from './context.js';
import type { VppKind } from './kind.js';
import { isShortened, tagOf, type Tag } from './tag.js';
import type { View } from './view.js';
import { RETVAL, unless } from './vpp.js';

const NONE: readonly string[] = [];

export const macEntry: VppKind<MacEntryItem> = {
  rank: 4,
  differences: (wanted, observed) =>
    wanted.via === observed.via ? [] : differing({ via: [told(wanted.via), told(observed.via)] }),
  mustRecreate: () => false,

  reads([text], wanted, wants) {
    // There may be very many.
    if (wants.everything) return;
    const vni = wanted?.vni ?? Number(text);
    wants.member(vni);
    wants.macs.add(vni);
  },

  observe([vni, mac = ''], wanted, view) {
    const id = wanted?.vni ?? Number(vni);
    if (!view.isOurs(id)) return undefined;
    const entry = view.mac(id, mac);
    if (entry?.isStatic !== true || entry.isOwn) return undefined;
    const via = viaOf(entry.index, wanted, view);
    if (via === wanted?.via) return { payload: wanted, defects: NONE };
    return { payload: { kind: 'mac_entry', vni: id, mac, via }, defects: NONE };
  },

  *list(view) {
    for (const { id } of view.domains.values()) {
      if (!view.isOurs(id)) continue;
      for (const [mac, { isStatic, isOwn }] of view.macs(id)) {
        if (isStatic && !isOwn) yield macKey(id, mac);
      }
    }
  },

  create: put,
  update: (wanted, _from, context) => put(wanted, context),

  async remove({ vni, mac }, { vpp }) {
    // 0: whichever interface it is at.
    const gone = vpp.request('l2fib_add_del', message(vni, mac, 0, false));
    await unless(gone, RETVAL.NO_SUCH_ENTRY);
  },
};

function message(vni: number, mac: string, index: number, isAdd: boolean) {
  return {
    mac,
    bd_id: vni,
    sw_if_index: index,
    is_add: isAdd,
    static_mac: isAdd,
    filter_mac: false,
    bvi_mac: false,
  };
}

/** Not async: of thousands a promise less counts. */
function put({ vni, mac, via }: MacEntryItem, context: Context): Promise<unknown> {
  const index = interfaceOf(interfaceKey(vni, via), context);
  return context.vpp.request('l2fib_add_del', message(vni, mac, index, true));
}

/** The item whose interface the MAC is at. */
function interfaceKey(vni: number, via: MacVia): string {
  return via.kind === 'remote' ? tunnelKey(vni, via.vtep) : portKey(via.endpoint);
}

/** What is at an interface; one that is nobody's is told by its index. */
function viaOf(index: number, wanted: MacEntryItem | undefined, view: View): MacVia {
  const tag = view.tagAt(index);
  if (wanted !== undefined && isOf(tag, interfaceKey(wanted.vni, wanted.via))) return wanted.via;
  const key = tag?.key ?? '';
  const [kind, first = '', remote = ''] = key.split('/');
  if (kind === 'tunnel') return { kind: 'remote', vtep: remote };
  if (kind === 'port') return { kind: 'endpoint', endpoint: first };
  return { kind: 'remote', vtep: '' };
}

function isOf(tag: Tag | undefined, key: string): boolean {
  if (tag?.part !== '') return false;
  return tag.key === key || (isShortened(tag.key) && tagOf(tag.key) === tagOf(key));
}

function told(via: MacVia): string {
  if (via.kind === 'endpoint') return `endpoint ${via.endpoint}`;
  return via.vtep === '' ? 'an interface that is not ours' : `VTEP ${via.vtep}`;
}
