/** 2: nothing crosses between networks, though they use the same addresses, MACs included. */
import { expect, pair, type Check, type Demo, type Guest } from '../demo.js';
import { FrameCounter } from '../frame-counter.js';
import { ping } from '../ping.js';

/** In both networks' prefix; nobody has it. Asking for it floods the whole network. */
const NOBODY = '10.0.0.250';

export const isolation: Check = async (demo) => {
  const [asker, witness] = pair(demo, 'blue');
  const red = of(demo, 'red');
  const stranger = red.find(({ ipv4 }) => !of(demo, 'blue').some((g) => g.ipv4 === ipv4));
  if (stranger === undefined) throw new Error('every address of red is in blue too');
  const questions = {
    arp: `arp daddr ip { ${NOBODY}, ${stranger.ipv4} }`,
    nd: solicits(stranger.ipv6),
  };
  const counters = await Promise.all(
    [witness, ...red].map(({ netns }) => FrameCounter.start(netns, ['eth0'], questions)),
  );
  for (const address of [NOBODY, stranger.ipv4, stranger.ipv6]) {
    const { received } = await ping(asker.netns, address, { count: 2, interval: 0.05 });
    expect(received === 0, `${address} answers in blue, where nobody has it`);
  }
  const [flooded = 0, ...seen] = await Promise.all(counters.map(total));
  expect(flooded > 0, 'the frames did not even cross blue: the check shows nothing');
  const leaked = seen.reduce((sum, n) => sum + n, 0);
  expect(leaked === 0, `${leaked} frames of blue were seen in red`);
  return `${flooded} frames flooded through blue, 0 of them in red`;
};

const of = ({ guests }: Demo, network: string): Guest[] =>
  guests.filter((guest) => guest.network === network);

/** The last group of a solicitation's target, 22 bytes into ICMPv6 (RFC 4861 §4.3). */
function solicits(ipv6: string): string {
  return `icmpv6 type nd-neighbor-solicit @th,176,16 0x${ipv6.split(':').at(-1) ?? ''}`;
}

async function total(counter: FrameCounter): Promise<number> {
  return [...(await counter.stop()).values()].reduce((sum, n) => sum + n, 0);
}
