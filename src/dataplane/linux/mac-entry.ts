/**
 * MacEntry: where a MAC is. Behind a remote VTEP it is two entries: the bridge's, at the VXLAN
 * device, and the VXLAN device's, with the VTEP; one request sets both. Behind an endpoint it is
 * the bridge's alone, at the endpoint's port. `extern_learn` marks ours, and keeps them from
 * ageing; `static` keeps those of the VXLAN device when somebody sets it down
 * (drivers/net/vxlan, vxlan_stop).
 */
import { hasErrno } from '../../host/iproute2/answers.js';
import { NfvError } from '../../errors.js';
import { macKey, portKey, type MacEntryItem, type MacVia } from '../../model/item.js';
import { needOurs } from './domain-check.js';
import type { Doors } from './doors.js';
import type { FdbEntry } from './entries.js';
import { differing } from '../../reconcile/differing.js';
import type { Sight } from '../../reconcile/kind-table.js';
import type { LinuxKind } from './kind.js';
import { ownership, parseLinks } from './links.js';
import type { Memory } from './memory.js';
import { FLOOD_MAC, vxlanName } from './names.js';
import { readMac } from './reader.js';
import type { MacEntries, View } from './view.js';

export const macEntry: LinuxKind<MacEntryItem> = {
  rank: 4,
  differences: (wanted, observed) => differing({ via: [told(wanted.via), told(observed.via)] }),
  mustRecreate: () => false,

  reads([vni, mac = ''], _wanted, wants, memory) {
    needOurs(Number(vni), wants, memory);
    wants.mac(Number(vni), mac);
  },

  observe([vni = '', mac = ''], wanted, view, memory): Sight<MacEntryItem> {
    const { bridge, remote } = inOurs(Number(vni), view.entriesOf(Number(vni), mac), view);
    for (const entry of [bridge, remote]) {
      if (wanted !== undefined && entry !== undefined && isObstacle(entry)) return inTheWay(entry);
    }
    const found = place(
      Number(vni),
      bridge?.extern === true ? bridge : undefined,
      remote?.extern === true ? remote : undefined,
      view,
      memory,
    );
    if (found === undefined) return undefined;
    const { via = lost(wanted), defects } = found;
    return { payload: { kind: 'mac_entry', vni: Number(vni), mac, via }, defects };
  },

  *list(view) {
    for (const [vni, mac, entries] of view.allEntries()) {
      const { bridge, remote } = inOurs(vni, entries, view);
      const ours = bridge?.extern === true || remote?.extern === true;
      if (ours && mac !== FLOOD_MAC) yield macKey(vni, mac);
    }
  },

  create: (payload, doors, memory) => put(payload, doors, memory),

  async update(payload, _from, doors, memory) {
    if (payload.via.kind === 'remote') {
      // The kernel lets no extern_learn take over from an entry that was added without it.
      const { vxlan } = await readMac(payload, doors.bridge);
      if (vxlan?.extern === false) await unlessGone(removeFromVxlan(payload, doors));
    }
    await put(payload, doors, memory);
    if (payload.via.kind === 'endpoint') await unlessGone(removeFromVxlan(payload, doors));
  },

  async remove(from, doors) {
    const { bridge, vxlan } = await readMac(from, doors.bridge);
    await Promise.all([
      vxlan?.extern === true ? unlessGone(removeFromVxlan(from, doors)) : undefined,
      bridge?.extern === true ? unlessGone(removeFromBridge(bridge, doors)) : undefined,
    ]);
  },
};

interface Halves {
  readonly bridge: FdbEntry | undefined;
  readonly remote: FdbEntry | undefined;
}

/**
 * The halves that are in links of ours. Where the VXLAN device is not, or is gone, the bridge's entry
 * for a port still counts.
 */
function inOurs(vni: number, { bridge, vxlan }: MacEntries, view: View): Halves {
  if (view.isOurs(vni)) return { bridge, remote: vxlan[0] };
  const counts = view.isBridgeOurs(vni) && bridge?.device !== vxlanName(vni);
  return { bridge: counts ? bridge : undefined, remote: undefined };
}

