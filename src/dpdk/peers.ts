/**
 * With whom this host speaks and must go on speaking: who is logged in over SSH, the NVA, the
 * server of its root file system, iSCSI targets; and the device that leads there.
 */
import { mapBounded } from '../host/bounded.js';
import type { ReadDoors } from '../host/doors.js';
import type { ProcessFacts } from '../host/processes.js';
import type { KernelFiles } from '../host/sysfs.js';
import { parseIp } from '../model/addresses.js';
import type { Netdev, Peer } from '../model/host/inventory.js';
import { kernelArgument, parseCommandLine } from './cmdline.js';
import { routeTo } from './netdevs.js';

type Address = Pick<Peer, 'role' | 'address'>;

export interface SshClient extends Address {
  /** Ours, that the client speaks to. */
  readonly server: string | undefined;
  /** The client's address is a link-local one, of this device. */
  readonly zone: string | undefined;
}

/** @param nva addresses of the NVA's replicas */
export async function readPeers(
  doors: ReadDoors,
  processes: readonly ProcessFacts[],
  netdevs: readonly Netdev[],
  nva: readonly string[],
  signal: AbortSignal,
): Promise<Peer[]> {
  const { files } = doors;
  const clients = byKey(
    processes.flatMap(({ sshConnection }) => sshClient(sshConnection)),
    ({ address, server, zone }) => `${address} ${server ?? ''} ${zone ?? ''}`,
  );
  const others = byKey<Address>(
    [
      ...nva.map((address) => ({ role: 'nva' as const, address })),
      ...nfsRoot((await files.text('proc/cmdline')) ?? '', (await files.text('proc/mounts')) ?? ''),
      ...(await iscsiPeers(files)),
    ],
    ({ role, address }) => `${role} ${address}`,
  );
  const ssh = await mapBounded(clients, 4, (client) => sshPeers(doors, client, netdevs, signal));
  const rest = await mapBounded(others, 4, async ({ role, address }) => ({
    role,
    address,
    device: isLoopback(address) ? undefined : await routeTo(doors, address, signal),
  }));
  return byKey(
    [...rest, ...ssh.flat()],
    ({ role, address, device }) => `${role} ${address} ${device ?? ''}`,
  );
}

/** Each once, sorted. */
function byKey<T>(list: readonly T[], keyOf: (entry: T) => string): T[] {
  const unique = new Map(list.map((entry) => [keyOf(entry), entry]));
  return [...unique.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

function isLoopback(address: string): boolean {
  return /^127\.|^::1$/.test(address);
}

/**
 * Packets to the client leave as the rules for our end's address say (ip-rule(8)), and those of the
 * client come to where that address is.
 */
async function sshPeers(
  doors: ReadDoors,
  { role, address, server, zone }: SshClient,
  netdevs: readonly Netdev[],
  signal: AbortSignal,
): Promise<Peer[]> {
  if (isLoopback(address)) return [{ role, address, device: undefined }];
  if (zone !== undefined) return [{ role, address, device: zone }];
  const outward =
    (await routeTo(doors, address, signal, server)) ?? (await routeTo(doors, address, signal));
  const inward = netdevs.find((n) => n.addresses.some((a) => a.address === server))?.name;
  const devices = new Set([outward, inward ?? outward]);
  return [...devices].map((device) => ({ role, address, device }));
}

/** sshd gives each session `CLIENT PORT SERVER PORT` (sshd(8)); the client may have a zone. */
export function sshClient(sshConnection: string): SshClient[] {
  const [client = '', , ours = ''] = sshConnection.split(' ');
  const [bare = '', zone] = client.split('%');
  const ip = parseIp(bare);
  if (ip === undefined) return [];
  return [{ role: 'ssh', address: ip.text, server: parseIp(ours)?.text, zone }];
}

/** `root=/dev/nfs nfsroot=SERVER:…` (kernel: Documentation/admin-guide/nfs/nfsroot.rst), or mounted. */
export function nfsRoot(commandLine: string, mounts: string): Address[] {
  const tokens = parseCommandLine(commandLine);
  const named = kernelArgument(tokens, 'nfsroot').map((text) => text.split(':')[0] ?? '');
  const mounted = mounts.split('\n').flatMap((line) => {
    const [, path, type, options = ''] = line.split(' ');
    if (path !== '/' || !/^nfs4?$/.test(type ?? '')) return [];
    return options.split(',').flatMap((o) => /^addr=(.*)$/.exec(o)?.[1] ?? []);
  });
  return [...named, ...mounted].flatMap((address) => {
    const ip = parseIp(address);
    return ip === undefined ? [] : [{ role: 'nfs-root' as const, address: ip.text }];
  });
}

async function iscsiPeers(files: KernelFiles): Promise<Address[]> {
  const folder = 'sys/class/iscsi_connection';
  const found: Address[] = [];
  for (const name of await files.list(folder)) {
    const ip = parseIp((await files.text(`${folder}/${name}/persistent_address`)) ?? '');
    if (ip !== undefined) found.push({ role: 'iscsi', address: ip.text });
  }
  return found;
}
