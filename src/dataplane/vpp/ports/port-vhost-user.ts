/**
 * A port for a virtual machine: vhost-user (plugins/vhost). What VPP offers the guest it does not tell
 * afterwards: the tag attests it.
 */
import { NfvError } from '../../../errors.js';
import { portKey, type PortItem } from '../../../model/item.js';
import type { VhostUserPort } from '../../../model/vpp-ports.js';
import { retvalOf } from '../../../vpp-api/client/refused.js';
import type { Context } from '../context.js';
import type { SocketAccess } from '../host-doors.js';
import { place } from '../members.js';
import { somebodyElses } from '../orphans.js';
import type { PortKind } from './port-kind.js';
import { attesting, bareTag, parseTag, tagOf } from '../tag.js';
import type { VhostUser } from '../view.js';
import { NO_INTERFACE, RETVAL, unless, type Vpp } from '../vpp.js';
import { undoing } from '../undoing.js';

/** Stands for the path of a server's socket that is not there any more. */
const GONE = '';

export const vhostUserPort: PortKind<VhostUserPort> = {
  claims: ({ socket }) => [`socket ${socket}`],

  refusal: ({ eventIdx }, view) => (eventIdx && !view.offersEventIdx ? noEventIdx() : undefined),

  socketOf: ({ socket, role }) => ({ path: socket, listens: role === 'SERVER' }),

  observe({ index, tag }, wanted, view) {
    const found = view.vhostUsers.get(index);
    if (found === undefined) return undefined;
    const { access } = found;
    if (!(access instanceof NfvError)) return { spec: specOf(found, access, tag) };
    // One that nobody wants is taken away all the same.
    return wanted === undefined ? { spec: specOf(found, undefined, tag) } : access;
  },

  async create(item, spec, context) {
    const index = await makeOrTake(item, spec, context);
    const work = put(index, item, spec, context);
    await undoing(work, (vpp) => remove(index, vpp), context);
  },

  canChange(wanted, observed) {
    if (observed.socket === GONE) return false;
    if (!mustModify(wanted, observed)) return true;
    // Of these modify_vhost_user_if knows nothing: it would offer them.
    const offers = [wanted.disableMrgRxbuf, wanted.disableIndirectDesc];
    const isSameOffer =
      wanted.disableMrgRxbuf === observed.disableMrgRxbuf &&
      wanted.disableIndirectDesc === observed.disableIndirectDesc;
    // VPP opens a server's new socket, and then removes the old one's file: it must have another path.
    const areServers = wanted.role === 'SERVER' && observed.role === 'SERVER';
    const isSameSocket = areServers && wanted.socket === observed.socket;
    return isSameOffer && !offers.includes(true) && !isSameSocket;
  },

  async update(index, item, { wanted, from }, context) {
    if (mustModify(wanted, from)) await modify(index, item, { wanted, from }, context);
    await put(index, item, wanted, context);
  },

  remove: (index, _from, { vpp }) => remove(index, vpp),
};

function specOf(
  { socket, isServer }: VhostUser,
  access: SocketAccess | undefined,
  tag: string,
): VhostUserPort {
  const offer = parseOffer(parseTag(tag)?.attested ?? '');
  const isWhole = offer !== undefined && (!isServer || access !== undefined);
  return {
    kind: 'vhost_user',
    socket: isWhole ? socket : GONE,
    role: isServer ? 'SERVER' : 'CLIENT',
    socketMode: access?.mode ?? 0,
    ownerUid: access?.uid ?? 0,
    ownerGid: access?.gid ?? 0,
    ...(offer ?? NO_OFFER),
  };
}

type Offer = Pick<
  VhostUserPort,
  'gso' | 'packedRing' | 'eventIdx' | 'disableMrgRxbuf' | 'disableIndirectDesc'
>;

const NO_OFFER: Offer = {
  gso: false,
  packedRing: false,
  eventIdx: false,
  disableMrgRxbuf: false,
  disableIndirectDesc: false,
};

/** `v`, and a letter for each: gso, packed ring, event index, no mrg_rxbuf, no indirect descriptors. */
function offerText(offer: Offer): string {
  const letters = [
    offer.gso ? 'g' : '',
    offer.packedRing ? 'p' : '',
    offer.eventIdx ? 'e' : '',
    offer.disableMrgRxbuf ? 'm' : '',
    offer.disableIndirectDesc ? 'i' : '',
  ];
  return `v${letters.join('')}`;
}

/** Undefined: the tag attests nothing, as while the port is being changed. */
function parseOffer(attested: string): Offer | undefined {
  if (!/^vg?p?e?m?i?$/.test(attested)) return undefined;
  return {
    gso: attested.includes('g'),
    packedRing: attested.includes('p'),
    eventIdx: attested.includes('e'),
    disableMrgRxbuf: attested.includes('m'),
    disableIndirectDesc: attested.includes('i'),
  };
}

function mustModify(wanted: VhostUserPort, from: VhostUserPort): boolean {
  return (
    wanted.socket !== from.socket ||
    wanted.role !== from.role ||
    offerText(wanted) !== offerText(from)
  );
}

