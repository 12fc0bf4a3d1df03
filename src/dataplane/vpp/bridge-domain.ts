/**
 * BridgeDomain: VPP's bridge domain with the VNI as its id, and for a multicast group a tunnel to
 * that group, which is the one that BUM frames go out by: VPP floods to no unicast tunnel beside it
 * (vnet/l2/l2_input.c; VNET_FLOOD_CLASS_TUNNEL_MASTER of plugins/vxlan).
 */
import { NfvError } from '../../errors.js';
import { bridgeDomainKey, type BridgeDomainItem } from '../../model/item.js';
import { differing } from '../../reconcile/differing.js';
import type { BdFlags } from '../../vpp-api/generated/messages.js';
import { retvalOf } from '../../vpp-api/client/refused.js';
import type { Context } from './context.js';
import { addGroup, groupDefects, groupOf, groups, putGroup, removeGroup } from './flood-group.js';
import type { Sight } from '../../reconcile/kind-table.js';
import type { VppKind } from './kind.js';
import { learnerDefects, settleLearners } from './learners.js';
import { tagOf } from './tag.js';
import type { Domain, View } from './view.js';
import { NO_INTERFACE, RETVAL, unless, type Vpp } from './vpp.js';
import { undoing } from './undoing.js';

/** Minutes until VPP forgets a MAC that it learned; the kernel's bridge takes five too. */
const MAC_AGE = 5;

export const bridgeDomain: VppKind<BridgeDomainItem> = {
  rank: 1,
  differences: (wanted, observed) =>
    differing({
      learn: [wanted.learn, observed.learn],
      flood: [wanted.flood, observed.flood],
      arpSuppression: [wanted.arpSuppression, observed.arpSuppression],
      bumGroup: [wanted.bumGroup, observed.bumGroup],
      vtep: [wanted.vtep, observed.vtep],
    }),
  mustRecreate: () => false,

  reads([vni], wanted, wants) {
    wants.member(Number(vni));
    wants.learning.set(Number(vni), wanted?.learn === true && wanted.vtep !== '');
    // Also where no group is wanted: there may be one.
    wants.tunnels = true;
    // Of the interface that a group is joined on.
    if (wanted !== undefined && wanted.bumGroup !== '') wants.addresses = true;
  },

  observe([vni], wanted, view) {
    const id = Number(vni);
    const domain = view.domains.get(id);
    if (domain === undefined) return wanted === undefined ? remains(id, view) : undefined;
    if (domain.tag !== tagOf(bridgeDomainKey(id))) {
      return wanted === undefined ? undefined : inTheWay(domain);
    }
    const { learn, flood } = domain;
    const arpSuppression = suppression(domain, wanted, view);
    const { network = '', mtu = 0 } = wanted ?? {};
    // Without a group a bridge domain has nothing to do with a VTEP.
    const { remote: bumGroup = '', local: vtep = wanted?.vtep ?? '' } = groupOf(id, view) ?? {};
    const own = { kind: 'bridge_domain', vni: id, learn, flood, arpSuppression } as const;
    return {
      payload: { ...own, network, vtep, mtu, bumGroup },
      defects: [
        ...defectsOf(domain, view),
        ...learnerDefects(domain, view),
        ...groupDefects(id, wanted, view),
      ],
    };
  },

  *list(view) {
    for (const { id, tag } of view.domains.values()) {
      if (tag === tagOf(bridgeDomainKey(id))) yield bridgeDomainKey(id);
    }
    for (const vni of groups(view)) if (!view.domains.has(vni)) yield bridgeDomainKey(vni);
  },

  async create(wanted, context) {
    await addOrTake(wanted, context);
    const work = addGroup(wanted, context);
    await undoing(work, (vpp) => removeDomain(wanted.vni, vpp), context);
  },

  async update(wanted, _from, context) {
    await set(wanted, context);
    await putGroup(wanted, context);
    await settleLearners(wanted.vni, context);
  },

  async remove({ vni }, context) {
    await removeGroup(vni, context);
    await removeDomain(vni, context.vpp);
  },
};

async function addOrTake(wanted: BridgeDomainItem, context: Context): Promise<void> {
  const { vpp } = context;
  const tag = tagOf(bridgeDomainKey(wanted.vni));
  const fields = { ...settings(wanted, context), bd_id: wanted.vni, bd_tag: tag };
  const addition = vpp.has('bridge_domain_add_del_v2')
    ? vpp.request('bridge_domain_add_del_v2', fields)
    : vpp.request('bridge_domain_add_del', fields);
  try {
    await addition;
  } catch (error) {
    if (retvalOf(error) !== RETVAL.BD_ALREADY_EXISTS) throw error;
    const asked = { bd_id: wanted.vni, sw_if_index: NO_INTERFACE };
    const [found] = await vpp.dump('bridge_domain_dump', asked);
    if (found?.bd_tag !== tag) throw inTheWay({ id: wanted.vni, tag: found?.bd_tag ?? '' });
    await set(wanted, context);
  }
}

