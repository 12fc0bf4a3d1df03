/** A bridge domain's two links: how they are made, what they should be, how they are mended. */
import { bridgeDomainKey, type BridgeDomainItem } from '../../model/item.js';
import { addressless, dropMade, makesAddresses, mustTell } from './addressless.js';
import type { Link, Slave } from './links.js';
import {
  alias,
  bridgeName,
  GROUP,
  UNTUNNELLED,
  VXLAN_PART,
  VXLAN_PORT,
  vxlanName,
} from './names.js';

type Words = readonly string[];

/** Hops of a multicast packet; the kernel's own choice would be 1 (drivers/net/vxlan). */
const GROUP_TTL = '64';

const onOff = (value: boolean): string => (value ? 'on' : 'off');

/**
 * The MAC is given, for a bridge without one takes that of some port, and each time it changes
 * the kernel drops all of the bridge's neighbours (net/core/neighbour.c, neigh_changeaddr). The
 * MTU is one too many: it follows that of the ports until it is changed (net/bridge/br_if.c,
 * br_mtu_auto_adjust), so `fixMtu` changes it, before there is a port.
 */
export function newBridge({ vni, mtu }: BridgeDomainItem, mac: string): Words {
  const link = ['link', 'add', 'name', bridgeName(vni), 'address', mac, 'mtu', String(mtu + 1)];
  const type = ['type', 'bridge', 'stp_state', '0', 'forward_delay', '0', 'mcast_snooping', '0'];
  return [...link, 'group', GROUP, ...type];
}

export const fixMtu = ({ vni, mtu }: BridgeDomainItem): Words => [
  'link',
  'set',
  'dev',
  bridgeName(vni),
  'mtu',
  String(mtu),
];

/** `device`: the underlay's interface that has the VTEP's address. */
export function newVxlan(wanted: BridgeDomainItem, device: string): Words {
  const { vni, mtu, vtep, learn, bumGroup } = wanted;
  const link = ['link', 'add', 'name', vxlanName(vni), 'mtu', String(mtu), 'group', GROUP];
  const type = ['master', bridgeName(vni), 'type', 'vxlan', 'id', String(vni), 'local', vtep];
  const group = bumGroup === '' ? [] : ['group', bumGroup, 'dev', device, 'ttl', GROUP_TTL];
  const learning = learn ? 'learning' : 'nolearning';
  return [...link, ...type, 'dstport', String(VXLAN_PORT), learning, ...group];
}

/** `found` is no VXLAN device, or one with something that cannot be changed. */
export function vxlanIsAnother(wanted: BridgeDomainItem, device: string, found: Link): boolean {
  const { vxlan } = found;
  if (vxlan?.id !== wanted.vni || vxlan.port !== VXLAN_PORT) return true;
  if (vxlan.group !== wanted.bumGroup) return true;
  if (wanted.bumGroup !== '' && vxlan.device !== device) return true;
  return vxlan.local.includes(':') !== wanted.vtep.includes(':') || vxlan.local === '';
}

/** It says whether the bridge has a VXLAN device, for a bridge without one may be half made. */
function bridgeTag(vni: number, isTunnelled: boolean): string {
  return alias(bridgeDomainKey(vni), isTunnelled ? '' : UNTUNNELLED);
}

export function bridgeDefects(link: Link, vni: number, isTunnelled: boolean): string[] {
  return defects(link, {
    'not a bridge': link.kind !== 'bridge',
    'creation was broken off': link.alias !== bridgeTag(vni, isTunnelled),
    'link down': !link.up,
    'stp on': link.stp,
    'multicast snooping on': link.mcastSnooping,
    'makes itself IPv6 addresses': makesAddresses(link),
  });
}

export function vxlanDefects(link: Link, vni: number, wanted?: BridgeDomainItem): string[] {
  const { vxlan, slave } = link;
  const flooding = [slave?.flood, slave?.mcastFlood, slave?.bcastFlood ?? slave?.flood];
  return defects(link, {
    'not a VXLAN device': vxlan === undefined,
    [`VNI ${vxlan?.id ?? 0}`]: vxlan !== undefined && vxlan.id !== vni,
    [`port ${vxlan?.port ?? 0}`]: vxlan !== undefined && vxlan.port !== VXLAN_PORT,
    'creation was broken off': link.alias !== alias(bridgeDomainKey(vni), VXLAN_PART),
    'link down': !link.up,
    [`not in ${bridgeName(vni)}`]: link.master !== bridgeName(vni),
    [`mtu ${link.mtu}`]: wanted !== undefined && link.mtu !== wanted.mtu,
    'bridge and device disagree on learning':
      slave !== undefined && vxlan !== undefined && slave.learning !== vxlan.learning,
    'floods only in part': new Set(flooding).size > 1,
    'makes itself IPv6 addresses': makesAddresses(link),
  });
}

