/**
 * BridgeDomain: a bridge and a VXLAN device that is a port of it. Both are brought to what is
 * wanted from whatever they are; only a VXLAN device whose identity is wrong is made anew.
 */
import { hasErrno } from '../../host/iproute2/answers.js';
import { NfvError } from '../../errors.js';
import { bridgeDomainKey, type BridgeDomainItem } from '../../model/item.js';
import { vxlanOverhead } from '../../model/virtual-network.js';
import {
  bridgeCommands,
  bridgeDefects,
  fixMtu,
  mustSetBroadcasts,
  newBridge,
  newVxlan,
  portLearning,
  vxlanCommands,
  vxlanDefects,
  vxlanIsAnother,
} from './bridge-commands.js';
import { isUntunnelled } from './domain-check.js';
import type { Doors } from './doors.js';
import { parseFdb } from './entries.js';
import { differing } from '../../reconcile/differing.js';
import type { Sight } from '../../reconcile/kind-table.js';
import { keepGatewayLocal } from './routing/gateway-local.js';
import type { LinuxKind } from './kind.js';
import { ownership, parseLinks, type Link, type Vxlan } from './links.js';
import { bridgeName, FLOOD_MAC, vniOfName, VXLAN_PORT, vxlanName } from './names.js';
import { removeLink, undoLink } from './link-removal.js';
import { asPortTaken } from './port-taken.js';
import { readLinkNow, readLinksNow } from './reader.js';
import { underlaysOf, vtepMissing } from './underlay.js';
import type { View } from './view.js';

export const bridgeDomain: LinuxKind<BridgeDomainItem> = {
  rank: 1,

  differences: (wanted, observed) =>
    differing({
      vtep: [wanted.vtep, observed.vtep],
      learn: [wanted.learn, observed.learn],
      flood: [wanted.flood, observed.flood],
      arp_suppression: [wanted.arpSuppression, observed.arpSuppression],
      mtu: [wanted.mtu, observed.mtu],
      bum_group: [wanted.bumGroup, observed.bumGroup],
    }),

  mustRecreate: () => false,
  claims: ({ vni }) => [`interface ${bridgeName(vni)}`, `interface ${vxlanName(vni)}`],

  reads([vni], wanted, wants, memory) {
    wants.links.add(bridgeName(Number(vni)));
    wants.links.add(vxlanName(Number(vni)));
    wants.settings.add(Number(vni));
    if (wanted === undefined || wanted.vtep === '') return;
    wants.addresses = true;
    // Any other VXLAN device may have the VNI.
    if (!memory.isOurs(Number(vni))) wants.allLinks = true;
  },

  observe: ([vni], wanted, view) => sight(Number(vni), wanted, view),

  *list(view) {
    const vnis = new Set<number>();
    for (const link of view.links.values()) {
      const vni = vniOfName(link.name);
      if (vni !== undefined && whose(link, vni) !== 'foreign') vnis.add(vni);
    }
    for (const vni of vnis) yield bridgeDomainKey(vni);
  },

  async create(wanted, doors, memory) {
    try {
      await build(wanted, doors, undefined, undefined);
    } catch (error) {
      if (!hasErrno(error, 'EEXIST')) throw error;
      await mend(wanted, doors);
    }
    memory.setDomain(wanted.vni, true);
  },

  async update(wanted, _from, doors, memory) {
    await mend(wanted, doors);
    memory.setDomain(wanted.vni, true);
  },

  async remove({ vni }, doors, memory) {
    memory.setDomain(vni, false);
    for (const name of [vxlanName(vni), bridgeName(vni)]) {
      const link = await readLinkNow(name, doors);
      if (link !== undefined && whose(link, vni) !== 'foreign') await removeLink(name, doors);
    }
  },
};

/** Whose a link with one of our names is; another key's alias on it is foreign to this one. */
function whose(link: Link, vni: number): 'ours' | 'half' | 'foreign' {
  const found = ownership(link);
  if (found.owner !== 'ours') return found.owner;
  return found.key === bridgeDomainKey(vni) ? 'ours' : 'foreign';
}

function inTheWay(link: Link, why: string): NfvError {
  return new NfvError('FOREIGN_OBJECT', `the interface ${link.name} is not ours and ${why}`, {
    metadata: { object: link.name },
  });
}

const isNamed = ({ name }: Link, vni: number): boolean =>
  name === bridgeName(vni) || name === vxlanName(vni);

/** A link that has a name of ours; undefined: none. */
function nameTaken(vni: number, links: Iterable<Link>): NfvError | undefined {
  for (const link of links) {
    if (isNamed(link, vni) && whose(link, vni) === 'foreign') return inTheWay(link, 'has our name');
  }
  return undefined;
}

/**
 * A link that keeps us from making our own; undefined: none. Of VXLAN devices with one VNI and port
 * the kernel has one for each family (drivers/net/vxlan, vxlan_vni_in_use).
 */
