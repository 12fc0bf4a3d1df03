/** Counts the frames that arrive on interfaces: nftables counters, in the kernel. */
import { z } from 'zod';
import { inNetns, run } from './run.js';

const listing = z.object({
  nftables: z.array(
    z.object({
      rule: z
        .object({
          comment: z.string(),
          expr: z.array(z.object({ counter: z.object({ packets: z.number() }).optional() })),
        })
        .optional(),
    }),
  ),
});

const TABLE = ['netdev', 'demo'] as const;

export class FrameCounter {
  private constructor(private readonly netns: string | undefined) {}

  /**
   * One at a time in a namespace.
   * @param netns undefined: the namespace of the underlay itself
   * @param rules what to count under which name, in nft's language
   */
  static async start(
    netns: string | undefined,
    devices: readonly string[],
    rules: Readonly<Record<string, string>>,
  ): Promise<FrameCounter> {
    const lines = Object.entries(rules).map(
      ([name, rule]) => `${rule} counter comment "${name}"\n`,
    );
    const chains = devices.map(
      (device, i) =>
        `chain in${i} { type filter hook ingress device "${device}" priority 0;\n${lines.join('')}}\n`,
    );
    const counter = new FrameCounter(netns);
    await counter.#nft(['-f', '-'], `table ${TABLE.join(' ')} {\n${chains.join('')}}\n`);
    return counter;
  }

  /** Ends it. @returns the frames of each rule, over all devices, by its name */
  async stop(): Promise<ReadonlyMap<string, number>> {
    const { nftables } = listing.parse(
      JSON.parse(await this.#nft(['-j', 'list', 'table', ...TABLE])),
    );
    await this.#nft(['delete', 'table', ...TABLE]);
    const counts = new Map<string, number>();
    for (const { rule } of nftables) {
      if (rule === undefined) continue;
      const packets = rule.expr.reduce((sum, { counter }) => sum + (counter?.packets ?? 0), 0);
      counts.set(rule.comment, (counts.get(rule.comment) ?? 0) + packets);
    }
    return counts;
  }

  #nft(args: readonly string[], input = ''): Promise<string> {
    return this.netns === undefined
      ? run('nft', args, { input })
      : run(...inNetns(this.netns, 'nft', ...args), { input });
  }
}

/**
 * The EtherType of the frame inside VXLAN, in bits from the UDP header on: UDP 8 bytes, VXLAN 8, two
 * MACs 12 (RFC 7348 §5).
 */
const INNER_TYPE = 'udp dport 4789 @th,224,16';

export const INNER_ARP = `${INNER_TYPE} 0x0806`;
export const INNER_IPV4 = `${INNER_TYPE} 0x0800`;
/**
 * Neighbour solicitations and advertisements, ICMPv6 types 135 and 136 (RFC 4861 §4.3, §4.4), 40
 * bytes into the inner IPv6 packet; its next header, 6 bytes in, is 58.
 */
export const INNER_ND = `${INNER_TYPE} 0x86dd @th,288,8 58 @th,560,8 { 135, 136 }`;
