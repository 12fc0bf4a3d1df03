/** Port: an endpoint's interface, a member of its VN's bridge domain. */
import { NfvError } from '../../errors.js';
import type { Port as PortSpec } from '../../model/endpoint.js';
import { portKey, type PortItem } from '../../model/item.js';
import { differing } from '../../reconcile/differing.js';
import { interfaceOf } from './context.js';
import type { Sight } from '../../reconcile/kind-table.js';
import type { VppKind } from './kind.js';
import { memberDefects, place } from './members.js';
import { letGo, takeHostInterface } from './port-host.js';
import { addressesOf, createTap, deleteTap } from './port-tap.js';
import { parseTag, tagOf } from './tag.js';
import type { Interface, Tap, View } from './view.js';

export const port: VppKind<PortItem> = {
  rank: 3,
  differences: (wanted, observed) =>
    differing({
      vni: [wanted.vni, observed.vni],
      adminUp: [wanted.adminUp, observed.adminUp],
      ...fixed(wanted, observed),
    }),
  mustRecreate: (wanted, observed) => differing(fixed(wanted, observed)).length > 0,
  claims: ({ port: spec }) => {
    if (spec.kind === 'veth') return [`interface ${spec.interface} in ${spec.netns}`];
    return spec.kind === 'host_interface' ? [`interface ${spec.interface}`] : [];
  },

  reads(_rest, wanted, wants) {
    wants.interfaces = true;
    wants.ports = true;
    if (wanted !== undefined) wants.domains.add(wanted.vni);
  },

  observe([endpoint = ''], wanted, view): Sight<PortItem> {
    const found = view.tagged(tagOf(portKey(endpoint)));
    if (found === undefined) return undefined;
    const tap = view.taps.get(found.index);
    const taken = view.hostInterfaces.get(found.index);
    if (tap !== undefined) return sight(found, tapItem(endpoint, found, tap, wanted, view), view);
    if (taken !== undefined) {
      return sight(found, takenItem(endpoint, found, taken, wanted, view), view);
    }
    return wanted && notPort(found);
  },

  *list(view) {
    for (const text of view.tags()) {
      const tag = parseTag(text);
      if (tag?.part === '' && tag.key.startsWith('port/')) yield tag.key;
    }
  },

  async create(wanted, context) {
    const { port: spec } = wanted;
    switch (spec.kind) {
      case 'veth':
        await createTap(wanted, spec, context);
        return;
      case 'host_interface':
        await takeHostInterface(wanted, spec, context);
        return;
      case 'tap':
        throw new NfvError('ITEM_UNSUPPORTED', 'VPP makes no tap for a virtual machine monitor');
      default:
        throw new NfvError('ITEM_UNSUPPORTED', `a port of kind ${spec.kind} is not made here`);
    }
  },

  async update(wanted, _from, context) {
    const key = portKey(wanted.endpoint);
    const to = { tag: tagOf(key), vni: wanted.vni, group: 0, up: wanted.adminUp };
    await place(interfaceOf(key, context), to, context);
  },

  async remove({ endpoint, port: spec }, context) {
    const index = context.memory.indexOf(tagOf(portKey(endpoint)));
    if (index === undefined) return;
    if (spec.kind === 'host_interface') await letGo(spec, context);
    else await deleteTap(index, context);
    context.memory.forget(index);
  },
};

/** What cannot be changed once it is made. */
function fixed(wanted: PortItem, observed: PortItem): Parameters<typeof differing>[0] {
  const addresses = ({ addresses: list }: PortItem): string => [...list].sort().join(',');
  return {
    mac: [wanted.mac, observed.mac],
    mtu: [wanted.mtu, observed.mtu],
    addresses: [addresses(wanted), addresses(observed)],
    port: [placeOf(wanted.port), placeOf(observed.port)],
  };
}

function placeOf(spec: PortSpec): string {
  if (spec.kind === 'veth') return `${spec.interface} in ${spec.netns}`;
  return 'interface' in spec ? `${spec.kind} ${spec.interface}` : spec.kind;
}

/** As far as a tap and an interface of the host are the same. */
function common(
  endpoint: string,
  found: Interface,
  wanted: PortItem | undefined,
  view: View,
): Pick<PortItem, 'kind' | 'endpoint' | 'vni' | 'adminUp'> {
  const vni = view.domainOf(found.index)?.id ?? wanted?.vni ?? 0;
  return { kind: 'port', endpoint, vni, adminUp: found.up };
}

function tapItem(
  endpoint: string,
  found: Interface,
  tap: Tap,
  wanted: PortItem | undefined,
  view: View,
): PortItem {
  const hostInterface = wanted?.port.kind === 'veth' ? wanted.port.hostInterface : '';
  const { host_namespace: netns, host_if_name: name } = tap;
  return {
    ...common(endpoint, found, wanted, view),
    mac: tap.host_mac_addr,
    addresses: addressesOf(tap),
    mtu: tap.host_mtu_size,
    port: { kind: 'veth', netns, interface: name, hostInterface },
  };
}

/** What is behind it is somebody else's, and as wanted. */
function takenItem(
  endpoint: string,
  found: Interface,
  name: string,
  wanted: PortItem | undefined,
  view: View,
): PortItem {
  return {
    ...common(endpoint, found, wanted, view),
    mac: wanted?.mac ?? '',
    addresses: wanted?.addresses ?? [],
    mtu: wanted?.mtu ?? 0,
    port: { kind: 'host_interface', interface: name },
  };
}

function sight(found: Interface, payload: PortItem, view: View): Sight<PortItem> {
  const place = { tag: tagOf(portKey(payload.endpoint)), vni: payload.vni, group: 0 };
  return { payload, defects: memberDefects(found, place, view) };
}

function notPort({ name, tag }: Interface): NfvError {
  return new NfvError('FOREIGN_OBJECT', `${name} has the tag "${tag}" and is no port`, {
    metadata: { interface: name, tag },
  });
}
