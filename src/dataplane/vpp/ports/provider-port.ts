/**
 * ProviderPort: an interface of VPP as a member of the network's bridge domain, or a sub-interface for a VLAN
 * of it. The interface is the host's: one that is in `vpp.uplinks` is made as that says, any other has to be
 * there, and is given back as it was found.
 */
import { NfvError } from '../../../errors.js';
import { providerPortKey, type ProviderPortItem } from '../../../model/item.js';
import { differing } from '../../../reconcile/differing.js';
import type { Sight } from '../../../reconcile/kind-table.js';
import { carriedMtu } from '../carried-mtu.js';
import type { Context } from '../context.js';
import type { VppKind } from '../kind.js';
import { attach, memberDefects, place, unbridge } from '../members.js';
import { somebodyElses, type Seen } from '../orphans.js';
import { attestedOf, giveBack } from './port-vpp-interface.js';
import { bareTag, parseTag, tagOf, UPLINK } from '../tag.js';
import { undoing } from '../undoing.js';
import type { Interface, View } from '../view.js';
import { makeOrTakeSub, POP_ONE, removeSub, rewriteTags } from '../vlan-subif.js';
import { NO_INTERFACE, type Vpp } from '../vpp.js';

/** An uplink that cannot be told, but is not the one that is wanted. */
const UNKNOWN = '?';

export const providerPort: VppKind<ProviderPortItem> = {
  rank: 3,

  differences: (wanted, observed) =>
    differing({
      uplink: [wanted.uplink, observed.uplink],
      vlan: [wanted.vlan, observed.vlan],
      mtu: [wanted.mtu, observed.mtu],
    }),

  mustRecreate: (wanted, observed) =>
    wanted.uplink !== observed.uplink || wanted.vlan !== observed.vlan,

  claims: ({ uplink, vlan }) => [vlan === 0 ? `uplink ${uplink}` : `VLAN ${vlan} of ${uplink}`],

  reads([vni], _wanted, wants) {
    wants.member(Number(vni));
    // How the uplink stands.
    wants.addresses = true;
  },

  observe([vni], wanted, view): Sight<ProviderPortItem> {
    const found = memberOf(Number(vni), view);
    return found && seen(Number(vni), found, wanted, view);
  },

  *list(view) {
    for (const tag of view.tags()) {
      const { key = '', part } = parseTag(tag) ?? {};
      if (part === '' && key.startsWith('provider/')) yield key;
    }
    for (const vni of view.domains.keys()) {
      if (uplinkIn(vni, view) !== undefined) yield providerPortKey(vni);
    }
  },

  create: put,

  async update(wanted, _from, context) {
    await put(wanted, context);
  },

  async remove({ vni }, context) {
    const { vpp, memory } = context;
    const tag = tagOf(providerPortKey(vni));
    const { interfaces } = await context.orphans.seen(vpp);
    for (const each of interfaces.values()) {
      if (bareTag(each.tag) !== tag) continue;
      if (each.sub !== undefined) await removeSub(each.index, vpp);
      else await giveBack(each.index, parseTag(each.tag)?.attested ?? '', vpp);
      memory.forget(each.index);
    }
    for (const index of await membersNow(vni, vpp)) {
      const key = parseTag(interfaces.get(index)?.tag ?? '')?.key ?? '';
      if (key.startsWith(UPLINK)) await unbridge(index, vni, context);
    }
  },
};

/** The one that has our tag; or an uplink, which has a tag already, in a bridge domain of ours. */
function memberOf(vni: number, view: View): Interface | undefined {
  return view.tagged(tagOf(providerPortKey(vni))) ?? uplinkIn(vni, view);
}

function uplinkIn(vni: number, view: View): Interface | undefined {
  if (!view.isOurs(vni)) return undefined;
  const members = [...(view.domains.get(vni)?.members.keys() ?? [])];
  const index = members.find((each) => view.tagAt(each)?.key.startsWith(UPLINK) === true);
  return index === undefined ? undefined : view.interfaces.get(index);
}

function seen(
  vni: number,
  found: Interface,
  wanted: ProviderPortItem | undefined,
  view: View,
): Sight<ProviderPortItem> {
  const { sub, linkMtu } = found;
  const parent = sub === undefined ? found : view.interfaces.get(sub.parent);
  const [uplink = UNKNOWN] = [...view.providers].find(([, name]) => name === parent?.name) ?? [];
  const held = { kind: 'provider_port', vni, uplink, vlan: sub?.outerVlanId ?? 0 } as const;
  const carried = parent === undefined ? linkMtu : carriedMtu(parent, view.interfaces);
  if (wanted === undefined) return { payload: { ...held, mtu: carried }, defects: [] };
  // An uplink's own tag says that it is ours.
  const tag = sub === undefined && isUplink(found) ? found.tag : tagOf(providerPortKey(vni));
  return {
    payload: { ...held, mtu: carried >= wanted.mtu ? wanted.mtu : carried },
    defects: [
      ...memberDefects(found, { tag, vni, group: 0 }, view),
      ...(found.up ? [] : ['is down']),
      ...(parent === undefined ? [] : parentDefects(parent, view)),
      ...(sub === undefined || sub.rewrite === POP_ONE ? [] : ['its tag is not taken off']),
    ],
  };
}

