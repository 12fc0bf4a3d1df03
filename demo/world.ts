/**
 * Three hosts on one machine. Each host is a network namespace; an underlay network joins them;
 * each guest is a namespace too. All of it is inside the namespaces that scripts/demo.sh made.
 */
import { mkdir } from 'node:fs/promises';
import { ipBatch, run } from './run.js';

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

/** The underlay's end of a host's cable. */
export const cableOf = (host: Host): string => `u-${host.name}`;

/** Everything under /run is on a tmpfs of ours from here on. @throws Error outside our namespaces */
export async function makeWorld(): Promise<void> {
  // The first process of a PID namespace: the wrapper makes that with the others.
  if (process.pid !== 1)
    throw new Error('to leave this machine alone, start me by scripts/demo.sh');
  await run('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'demo', '/run']);
  for (const dir of ['/run/netns', '/run/nfvd', '/run/demo']) await mkdir(dir, { recursive: true });
  await ipBatch([
    'link set dev lo up',
    `link add name underlay mtu ${UNDERLAY_MTU} type bridge`,
    'link set dev underlay up',
  ]);
  for (const host of HOSTS) await addHost(host);
}

async function addHost(host: Host): Promise<void> {
  const { name, address } = host;
  await run('ip', ['netns', 'add', name]);
  await ipBatch([
    `link add name ${cableOf(host)} mtu ${UNDERLAY_MTU} type veth peer name eth0 netns ${name}`,
    `link set dev ${cableOf(host)} master underlay up`,
  ]);
  await ipBatch(
    [
      'link set dev lo up',
      `link set dev eth0 mtu ${UNDERLAY_MTU} up`,
      `address add ${address}/24 dev eth0`,
    ],
    name,
  );
}

/** A guest's namespace; its agent gives it an interface. */
export async function addGuest(netns: string): Promise<void> {
  await run('ip', ['netns', 'add', netns]);
  await ipBatch(['link set dev lo up'], netns);
}
