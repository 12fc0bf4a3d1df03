/** 1: pings between endpoints of one network on different hosts, at the full MTU. */
import { expect, type Check, type Guest } from '../demo.js';
import { mtuOf } from '../kernel.js';
import { ping } from '../ping.js';
import { UNDERLAY_MTU } from '../world.js';

/** RFC 7348: outer IPv4 20, UDP 8, VXLAN 8, inner Ethernet 14. */
const OVERHEAD = 50;

export const reach: Check = async ({ guests }) => {
  const mtu = UNDERLAY_MTU - OVERHEAD;
  const pairs = guests.flatMap((from) =>
    guests
      .filter((to) => to.network === from.network && to.host !== from.host)
      .map((to) => [from, to] as const),
  );
  for (const { netns } of guests) {
    const found = await mtuOf(netns, 'eth0');
    expect(found === mtu, `${netns} has MTU ${found}, not ${mtu}`);
  }
  await Promise.all(pairs.map(([from, to]) => reaches(from, to, mtu)));
  return `${pairs.length} pairs, IPv4 and IPv6, packets of ${mtu} bytes, none lost`;
};

async function reaches(from: Guest, to: Guest, packetSize: number): Promise<void> {
  for (const address of [to.ipv4, to.ipv6]) {
    const result = await ping(from.netns, address, { count: 3, interval: 0.05, packetSize });
    expect(
      result.received === result.sent,
      `${from.id} to ${to.id} (${address}): ${result.received} of ${result.sent} answered`,
    );
  }
}