function obstacle({ vni, vtep }: BridgeDomainItem, links: Iterable<Link>): NfvError | undefined {
  const all = [...links];
  if (vtep === '') return nameTaken(vni, all);
  const holder = all.find((link) => {
    const { id, port, ipv6 } = link.vxlan ?? {};
    const same = id === vni && port === VXLAN_PORT && ipv6 === vtep.includes(':');
    return same && !isNamed(link, vni);
  });
  return (
    nameTaken(vni, all) ?? (holder && inTheWay(holder, `has VNI ${vni} on port ${VXLAN_PORT}`))
  );
}

function sight(
  vni: number,
  wanted: BridgeDomainItem | undefined,
  view: View,
): Sight<BridgeDomainItem> {
  const bridge = view.links.get(bridgeName(vni));
  const vxlan = view.links.get(vxlanName(vni));
  const found = [bridge, vxlan].filter((link) => link !== undefined);
  const foreign = wanted === undefined ? undefined : obstacle(wanted, view.links.values());
  if (foreign !== undefined) return foreign;
  const ours = found.filter((link) => whose(link, vni) !== 'foreign');
  if (ours.length === 0) return undefined;
  const defects = [
    ...(bridge === undefined
      ? ['the bridge is missing']
      : bridgeDefects(bridge, vni, isTunnelled(wanted, bridge))),
    ...(view.settings.get(vni) ?? []),
    ...deviceDefects(vni, wanted, bridge, vxlan),
    ...(wanted === undefined ? [] : underlayDefects(wanted, vxlan, view)),
  ];
  return { payload: payloadOf(vni, wanted, bridge, vxlan), defects };
}

function isTunnelled(wanted: BridgeDomainItem | undefined, bridge: Link): boolean {
  return wanted === undefined ? !isUntunnelled(bridge) : wanted.vtep !== '';
}

/** Without a VTEP there is to be no VXLAN device. */
function deviceDefects(
  vni: number,
  wanted: BridgeDomainItem | undefined,
  bridge: Link | undefined,
  vxlan: Link | undefined,
): string[] {
  if (vxlan !== undefined) return wanted?.vtep === '' ? [] : vxlanDefects(vxlan, vni, wanted);
  const isOne = wanted === undefined ? isUntunnelled(bridge) : wanted.vtep === '';
  return isOne ? [] : ['the VXLAN device is missing'];
}

function payloadOf(
  vni: number,
  wanted: BridgeDomainItem | undefined,
  bridge: Link | undefined,
  vxlan: Link | undefined,
): BridgeDomainItem {
  const unread = wanted ?? { ...NOTHING_READ, vni };
  const slave = vxlan?.slave;
  return {
    ...unread,
    ...(bridge === undefined ? {} : { mtu: bridge.mtu }),
    ...(slave === undefined ? {} : { flood: slave.flood, arpSuppression: slave.neighSuppress }),
    ...(vxlan?.vxlan === undefined ? {} : tunnelFields(vxlan.vxlan)),
    ...(vxlan === undefined && isUntunnelled(bridge) ? { vtep: '' } : {}),
  };
}

const NOTHING_READ: BridgeDomainItem = {
  kind: 'bridge_domain',
  network: '',
  vni: 0,
  vtep: '',
  learn: false,
  flood: false,
  arpSuppression: false,
  mtu: 0,
  bumGroup: '',
};

function tunnelFields({
  local,
  learning,
  group,
}: Vxlan): Pick<BridgeDomainItem, 'vtep' | 'learn' | 'bumGroup'> {
  return { vtep: local, learn: learning, bumGroup: group };
}

function underlayDefects(wanted: BridgeDomainItem, vxlan: Link | undefined, view: View): string[] {
  if (wanted.vtep === '') return [];
  const underlay = underlaysOf(view.addresses).find(({ address }) => address === wanted.vtep);
  if (underlay === undefined) return [];
  const needed = neededMtu(wanted);
  const defects: string[] = [];
  if (underlay.mtu < needed) defects.push(`underlay mtu ${underlay.mtu}, under ${needed}`);
  const device = vxlan?.vxlan?.device ?? '';
  if (wanted.bumGroup !== '' && device !== '' && device !== underlay.interface) {
    defects.push(`the multicast group is on ${device}, not ${underlay.interface}`);
  }
  return defects;
}

function neededMtu({ mtu, vtep }: BridgeDomainItem): number {
  return mtu + vxlanOverhead(vtep.includes(':') ? 'IPV6' : 'IPV4');
}

/** The interface that has the VTEP's address. @throws VTEP_ADDRESS_MISSING, UNDERLAY_MTU_TOO_SMALL */
async function underlayDevice(wanted: BridgeDomainItem, doors: Doors): Promise<string> {
  const addresses = await doors.addresses();
  const underlay = underlaysOf(addresses).find(({ address }) => address === wanted.vtep);
  if (underlay === undefined) throw vtepMissing(addresses, wanted.vtep);
  const { mtu, interface: name } = underlay;
  if (mtu < neededMtu(wanted)) {
    throw new NfvError(
      'UNDERLAY_MTU_TOO_SMALL',
      `${name} has an MTU of ${mtu}; for ${wanted.mtu} inside it takes ${neededMtu(wanted)}`,
      { metadata: { interface: name, mtu: String(mtu), needed: String(neededMtu(wanted)) } },
    );
  }
  return name;
}