/**
 * What VPP is to tell of ARP packets it tells where it terminates ARP. It answers nothing by that: a network without
 * suppression has no neighbour entries.
 */
function terminates({ vni, arpSuppression }: BridgeDomainItem, { watched }: Context): boolean {
  return arpSuppression || watched.has(vni);
}

/** Of a network that terminates ARP just for what VPP tells it is as wanted. */
function suppression(
  { id, arpTermination }: Domain,
  wanted: BridgeDomainItem | undefined,
  { watched }: View,
): boolean {
  return watched.has(id) ? (wanted?.arpSuppression ?? arpTermination) : arpTermination;
}

function settings(wanted: BridgeDomainItem, context: Context) {
  const { learn, flood } = wanted;
  return {
    learn,
    flood,
    uu_flood: flood,
    forward: true,
    arp_term: terminates(wanted, context),
    arp_ufwd: false,
    mac_age: learn ? MAC_AGE : 0,
    is_add: true,
  };
}

function defectsOf(domain: Domain, { watched }: View): string[] {
  return differing({
    arpTermination: [domain.arpTermination || watched.has(domain.id), domain.arpTermination],
    forward: [true, domain.forward],
    unknownFlood: [domain.flood, domain.unknownFlood],
    macAge: [domain.learn ? MAC_AGE : 0, domain.macAge],
  });
}

async function set(wanted: BridgeDomainItem, context: Context): Promise<void> {
  const { vpp } = context;
  const on: BdFlags[] = ['BRIDGE_API_FLAG_FWD'];
  const off: BdFlags[] = [];
  (wanted.learn ? on : off).push('BRIDGE_API_FLAG_LEARN');
  (wanted.flood ? on : off).push('BRIDGE_API_FLAG_FLOOD', 'BRIDGE_API_FLAG_UU_FLOOD');
  (terminates(wanted, context) ? on : off).push('BRIDGE_API_FLAG_ARP_TERM');
  const { vni: bd_id } = wanted;
  await Promise.all([
    vpp.request('bridge_flags', { bd_id, is_set: true, flags: on }),
    off.length > 0 ? vpp.request('bridge_flags', { bd_id, is_set: false, flags: off }) : undefined,
    vpp.request('bridge_domain_set_mac_age', { bd_id, mac_age: wanted.learn ? MAC_AGE : 0 }),
    // What was learned would stay for ever; static entries do.
    wanted.learn ? undefined : vpp.request('l2fib_flush_bd', { bd_id }),
  ]);
}

async function removeDomain(vni: number, vpp: Vpp): Promise<void> {
  const fields = { ...NO_SETTINGS, bd_id: vni };
  const removal = vpp.has('bridge_domain_add_del_v2')
    ? vpp.request('bridge_domain_add_del_v2', fields)
    : vpp.request('bridge_domain_add_del', fields);
  try {
    await unless(removal, RETVAL.NO_SUCH_ENTRY);
  } catch (error) {
    if (retvalOf(error) !== RETVAL.BD_IN_USE) throw error;
    throw new NfvError(
      'FOREIGN_OBJECT',
      `bridge domain ${vni} still has interfaces that are not ours`,
      { cause: error, metadata: { bridgeDomain: String(vni) } },
    );
  }
}

const NO_SETTINGS = {
  learn: false,
  flood: false,
  uu_flood: false,
  forward: false,
  arp_term: false,
  arp_ufwd: false,
  mac_age: 0,
  bd_tag: '',
  is_add: false,
} as const;

function inTheWay({ id, tag }: Pick<Domain, 'id' | 'tag'>): NfvError {
  const whose = tag === '' ? 'has no tag of ours' : `has the tag "${tag}"`;
  return new NfvError('FOREIGN_OBJECT', `bridge domain ${id} ${whose}`, {
    metadata: { bridgeDomain: String(id), tag },
  });
}

/** Of a bridge domain that is gone: the tunnel to its group. */
function remains(vni: number, view: View): Sight<BridgeDomainItem> {
  const group = groupOf(vni, view);
  if (group === undefined) return undefined;
  const settings = { learn: false, flood: false, arpSuppression: false, mtu: 0 };
  const payload = {
    kind: 'bridge_domain',
    network: '',
    vni,
    vtep: group.local,
    bumGroup: group.remote,
    ...settings,
  } as const;
  return { payload, defects: ['no bridge domain'] };
}
