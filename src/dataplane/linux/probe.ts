/** What this kernel can do, found out without leaving anything behind. */
import { open } from 'node:fs/promises';
import { release } from 'node:os';
import { hasErrno } from '../../host/iproute2/answers.js';
import { NfvError } from '../../errors.js';
import { ITEM_KINDS, type ItemKind } from '../../model/item.js';
import type { Capabilities } from '../../model/nve.js';
import type { Door } from './door.js';
import { KINDS } from './kinds.js';

const TUN = '/dev/net/tun';
const PROBE = ['link', 'add', 'name', 'nfvprobe', 'address', '01:00:00:00:00:01', 'type'];

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
export async function probe(ip: Door, namesLast: boolean): Promise<Capabilities> {
  const [bridge, vxlan, veth, tap] = await Promise.all([
    hasLinkType(ip, 'bridge'),
    hasLinkType(ip, 'vxlan', 'id', '1', 'dstport', '4789'),
    hasLinkType(ip, 'veth', 'peer', 'name', 'nfvprobe1'),
    opens(TUN),
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
  };
}

/**
 * A link with a multicast MAC is refused, but only by the driver of its type (`validate` of its
 * rtnl_link_ops), which the kernel loads for that; a type that it has not is refused otherwise.
 */
async function hasLinkType(ip: Door, ...type: string[]): Promise<boolean> {
  try {
    await ip.run(...PROBE, ...type);
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