function parentDefects({ index, name, up }: Interface, { uplinks }: View): string[] {
  const differing = uplinks.differing.get(index) ?? [];
  return [...(up ? [] : [`${name} is down`]), ...differing.map((each) => `${name}: ${each}`)];
}

const isUplink = ({ tag }: Interface): boolean => parseTag(tag)?.key.startsWith(UPLINK) === true;

/**
 * Makes it, or puts right what there is.
 * @throws NfvError ITEM_UNSUPPORTED: no such uplink; VPP_INTERFACE_MISSING, UNDERLAY_MTU_TOO_SMALL;
 * FOREIGN_OBJECT: it is in use; those of `Uplinks.make`
 */
async function put(wanted: ProviderPortItem, context: Context): Promise<void> {
  const { vpp, orphans, uplinks } = context;
  const name = uplinks.providers.get(wanted.uplink);
  if (name === undefined) throw unknownUplink(wanted);
  const uplink = uplinks.named(name);
  if (uplink !== undefined) await uplinks.make(uplink, context);
  const now = await orphans.seen(vpp);
  const parent = uplinkNow(wanted, name, now);
  if (wanted.vlan !== 0) await putVlan(wanted, parent, now, context);
  else if (uplink !== undefined && uplink.addresses.length > 0) {
    throw inUse(parent, 'has addresses of the underlay');
  } else if (isUplink(parent)) {
    await attach(parent.index, { vni: wanted.vni, group: 0, up: true }, context);
  } else await putWhole(wanted, parent, now, context);
}

function unknownUplink({ uplink }: ProviderPortItem): NfvError {
  return new NfvError('ITEM_UNSUPPORTED', `this host has no provider uplink ${uplink}`, {
    metadata: { uplink },
    remedy: 'name the uplink in "providers" of the agent’s configuration, and restart the agent',
  });
}

function uplinkNow(
  { uplink, mtu }: ProviderPortItem,
  name: string,
  { interfaces }: Seen,
): Interface {
  const found = [...interfaces.values()].find((each) => each.name === name);
  const metadata = { interface: name };
  if (found === undefined) {
    const text = `VPP has no interface ${name}, the provider uplink ${uplink}`;
    const remedy = 'create it, or correct its name in "providers" of the agent’s configuration';
    throw new NfvError('VPP_INTERFACE_MISSING', text, { metadata, remedy });
  }
  const carried = carriedMtu(found, interfaces);
  if (carried >= mtu) return found;
  const text = `${name} has an MTU of ${carried}; for the network it takes ${mtu}`;
  throw new NfvError('UNDERLAY_MTU_TOO_SMALL', text, {
    metadata: { ...metadata, mtu: String(carried), needed: String(mtu) },
  });
}

function inUse(found: Interface, why: string): NfvError {
  return new NfvError('FOREIGN_OBJECT', `the uplink ${found.name} ${why}`, {
    metadata: { interface: found.name, tag: found.tag },
    remedy: 'name another interface in "providers", or give a VLAN of it (--provider-vlan)',
  });
}

/** In VPP's order: to be put into a bridge domain undoes what is done to the tags. */
async function putVlan(
  { vni, vlan }: ProviderPortItem,
  parent: Interface,
  now: Seen,
  context: Context,
): Promise<void> {
  const { vpp } = context;
  const tag = tagOf(providerPortKey(vni));
  const tags = { outerVlanId: vlan, innerVlanId: 0, dot1ad: false };
  if (parent.sub !== undefined) throw inUse(parent, 'is itself a sub-interface');
  // VPP sets no sub-interface up whose parent is down (vnet_sw_interface_set_flags_helper).
  if (!parent.up) await attach(parent.index, { vni: 0, group: 0, up: true }, context);
  const index = await makeOrTakeSub(parent, tags, tag, now, vpp);
  const isNew = !now.interfaces.has(index);
  const work = Promise.all([
    place(index, { tag, vni, group: 0, up: true }, context),
    rewriteTags(index, POP_ONE, vpp),
  ]);
  if (isNew) await undoing(work, (lasting) => removeSub(index, lasting), context);
  else await work;
}

async function putWhole(
  { vni }: ProviderPortItem,
  found: Interface,
  { used }: Seen,
  context: Context,
): Promise<void> {
  const tag = tagOf(providerPortKey(vni));
  const isOurs = bareTag(found.tag) === tag;
  if (!isOurs && (found.tag !== '' || used.has(found.index))) {
    throw somebodyElses(found, 'which has a tag, an address or a bridge domain');
  }
  const attested = attestedOf(found);
  const work = place(found.index, { tag, attested, vni, group: 0, up: true }, context);
  if (isOurs) await work;
  else await undoing(work, (vpp) => giveBack(found.index, attested, vpp), context);
}

/** None of a bridge domain that is gone. */
async function membersNow(vni: number, vpp: Vpp): Promise<number[]> {
  const domains = await vpp.dump('bridge_domain_dump', { bd_id: vni, sw_if_index: NO_INTERFACE });
  return domains.flatMap(({ sw_if_details: members }) => members.map((each) => each.sw_if_index));
}
