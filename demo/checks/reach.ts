/** 1: pings between endpoints of one network on different hosts, at the full MTU. */
import { expect, type Check, type Guest } from '../demo.js';
import { mtuOf } from '../kernel.js';
import { ping } from '../ping.js';
import { until } from '../run.js';
import { UNDERLAY_MTU, VXLAN_OVERHEAD } from '../world.js';

export const reach: Check = async ({ guests, vpp }) => {
  const mtu = UNDERLAY_MTU - VXLAN_OVERHEAD;
  const pairs = guests.flatMap((from) =>
    guests
      .filter((to) => to.network === from.network && to.host !== from.host)
      .map((to) => [from, to] as const),
  );
  for (const { netns } of guests) {
    const found = await mtuOf(netns, 'eth0');
    expect(found === mtu, `${netns} has MTU ${found}, not ${mtu}`);
  }
  const first = pairs.filter(([from]) => from.host === vpp?.host);
  await Promise.all(first.map(([from, to]) => answers(from, to)));
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

/** VPP drops the first packet to a VTEP: it asks the underlay for that one's MAC instead. */
async function answers(from: Guest, to: Guest): Promise<void> {
  await until(`${from.id} reaches ${to.id}`, 10_000, async () => {
    const { received } = await ping(from.netns, to.ipv4, { count: 1, interval: 0.05 });
    return received === 1;
  });
}
