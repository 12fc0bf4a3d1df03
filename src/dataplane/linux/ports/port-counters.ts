/** What ports have counted: the kernel's statistics of the host's ends. */
import { readFile } from 'node:fs/promises';
import { NfvError } from '../../../errors.js';
import { splitKey } from '../../../model/item.js';
import type { PortCounters } from '../../../model/query.js';
import type { Memory } from '../memory.js';

/** Of the network namespace that the process is in (net/core/net-procfs.c). */
export const NET_DEV = '/proc/net/dev';

/** @throws NfvError KERNEL_REFUSED */
export async function countersOf(
  keys: readonly string[],
  memory: Memory,
  path: string,
): Promise<PortCounters[]> {
  const byLink = parseNetDev(await textOf(path));
  return keys.flatMap((key) => {
    const [kind, [endpoint = '']] = splitKey(key);
    const link = kind === 'port' ? memory.portOf(endpoint)?.link : undefined;
    const counters = link === undefined ? undefined : byLink.get(link);
    return counters === undefined ? [] : [{ key, ...counters }];
  });
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new NfvError('KERNEL_REFUSED', `${path} cannot be read`, { cause });
  }
}

/**
 * `LINK: rx bytes packets errs drop fifo frame compressed multicast, tx bytes packets errs drop …`, below
 * two lines of header.
 */
export function parseNetDev(text: string): ReadonlyMap<string, Omit<PortCounters, 'key'>> {
  const found = new Map<string, Omit<PortCounters, 'key'>>();
  for (const line of text.split('\n')) {
    const match = /^\s*(\S+):\s*([\d\s]+)$/.exec(line);
    if (match === null) continue;
    const [rxBytes, rxPackets, , rxDrops, , , , , txBytes, txPackets, , txDrops] = (match[2] ?? '')
      .trim()
      .split(/\s+/)
      .map(Number);
    if (txDrops === undefined) continue;
    found.set(match[1] ?? '', {
      rxPackets: rxPackets ?? 0,
      rxBytes: rxBytes ?? 0,
      txPackets: txPackets ?? 0,
      txBytes: txBytes ?? 0,
      drops: (rxDrops ?? 0) + txDrops,
    });
  }
  return found;
}
