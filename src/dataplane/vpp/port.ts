/** Port: an endpoint's interface, a member of its VN's bridge domain. */
import { NfvError } from '../../errors.js';
import type { Port as PortSpec, VethPort } from '../../model/endpoint.js';
import { portKey, type PortItem } from '../../model/item.js';
import { differing } from '../../reconcile/differing.js';
import { interfaceOf } from './context.js';
import type { Sight, VppKind } from './kind.js';
import { memberDefects, place } from './members.js';
import { addressesOf, createTap } from './port-tap.js';
import { parseTag, tagOf } from './tag.js';
import type { Interface, Tap, View } from './view.js';
import { RETVAL, unless } from './vpp.js';

export const port: VppKind<PortItem> = {
  rank: 3,
  differences: (wanted, observed) =>
    differing({
      vni: [wanted.vni, observed.vni],
      adminUp: [wanted.adminUp, observed.adminUp],
      ...fixed(wanted, observed),
    }),
  mustRecreate: (wanted, observed) => differing(fixed(wanted, observed)).length > 0,
  claims: ({ port: spec }) =>
    spec.kind === 'veth' ? [`interface ${spec.interface} in ${spec.netns}`] : [],

  reads(_rest, wanted, wants) {
    wants.interfaces = true;
    wants.ports = true;
    if (wanted !== undefined) wants.domains.add(wanted.vni);
  },

  observe([endpoint = ''], wanted, view): Sight<PortItem> {
    const found = view.tagged(tagOf(portKey(endpoint)));
    if (found === undefined) return undefined;
    const tap = view.taps.get(found.index);
    if (tap === undefined) return wanted && notPort(found);
    return tapSight(endpoint, found, tap, wanted, view);
  },

  *list(view) {
    for (const text of view.tags()) {
      const tag = parseTag(text);
      if (tag?.part === '' && tag.key.startsWith('port/')) yield tag.key;
    }
  },

  create: (wanted, context) => createTap(wanted, vethOf(wanted.port), context),

  async update(wanted, _from, context) {
    const key = portKey(wanted.endpoint);
    const to = { tag: tagOf(key), vni: wanted.vni, group: 0, up: wanted.adminUp };
    await place(interfaceOf(key, context), to, context);
  },

  async remove({ endpoint }, context) {
    const index = context.memory.indexOf(tagOf(portKey(endpoint)));
    if (index === undefined) return;
    const removal = context.vpp.request('tap_delete_v2', { sw_if_index: index });
    await unless(removal, RETVAL.INVALID_SW_IF_INDEX);
    context.memory.forget(index);
  },
};

/** What cannot be changed once it is made. */
function fixed(wanted: PortItem, observed: PortItem): Parameters<typeof differing>[0] {
  return {
    mac: [wanted.mac, observed.mac],
    mtu: [wanted.mtu, observed.mtu],
    addresses: [sorted(wanted), sorted(observed)],
    ...(wanted.port.kind === 'veth' && observed.port.kind === 'veth'
      ? {
          netns: [wanted.port.netns, observed.port.netns],
          interface: [wanted.port.interface, observed.port.interface],
        }
      : { kind: [wanted.port.kind, observed.port.kind] }),
  };
}

function sorted({ addresses }: PortItem): string {
  return [...addresses].sort().join(',');
}

function tapSight(
  endpoint: string,
  found: Interface,
  tap: Tap,
  wanted: PortItem | undefined,
  view: View,
): Sight<PortItem> {
  const domain = view.domainOf(found.index);
  const vni = domain?.id ?? wanted?.vni ?? 0;
  const hostInterface = wanted?.port.kind === 'veth' ? wanted.port.hostInterface : '';
  const payload: PortItem = {
    kind: 'port',
    endpoint,
    vni,
    mac: tap.host_mac_addr,
    addresses: addressesOf(tap),
    adminUp: found.up,
    mtu: tap.host_mtu_size,
    port: {
      kind: 'veth',
      netns: tap.host_namespace,
      interface: tap.host_if_name,
      hostInterface,
    },
  };
  const place = { tag: tagOf(portKey(endpoint)), vni, group: 0 };
  return { payload, defects: memberDefects(found, place, view) };
}

function vethOf(spec: PortSpec): VethPort {
  if (spec.kind === 'veth') return spec;
  throw new NfvError('ITEM_UNSUPPORTED', `VPP makes no ${spec.kind} port`);
}

function notPort({ name, tag }: Interface): NfvError {
  return new NfvError('FOREIGN_OBJECT', `${name} has the tag "${tag}" and is no tap`, {
    metadata: { interface: name, tag },
  });
}