function told(via: MacVia): string {
  if (via.kind === 'endpoint') return `endpoint ${via.endpoint}`;
  return via.vtep === '' ? 'no VTEP' : `VTEP ${via.vtep}`;
}

function isObstacle(entry: FdbEntry): boolean {
  return entry.fixed && !entry.extern;
}

function inTheWay(entry: FdbEntry): NfvError {
  const where = `${entry.device} ${entry.self ? 'self' : 'master'}`;
  return new NfvError('FOREIGN_OBJECT', `somebody else's FDB entry ${entry.mac} dev ${where}`, {
    metadata: { object: `${entry.mac} ${where}` },
  });
}

interface Found {
  /** Undefined: the bridge's half leads to the VXLAN device, whose half is missing. */
  readonly via: MacVia | undefined;
  readonly defects: readonly string[];
}

/** What our two halves come to. */
function place(
  vni: number,
  bridge: FdbEntry | undefined,
  vxlan: FdbEntry | undefined,
  view: View,
  memory: Memory,
): Found | undefined {
  const toVxlan = bridge?.device === vxlanName(vni);
  if (bridge !== undefined && !toVxlan) {
    const endpoint = endpointAt(bridge.device, view, memory);
    const defects = vxlan === undefined ? [] : [`an entry for VTEP ${vxlan.dst} is left`];
    return { via: { kind: 'endpoint', endpoint }, defects };
  }
  if (bridge === undefined && vxlan === undefined) return undefined;
  const defects: string[] = [];
  if (!toVxlan) defects.push("the bridge's entry is missing");
  if (vxlan === undefined) {
    return { via: undefined, defects: [...defects, "the VXLAN device's entry is missing"] };
  }
  if (vxlan.odd) defects.push('a port, VNI or device of its own');
  return { via: { kind: 'remote', vtep: vxlan.dst }, defects };
}

/** Behind some VTEP; which one cannot be read any more. */
function lost(wanted: MacEntryItem | undefined): MacVia {
  return wanted?.via.kind === 'remote' ? wanted.via : { kind: 'remote', vtep: '' };
}

/** The endpoint whose port a link is; else the link's name with "?" before it. */
function endpointAt(link: string, view: View, memory: Memory): string {
  const read = view.links.get(link);
  if (read !== undefined) {
    const whose = ownership(read);
    const [kind, endpoint] = whose.owner === 'ours' ? whose.key.split('/') : [];
    return kind === 'port' && endpoint !== undefined ? endpoint : `?${link}`;
  }
  return memory.portAt(link)?.endpoint ?? `?${link}`;
}

async function put(payload: MacEntryItem, doors: Doors, memory: Memory): Promise<void> {
  const { vni, mac, via } = payload;
  const set = ['fdb', 'replace', mac, 'dev'];
  if (via.kind === 'remote') {
    const where = [vxlanName(vni), 'dst', via.vtep, 'self', 'master'];
    await doors.bridge.run(...set, ...where, 'static', 'extern_learn');
    return;
  }
  const link = await portLink(via.endpoint, doors, memory);
  if (link === undefined) {
    throw new NfvError('ITEM_BLOCKED', `${portKey(via.endpoint)} has no interface on this host`);
  }
  await doors.bridge.run(...set, link, 'master', 'static', 'extern_learn');
}

async function removeFromVxlan({ vni, mac }: MacEntryItem, doors: Doors): Promise<void> {
  await doors.bridge.run('fdb', 'del', mac, 'dev', vxlanName(vni), 'self');
}

async function removeFromBridge({ mac, device }: FdbEntry, doors: Doors): Promise<void> {
  await doors.bridge.run('fdb', 'del', mac, 'dev', device, 'master');
}

async function unlessGone(removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ENODEV')) throw error;
  }
}

/** The interface of an endpoint's port; undefined: it has none here. */
async function portLink(
  endpoint: string,
  doors: Doors,
  memory: Memory,
): Promise<string | undefined> {
  const known = memory.portOf(endpoint);
  if (known !== undefined || memory.primed) return known?.link;
  const links = parseLinks(await doors.ip.query('link', 'show'));
  return links.find((link) => {
    const whose = ownership(link);
    return whose.owner === 'ours' && whose.key === portKey(endpoint);
  })?.name;
}
