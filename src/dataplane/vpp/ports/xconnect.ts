/** Xconnect: VPP's cross-connects from one port to the other and back (vnet/l2/l2_input.c). */
import { NfvError } from '../../../errors.js';
import { portKey, xconnectKey, type XconnectItem } from '../../../model/item.js';
import { interfaceOf, needFeature, type Context } from '../context.js';
import type { VppKind } from '../kind.js';
import { bareTag, parseTag, tagOf } from '../tag.js';
import type { View } from '../view.js';
import { undoing } from '../undoing.js';
import { RETVAL, unless, type Vpp } from '../vpp.js';

export const xconnect: VppKind<XconnectItem> = {
  rank: 4,
  differences: () => [],
  mustRecreate: () => false,
  // A port has one cross-connect: that of another pair goes before.
  claims: ({ a, b }) => [`frames of ${portKey(a)}`, `frames of ${portKey(b)}`],

  reads(_rest, wanted, wants) {
    for (const each of wanted === undefined ? [] : [wanted.a, wanted.b]) {
      wants.endpoints.set(tagOf(portKey(each)), each);
    }
    wants.interfaces = true;
    wants.crossConnects = true;
  },

  observe([a = '', b = ''], _wanted, view) {
    const [first, second] = [indexOf(a, view), indexOf(b, view)];
    if (first === undefined || second === undefined) return undefined;
    const there = view.crossConnects.get(first) === second;
    const back = view.crossConnects.get(second) === first;
    if (!there && !back) return undefined;
    return {
      payload: { kind: 'xconnect', a, b },
      defects: [
        ...(there ? [] : [`not from ${a} to ${b}`]),
        ...(back ? [] : [`not from ${b} to ${a}`]),
      ],
    };
  },

  *list(view) {
    for (const [rx, tx] of view.crossConnects) {
      const [from, to] = [endpointAt(rx, view), endpointAt(tx, view)];
      if (from === undefined || to === undefined || from === to) continue;
      yield from < to ? xconnectKey(from, to) : xconnectKey(to, from);
    }
  },

  create: connect,
  update: (wanted, _from, context) => connect(wanted, context),

  async remove({ a, b }, { vpp, memory, lookups }) {
    const [first, second] = [a, b].map((each) => memory.indexOf(tagOf(portKey(each))));
    if (first === undefined || second === undefined) return;
    const found = await lookups.crossConnects(vpp);
    // A port that has gone to a bridge domain since stays there.
    const ends = [first, second].filter((rx) => found.get(rx) === (rx === first ? second : first));
    await Promise.all(
      ends.map((rx) => unless(set(rx, rx, false, vpp), RETVAL.INVALID_SW_IF_INDEX)),
    );
  },
};

/** @throws NfvError ITEM_BLOCKED if a port is not there, or in a bridge domain */
async function connect({ a, b }: XconnectItem, context: Context): Promise<void> {
  const { vpp, lookups } = context;
  needFeature('cross_connects', vpp);
  const [first, second] = [interfaceOf(portKey(a), context), interfaceOf(portKey(b), context)];
  const bridged = await lookups.bridged(vpp);
  for (const [endpoint, index] of [
    [a, first],
    [b, second],
  ] as const) {
    const domain = bridged.get(index);
    if (domain === undefined) continue;
    const key = portKey(endpoint);
    throw new NfvError('ITEM_BLOCKED', `${key} is in bridge domain ${domain}`, {
      metadata: { key },
    });
  }
  const work = Promise.all([set(first, second, true, vpp), set(second, first, true, vpp)]);
  const undo = (lasting: Vpp): Promise<unknown> =>
    Promise.all([first, second].map((rx) => set(rx, rx, false, lasting)));
  await undoing(work, undo, context);
}

async function set(rx: number, tx: number, enable: boolean, vpp: Vpp): Promise<void> {
  const ends = { rx_sw_if_index: rx, tx_sw_if_index: tx };
  await vpp.request('sw_interface_set_l2_xconnect', { ...ends, enable });
}

/** Ends what comes to a port by a cross-connect, before it goes to a bridge domain. */
export async function disconnect(port: number, { vpp, lookups }: Context): Promise<void> {
  if (!vpp.can('cross_connects')) return;
  const found = await lookups.crossConnects(vpp);
  const peers = [...found].filter(([, tx]) => tx === port).map(([rx]) => rx);
  await Promise.all(peers.map((rx) => unless(set(rx, rx, false, vpp), RETVAL.INVALID_SW_IF_INDEX)));
}

function indexOf(endpoint: string, view: View): number | undefined {
  return view.tagged(tagOf(portKey(endpoint)))?.index;
}

/** Of a name that is too long for a tag: its beginning and a hash, as in the tag. */
function endpointAt(index: number, view: View): string | undefined {
  const text = bareTag(view.interfaces.get(index)?.tag ?? '') ?? '';
  const wanted = view.endpoints.get(text);
  if (wanted !== undefined) return wanted;
  const tag = parseTag(text);
  return tag?.part === '' && tag.key.startsWith('port/')
    ? tag.key.slice('port/'.length)
    : undefined;
}
