/**
 * Three hosts on one machine. Each host is a network namespace; an underlay network joins them;
 * each guest is a namespace too. All of it is inside the namespaces that scripts/demo.sh made.
 */
import { mkdir } from 'node:fs/promises';
import { inNetns, ipBatch, run } from './run.js';

export interface Host {
  readonly name: string;
  /** Its VTEP address on the underlay. */
  readonly address: string;
}

export const HOSTS: readonly Host[] = [
  { name: 'host-a', address: '10.77.0.1' },
  { name: 'host-b', address: '10.77.0.2' },
  { name: 'host-c', address: '10.77.0.3' },
];

export const UNDERLAY_MTU = 1500;
/** RFC 7348: outer IPv4 20, UDP 8, VXLAN 8, inner Ethernet 14. */
export const VXLAN_OVERHEAD = 50;

/** The underlay's end of a host's cable. */
export const cableOf = (host: Host): string => `u-${host.name}`;

/**
 * Everything under /run and /dev/shm is on a tmpfs of ours from here on.
 * @param onVpp a host whose address is VPP's, not the kernel's
 * @throws Error outside our namespaces
 */
export async function makeWorld(onVpp: Host | undefined): Promise<void> {
  // The first process of a PID namespace: the wrapper makes that with the others.
  if (process.pid !== 1)
    throw new Error('to leave this machine alone, start me by scripts/demo.sh');
  for (const dir of ['/run', '/dev/shm']) {
    await run('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'demo', dir]);
  }
  for (const dir of ['/run/netns', '/run/nfvd', '/run/demo']) await mkdir(dir, { recursive: true });
  await ipBatch([
    'link set dev lo up',
    `link add name underlay mtu ${UNDERLAY_MTU} type bridge`,
    'link set dev underlay up',
  ]);
  for (const host of HOSTS) {
    await addHost(host);
    if (host !== onVpp) await addAddress(host);
    if (onVpp !== undefined) await finishChecksums(host.name);
  }
}

async function addHost(host: Host): Promise<void> {
  const { name } = host;
  await run('ip', ['netns', 'add', name]);
  await ipBatch([
    `link add name ${cableOf(host)} mtu ${UNDERLAY_MTU} type veth peer name eth0 netns ${name}`,
    `link set dev ${cableOf(host)} master underlay up`,
  ]);
  await ipBatch(['link set dev lo up', `link set dev eth0 mtu ${UNDERLAY_MTU} up`], name);
}

async function addAddress({ name, address }: Host): Promise<void> {
  await ipBatch([`address add ${address}/24 dev eth0`], name);
}

/**
 * On a veth pair the kernel leaves checksums to a NIC that is not there, and VPP drops such packets. From
 * here on it finishes those that leave the namespace by eth0.
 */
async function finishChecksums(netns: string): Promise<void> {
  await run(...inNetns(netns, 'ethtool', '-K', 'eth0', 'tx', 'off'));
}

/** A guest's namespace; its agent gives it an interface. */
export async function addGuest(netns: string): Promise<void> {
  await run('ip', ['netns', 'add', netns]);
  await ipBatch(['link set dev lo up'], netns);
}

/** What a guest's interface has. */
export interface GuestInterface {
  readonly netns: string;
  readonly mac: string;
  /** With prefix lengths. */
  readonly addresses: readonly string[];
  readonly mtu: number;
}

/** The host's end of the pair that `plugGuest` makes. */
export const plugOf = (endpoint: string): string => `p-${endpoint}`;

/** Gives a guest an interface, as its owner does where the agent only takes the other end of it. */
export async function plugGuest(
  host: Host,
  endpoint: string,
  guest: GuestInterface,
): Promise<void> {
  const { netns, mac, addresses, mtu } = guest;
  const pair = `link add name ${plugOf(endpoint)} mtu ${mtu} type veth peer name eth0 netns ${netns}`;
  await ipBatch([pair, `link set dev ${plugOf(endpoint)} up`], host.name);
  await finishChecksums(netns);
  await ipBatch(
    [
      `link set dev eth0 address ${mac} mtu ${mtu} up`,
      ...addresses.map(
        (each) => `address add ${each} dev eth0${each.includes(':') ? ' nodad' : ''}`,
      ),
    ],
    netns,
  );
}