function defects(link: Link, checks: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(checks)
    .filter(([, wrong]) => wrong)
    .map(([what]) => `${link.name}: ${what}`);
}

/** `found` undefined: as `newBridge` makes it. The alias comes last: it says "complete". */
export function bridgeCommands(wanted: BridgeDomainItem, found: Link | undefined): Words[] {
  const { vni, mtu } = wanted;
  const set = ['link', 'set', 'dev', bridgeName(vni)];
  const commands: Words[] = [];
  if (found !== undefined && found.mtu !== mtu) commands.push(fixMtu(wanted));
  if (mustTell(mtu, found)) commands.push([...set, ...addressless(mtu)]);
  commands.push(...dropMade(bridgeName(vni), mtu, found));
  if (found?.stp === true || found?.mcastSnooping === true) {
    commands.push([...set, 'type', 'bridge', 'stp_state', '0', 'mcast_snooping', '0']);
  }
  const tag = bridgeTag(vni, wanted.vtep !== '');
  if (found?.up !== true || found.alias !== tag) commands.push([...set, 'up', 'alias', tag]);
  return commands;
}

/** `found` undefined: as `newVxlan` makes it. */
export function vxlanCommands(wanted: BridgeDomainItem, found: Link | undefined): Words[] {
  const { vni, mtu } = wanted;
  const set = ['link', 'set', 'dev', vxlanName(vni)];
  const inside = found === undefined || found.master === bridgeName(vni);
  const commands = found === undefined ? [] : vxlanChanges(wanted, found, set);
  if (!inside) commands.push([...set, 'master', bridgeName(vni)]);
  // The kernel treats a port that enters a bridge as a new one.
  const slave = inside ? found?.slave : undefined;
  if (mustTell(mtu, found) || !isAsWanted(wanted, slave)) {
    commands.push([...set, ...addressless(mtu), ...slaveWords(wanted)]);
  }
  commands.push(...dropMade(vxlanName(vni), mtu, found));
  const tag = alias(bridgeDomainKey(vni), VXLAN_PART);
  if (found?.up !== true || found.alias !== tag) commands.push([...set, 'up', 'alias', tag]);
  return commands;
}

function vxlanChanges(
  { vni, mtu, vtep, learn }: BridgeDomainItem,
  found: Link,
  set: Words,
): Words[] {
  const commands: Words[] = [];
  if (found.vxlan?.local !== vtep || found.vxlan.learning !== learn) {
    const learning = learn ? 'learning' : 'nolearning';
    commands.push([...set, 'type', 'vxlan', 'id', String(vni), 'local', vtep, learning]);
  }
  if (found.mtu !== mtu) commands.push([...set, 'mtu', String(mtu)]);
  return commands;
}

function isAsWanted(wanted: BridgeDomainItem, slave: Slave | undefined): boolean {
  if (slave === undefined) return false;
  const { flood, mcastFlood } = slave;
  return (
    slave.learning === wanted.learn &&
    slave.neighSuppress === wanted.arpSuppression &&
    flood === wanted.flood &&
    mcastFlood === wanted.flood
  );
}

/** Whether to set that broadcasts are flooded, which `vxlanCommands` cannot. */
export function mustSetBroadcasts(wanted: BridgeDomainItem, found: Link | undefined): boolean {
  const inside = found?.master === bridgeName(wanted.vni);
  // A new port of a bridge floods.
  return inside ? found.slave?.bcastFlood !== wanted.flood : !wanted.flood;
}

/** Frames that nobody's entry leads anywhere do not enter the underlay unless `flood` says so. */
function slaveWords({ learn, flood, arpSuppression }: BridgeDomainItem): Words {
  const floods = onOff(flood);
  return [
    ...['type', 'bridge_slave', 'learning', onOff(learn), 'neigh_suppress', onOff(arpSuppression)],
    ...['flood', floods, 'mcast_flood', floods],
  ];
}

/** What makes a bridge learn, or not, at a port that is not its VXLAN device. */
export function portLearning(learn: boolean, port: Link): Words[] {
  if (port.slave?.learning === learn) return [];
  return [['link', 'set', 'dev', port.name, 'type', 'bridge_slave', 'learning', onOff(learn)]];
}