/** @throws NfvError SOCKET_PATH_REFUSED, SOCKET_PATH_TAKEN, FOREIGN_OBJECT, VPP_REFUSED */
async function makeOrTake(item: PortItem, spec: VhostUserPort, context: Context): Promise<number> {
  const tag = tagOf(portKey(item.endpoint));
  const attested = attesting(tag, offerText(spec));
  try {
    await context.host.sockets.prepare(spec.socket, spec.role === 'SERVER');
    return await make(spec, attested, context.vpp);
  } catch (error) {
    const isTaken = NfvError.from(error).code === 'SOCKET_PATH_TAKEN';
    if (!isTaken && retvalOf(error) !== RETVAL.IF_ALREADY_EXISTS) throw error;
    const found = await indexAt(spec, context.vpp);
    if (found === undefined) throw error;
    const { interfaces } = await context.orphans.seen(context.vpp);
    const there = interfaces.get(found);
    if (there?.tag === attested) return found;
    if (there === undefined || bareTag(there.tag) !== tag) {
      throw somebodyElses(there, `VPP's interface at ${spec.socket}`);
    }
    // Ours, of an answer that was lost, and not as it is wanted now.
    await remove(found, context.vpp);
    return await make(spec, attested, context.vpp);
  }
}

/** Of VPP's interface with this socket, in this role. */
async function indexAt({ socket, role }: VhostUserPort, vpp: Vpp): Promise<number | undefined> {
  const all = await vpp.dump('sw_interface_vhost_user_dump', { sw_if_index: NO_INTERFACE });
  const isServer = role === 'SERVER';
  return all.find((each) => each.sock_filename === socket && each.is_server === isServer)
    ?.sw_if_index;
}

/** With its tag from the first moment on: one that has none is nobody's. */
async function make(spec: VhostUserPort, tag: string, vpp: Vpp): Promise<number> {
  const fields = {
    ...offered(spec),
    disable_mrg_rxbuf: spec.disableMrgRxbuf,
    disable_indirect_desc: spec.disableIndirectDesc,
    use_custom_mac: false,
    mac_address: '00:00:00:00:00:00',
    tag,
  };
  if (vpp.has('create_vhost_user_if_v2')) {
    const flat = { ...fields, enable_event_idx: spec.eventIdx };
    return (await vpp.request('create_vhost_user_if_v2', flat)).sw_if_index;
  }
  needOldOffer(spec);
  return (await vpp.request('create_vhost_user_if', fields)).sw_if_index;
}

async function modify(
  index: number,
  item: PortItem,
  { wanted, from }: { readonly wanted: VhostUserPort; readonly from: VhostUserPort },
  { vpp, host }: Context,
): Promise<void> {
  const isSecondVersion = vpp.has('modify_vhost_user_if_v2');
  if (!isSecondVersion) needOldOffer(wanted);
  const isNew = wanted.socket !== from.socket || wanted.role !== from.role;
  if (isNew) await host.sockets.prepare(wanted.socket, wanted.role === 'SERVER');
  const fields = { ...offered(wanted), sw_if_index: index };
  const tag = tagOf(portKey(item.endpoint));
  // While it is under way the tag attests nothing.
  const unattested = vpp.request('sw_interface_tag_add_del', {
    is_add: true,
    sw_if_index: index,
    tag,
  });
  const change = isSecondVersion
    ? vpp.request('modify_vhost_user_if_v2', { ...fields, enable_event_idx: wanted.eventIdx })
    : vpp.request('modify_vhost_user_if', fields);
  await Promise.all([unattested, change]);
}

function offered(spec: VhostUserPort) {
  return {
    is_server: spec.role === 'SERVER',
    sock_filename: spec.socket,
    renumber: false,
    custom_dev_instance: 0,
    enable_gso: spec.gso,
    enable_packed: spec.packedRing,
  };
}

/** @throws NfvError ITEM_UNSUPPORTED */
function needOldOffer({ eventIdx }: VhostUserPort): void {
  if (eventIdx) throw noEventIdx();
}

function noEventIdx(): NfvError {
  return new NfvError('ITEM_UNSUPPORTED', 'this VPP cannot offer the event index (event_idx)');
}

/** A guest may connect once it can do no harm: when the socket is its own and the port in its place. */
async function put(
  index: number,
  item: PortItem,
  spec: VhostUserPort,
  context: Context,
): Promise<void> {
  const { vni, adminUp: up } = item;
  const tag = tagOf(portKey(item.endpoint));
  await place(index, { tag, attested: offerText(spec), vni, group: 0, up }, context);
  if (spec.role === 'CLIENT') return;
  const { socketMode: mode, ownerUid: uid, ownerGid: gid } = spec;
  await context.host.sockets.setAccess(spec.socket, { mode, uid, gid });
}

async function remove(index: number, vpp: Vpp): Promise<void> {
  const removal = vpp.request('delete_vhost_user_if', { sw_if_index: index });
  await unless(removal, RETVAL.INVALID_SW_IF_INDEX);
}