/** Makes what is missing and mends what is there; what it made is undone when it fails. */
async function build(
  wanted: BridgeDomainItem,
  doors: Doors,
  bridge: Link | undefined,
  vxlan: Link | undefined,
): Promise<void> {
  const { vni } = wanted;
  const tunnelled = wanted.vtep !== '';
  const device = tunnelled ? await underlayDevice(wanted, doors) : '';
  const made: string[] = [];
  const make = async (name: string, words: readonly string[]): Promise<void> => {
    await doors.ip.run(...words);
    made.push(name);
    doors.madeLink(name);
  };
  try {
    if (bridge === undefined) {
      await make(bridgeName(vni), newBridge(wanted, doors.newMac()));
      await doors.ip.run(...fixMtu(wanted));
    }
    await doors.isolate(bridgeName(vni));
    if (!tunnelled && vxlan !== undefined) await removeLink(vxlanName(vni), doors);
    if (tunnelled && vxlan === undefined) {
      await make(vxlanName(vni), newVxlan(wanted, device));
      // Before it is up: what a gateway says is heard on no other host meanwhile.
      if (bridge !== undefined) await keepGatewayLocal(vni, doors);
    }
    const commands = [
      ...(tunnelled ? vxlanCommands(wanted, vxlan) : []),
      ...bridgeCommands(wanted, bridge),
    ];
    await Promise.all(commands.map((words) => doors.ip.run(...words)));
    if (tunnelled && mustSetBroadcasts(wanted, vxlan)) {
      await doors.floodBroadcasts(vxlanName(vni), wanted.flood);
    }
    // Below 1280 bytes IPv6 leaves an interface, and comes back with the settings of new ones.
    if (bridge !== undefined) await doors.isolate(bridgeName(vni));
  } catch (error) {
    for (const name of made.reverse()) await undoLink(name, doors);
    throw await asPortTaken(error, doors);
  }
}

/** @throws NfvError FOREIGN_OBJECT besides those of `build` */
async function mend(wanted: BridgeDomainItem, doors: Doors): Promise<void> {
  const { vni } = wanted;
  const [bridge, vxlan] = await Promise.all([
    readLinkNow(bridgeName(vni), doors),
    readLinkNow(vxlanName(vni), doors),
  ]);
  const taken = nameTaken(
    vni,
    [bridge, vxlan].filter((link) => link !== undefined),
  );
  if (taken !== undefined) throw taken;
  const device = wanted.vtep === '' ? '' : await underlayDevice(wanted, doors);
  try {
    if (device !== '' && vxlan !== undefined && vxlanIsAnother(wanted, device, vxlan)) {
      await replaceVxlan(wanted, doors, bridge);
    } else {
      await build(wanted, doors, bridge, vxlan);
    }
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
    throw obstacle(wanted, await readLinksNow(doors.ip)) ?? error;
  }
  if (bridge !== undefined) await teachPorts(wanted, doors);
}

/** Lets the bridge learn, or not, at the ports of endpoints that are in it. */
async function teachPorts({ vni, learn }: BridgeDomainItem, doors: Doors): Promise<void> {
  const links = parseLinks(await doors.ip.query('link', 'show', 'master', bridgeName(vni)));
  const ports = links.filter((link) => {
    const found = ownership(link);
    return found.owner === 'ours' && found.key.startsWith('port/');
  });
  const commands = ports.flatMap((port) => portLearning(learn, port));
  await Promise.all(commands.map((words) => doors.ip.run(...words)));
}

/**
 * A VXLAN device cannot change its port, its group or its family. Its own entries go with it and
 * are set again on the new one, so that nobody waits for the next pass to be reachable again. It is
 * not given up for one that cannot be made.
 */
async function replaceVxlan(
  wanted: BridgeDomainItem,
  doors: Doors,
  bridge: Link | undefined,
): Promise<void> {
  const name = vxlanName(wanted.vni);
  const foreign = obstacle(wanted, await readLinksNow(doors.ip));
  if (foreign !== undefined) throw foreign;
  const before = parseFdb(await doors.fdbShow.query('fdb', 'show', 'dev', name), name);
  await removeLink(name, doors);
  await build(wanted, doors, bridge, undefined);
  const family = wanted.vtep.includes(':');
  const kept = before.filter((e) => e.self && e.extern && !e.odd && e.dst !== '');
  await Promise.all(
    kept
      .filter(({ dst }) => dst.includes(':') === family)
      .map(({ mac, dst }) => {
        const flood = mac === FLOOD_MAC;
        const where = ['dev', name, 'dst', dst, 'self', ...(flood ? [] : ['master'])];
        const verb = flood ? 'append' : 'replace';
        const entry = ['fdb', verb, mac, ...where, 'static', 'extern_learn'];
        // One that fails is missed at the next pass; the device itself is as wanted.
        return doors.bridge.run(...entry).catch(() => undefined);
      }),
  );
}
