/** What this kernel can do, found out without leaving anything behind. */
import { open } from 'node:fs/promises';
import { release } from 'node:os';
import { hasErrno } from '../../host/iproute2/answers.js';
import { NfvError } from '../../errors.js';
import { ITEM_KINDS, type ItemKind } from '../../model/item.js';
import type { Capabilities, ProviderUplink } from '../../model/nve.js';
import type { Door } from './door.js';
import { KINDS } from './kinds.js';
import { readLinksNow } from './reader.js';

const TUN = '/dev/net/tun';
const PROBE = ['link', 'add', 'name', 'nfvprobe', 'address', '01:00:00:00:00:01'];

/** Those that need namespaces with names, and veths. */
const ROUTING: ReadonlySet<ItemKind> = new Set([
  'vrf',
  'gateway_interface',
  'gateway_neighbor',
  'route',
]);

/**
 * `namesLast`: see routers.ts.
 * @throws NfvError NOT_PRIVILEGED, COMMAND_MISSING, COMMAND_TIMEOUT
 */
export async function probe(
  ip: Door,
  namesLast: boolean,
  uplinks: ReadonlyMap<string, string> = new Map(),
): Promise<Capabilities> {
  const [bridge, vxlan, veth, tap, providers] = await Promise.all([
    hasLinkType(ip, [], 'bridge'),
    hasLinkType(ip, [], 'vxlan', 'id', '1', 'dstport', '4789'),
    hasLinkType(ip, [], 'veth', 'peer', 'name', 'nfvprobe1'),
    opens(TUN),
    providersOf(ip, uplinks),
  ]);
  const able = bridge && vxlan;
  const portKinds = able ? [veth ? ['veth'] : [], tap ? ['tap'] : []].flat() : [];
  const routes = veth && namesLast;
  const kinds = ITEM_KINDS.filter((kind) => {
    if (kind === 'port') return portKinds.length > 0;
    return Object.hasOwn(KINDS, kind) && (routes || !ROUTING.has(kind));
  });
  return {
    dataplane: 'linux',
    dataplaneVersion: release(),
    itemKinds: able ? kinds : [],
    encapsulations: able ? ['vxlan'] : [],
    portKinds,
    bumModes: able ? ['head_end', 'multicast', 'none'] : [],
    ...(able && providers.length > 0 ? { providers } : {}),
  };
}

async function providersOf(
  ip: Door,
  uplinks: ReadonlyMap<string, string>,
): Promise<ProviderUplink[]> {
  if (uplinks.size === 0) return [];
  // Any link will do to be on: nothing comes of it.
  const [vlans, links] = await Promise.all([
    hasLinkType(ip, ['link', 'lo'], 'vlan', 'id', '1'),
    readLinksNow(ip),
  ]);
  const mtus = new Map(links.map(({ name, mtu }) => [name, mtu]));
  return [...uplinks].map(([name, device]) => {
    return { name, interface: device, mtu: mtus.get(device) ?? 0, vlans };
  });
}

/**
 * A link with a multicast MAC is refused, but only by the driver of its type (`validate` of its
 * rtnl_link_ops), which the kernel loads for that; a type that it has not is refused otherwise.
 */
async function hasLinkType(
  ip: Door,
  on: readonly string[],
  ...type: readonly string[]
): Promise<boolean> {
  try {
    await ip.run(...PROBE, ...on, 'type', ...type);
  } catch (error) {
    if (hasErrno(error, 'EADDRNOTAVAIL')) return true;
    if (hasErrno(error, 'EOPNOTSUPP')) return false;
    throw error;
  }
  await ip.run('link', 'del', 'dev', 'nfvprobe');
  throw new NfvError('INTERNAL', 'the kernel took a link with a multicast MAC');
}

async function opens(path: string): Promise<boolean> {
  try {
    await (await open(path, 'r+')).close();
    return true;
  } catch {
    return false;
  }
}
