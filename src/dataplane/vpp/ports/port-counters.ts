/** What ports have counted: VPP's statistics segment, which costs VPP no time. */
import type { PortCounters } from '../../../model/query.js';
import type { InterfaceCounters } from '../../../vpp-api/stats/counters.js';
import type { Memory } from '../memory.js';
import { tagOf } from '../tag.js';

/** Reads the counters of all interfaces. @throws NfvError VPP_LIBRARY_MISSING, VPP_UNREACHABLE and their like */
export type ReadStats = () => Promise<readonly InterfaceCounters[]>;

/** @throws NfvError as `read` */
export async function countersOf(
  keys: readonly string[],
  memory: Memory,
  read: ReadStats,
): Promise<PortCounters[]> {
  const byIndex = new Map((await read()).map((each) => [each.swIfIndex, each.counters]));
  return keys.flatMap((key) => {
    const index = memory.indexOf(tagOf(key));
    const counters = index === undefined ? undefined : byIndex.get(index);
    if (counters === undefined) return [];
    const total = (name: string) => counters.get(name)?.total ?? NONE;
    const [rx, tx] = [total('rx'), total('tx')];
    return [
      {
        key,
        rxPackets: Number(rx.packets),
        rxBytes: Number(rx.bytes),
        txPackets: Number(tx.packets),
        txBytes: Number(tx.bytes),
        drops: Number(total('drops').packets),
      },
    ];
  });
}

const NONE = { packets: 0n, bytes: 0n };
