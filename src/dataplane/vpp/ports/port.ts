/** Port: an endpoint's interface, a member of its VN's bridge domain. */
import { NfvError } from '../../../errors.js';
import type { Port as PortSpec } from '../../../model/endpoint.js';
import { portKey, type PortItem } from '../../../model/item.js';
import { differing } from '../../../reconcile/differing.js';
import { interfaceOf } from '../context.js';
import type { Sight } from '../../../reconcile/kind-table.js';
import type { VppKind } from '../kind.js';
import { memberDefects, place, unbridge } from '../members.js';
import type { PortSight } from './port-kind.js';
import { PORT_KINDS } from './port-kinds.js';
import { parseTag, tagOf } from '../tag.js';
import type { Interface, View } from '../view.js';
import { disconnect } from './xconnect.js';

export const port: VppKind<PortItem> = {
  rank: 3,
  differences: (wanted, observed) => [
    ...differing({
      vni: [wanted.vni, observed.vni],
      adminUp: [wanted.adminUp, observed.adminUp],
      ...guest(wanted, observed),
    }),
    ...portDifferences(wanted.port, observed.port),
  ],
  mustRecreate(wanted, observed) {
    const { port: spec } = wanted;
    if (differing(guest(wanted, observed)).length > 0) return true;
    if (portDifferences(spec, observed.port).length === 0) return false;
    const isOther = spec.kind !== observed.port.kind;
    return isOther || PORT_KINDS[spec.kind].canChange?.(spec, observed.port) !== true;
  },
  claims: ({ port: spec }) => PORT_KINDS[spec.kind].claims(spec),

  reads(_rest, wanted, wants) {
    wants.interfaces = true;
    wants.ports = true;
    if (wanted === undefined) return;
    // One that is to be in none may be in any.
    if (wanted.vni === 0) wants.allDomains = true;
    else wants.domains.add(wanted.vni);
    const { reads, socketOf } = PORT_KINDS[wanted.port.kind];
    reads?.(wanted.port, wants);
    if (socketOf !== undefined)
      wants.sockets.set(tagOf(portKey(wanted.endpoint)), socketOf(wanted.port));
  },

  observe([endpoint = ''], wanted, view): Sight<PortItem> {
    const refusal = wanted && PORT_KINDS[wanted.port.kind].refusal?.(wanted.port, view);
    if (refusal !== undefined) return refusal;
    const found = view.tagged(tagOf(portKey(endpoint)));
    if (found === undefined) return undefined;
    for (const kind of Object.values(PORT_KINDS)) {
      const seen = kind.observe(found, wanted?.port, view);
      if (seen instanceof NfvError) return seen;
      if (seen === undefined) continue;
      const whole = sight(endpoint, found, seen, wanted, view);
      return (wanted && hindrance(wanted, whole.payload, view)) ?? whole;
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
    await PORT_KINDS[wanted.port.kind].create(wanted, wanted.port, context);
  },

  async update(wanted, from, context) {
    const key = portKey(wanted.endpoint);
    const index = interfaceOf(key, context);
    if (wanted.vni !== 0) await disconnect(index, context);
    else if (from.vni !== 0) await unbridge(index, from.vni, context);
    const { update } = PORT_KINDS[wanted.port.kind];
    if (update !== undefined) {
      await update(index, wanted, { wanted: wanted.port, from: from.port }, context);
      return;
    }
    const to = { tag: tagOf(key), vni: wanted.vni, group: 0, up: wanted.adminUp };
    await place(index, to, context);
  },

  async remove({ endpoint, port: spec }, context) {
    const index = context.memory.indexOf(tagOf(portKey(endpoint)));
    if (index === undefined) return;
    // Before: VPP gives its number to another at once, and what is meant for this guest must not get there.
    context.memory.forget(index);
    await PORT_KINDS[spec.kind].remove(index, spec, context);
  },
};

/** What of the guest's end cannot be changed once it is made. */
function guest(wanted: PortItem, observed: PortItem): Parameters<typeof differing>[0] {
  const addresses = ({ addresses: list }: PortItem): string => [...list].sort().join(',');
  return {
    mac: [wanted.mac, observed.mac],
    mtu: [wanted.mtu, observed.mtu],
    addresses: [addresses(wanted), addresses(observed)],
  };
}

function portDifferences(wanted: PortSpec, observed: PortSpec): string[] {
  if (wanted.kind !== observed.kind) return differing({ port: [wanted.kind, observed.kind] });
  const found = new Map<string, unknown>(Object.entries(observed));
  return differing(
    Object.fromEntries(
      Object.entries(wanted).map(([name, value]) => [name, [value, found.get(name)] as const]),
    ),
  );
}

/** Why a port that must be made anew cannot be: it stays as it is. */
function hindrance(wanted: PortItem, seen: PortItem, view: View): NfvError | undefined {
  if (!port.mustRecreate(wanted, seen)) return undefined;
  const fault = view.socketFaults.get(tagOf(portKey(wanted.endpoint)));
  return fault ?? PORT_KINDS[wanted.port.kind].lack?.(wanted.port, view);
}

function sight(
  endpoint: string,
  found: Interface,
  { spec, guest: kept, defects = [] }: PortSight,
  wanted: PortItem | undefined,
  view: View,
): Extract<Sight<PortItem>, { payload: PortItem }> {
  const vni = view.domainOf(found.index)?.id ?? wanted?.vni ?? 0;
  const { mac, addresses, mtu } = kept ?? wanted ?? { mac: '', addresses: [], mtu: 0 };
  const place = { tag: tagOf(portKey(endpoint)), vni, group: 0 };
  return {
    payload: {
      kind: 'port',
      endpoint,
      vni,
      adminUp: found.up,
      mac,
      addresses,
      mtu,
      port: spec,
    },
    defects: [...memberDefects(found, place, view), ...defects],
  };
}

function notPort({ name, tag }: Interface): NfvError {
  return new NfvError('FOREIGN_OBJECT', `${name} has the tag "${tag}" and is no port`, {
    metadata: { interface: name, tag },
  });
}
