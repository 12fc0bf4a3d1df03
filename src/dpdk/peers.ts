/**
 * With whom this host speaks and must go on speaking: who is logged in over SSH, the NVA, the
 * server of its root file system, iSCSI targets; and the device that leads there.
 */
import { mapBounded } from '../host/bounded.js';
import type { ReadDoors } from '../host/doors.js';
import type { ProcessFacts } from '../host/processes.js';
import type { KernelFiles } from '../host/sysfs.js';
import { parseIp } from '../model/addresses.js';
import type { Peer } from '../model/host/inventory.js';
import { kernelArgument, parseCommandLine } from './cmdline.js';
import { routeTo } from './netdevs.js';

type Address = Pick<Peer, 'role' | 'address'>;

/** @param nva addresses of the NVA's replicas */
export async function readPeers(
  doors: ReadDoors,
  processes: readonly ProcessFacts[],
  nva: readonly string[],
  signal: AbortSignal,
): Promise<Peer[]> {
  const { files } = doors;
  const found: Address[] = [
    ...processes.flatMap(({ sshConnection }) => sshClient(sshConnection)),
    ...nva.map((address) => ({ role: 'nva' as const, address })),
    ...nfsRoot((await files.text('proc/cmdline')) ?? '', (await files.text('proc/mounts')) ?? ''),
    ...(await iscsiPeers(files)),
  ];
  const unique = new Map(found.map((peer) => [`${peer.role} ${peer.address}`, peer]));
  const sorted = [...unique.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  return mapBounded(sorted, 4, async ([, peer]) => {
    const isLocal = /^127\.|^::1$/.test(peer.address);
    return { ...peer, device: isLocal ? undefined : await routeTo(doors, peer.address, signal) };
  });
}

/** sshd gives each session `CLIENT PORT SERVER PORT` (sshd(8)); the client may have a zone. */
export function sshClient(sshConnection: string): Address[] {
  const client = sshConnection.split(' ')[0] ?? '';
  const ip = parseIp(client.replace(/%.*$/, ''));
  return ip === undefined ? [] : [{ role: 'ssh', address: ip.text }];
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
