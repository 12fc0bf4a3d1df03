/** 3: an ARP request is answered where it is asked: no ARP frame is on the underlay. */
import { expect, pair, type Check } from '../demo.js';
import { FrameCounter, INNER_ARP, INNER_IPV4, INNER_ND } from '../frame-counter.js';
import { ping } from '../ping.js';
import { run } from '../run.js';
import { cableOf, HOSTS } from '../world.js';

export const suppression: Check = async (demo) => {
  const [from, to] = pair(demo, 'blue');
  await run('ip', ['-n', from.netns, 'neigh', 'flush', 'all']);
  await run('ip', ['-n', to.netns, 'neigh', 'flush', 'all']);
  const guest = await FrameCounter.start(from.netns, ['eth0'], {
    answers: `arp operation reply arp saddr ip ${to.ipv4}`,
  });
  const underlay = await FrameCounter.start(undefined, HOSTS.map(cableOf), {
    ARP: INNER_ARP,
    ND: INNER_ND,
    IPv4: INNER_IPV4,
  });
  const four = await ping(from.netns, to.ipv4, { count: 5, interval: 0.05 });
  const six = await ping(from.netns, to.ipv6, { count: 5, interval: 0.05 });
  const answers = (await guest.stop()).get('answers') ?? 0;
  const seen = await underlay.stop();
  const [arp = 0, nd = 0, ipv4 = 0] = ['ARP', 'ND', 'IPv4'].map((name) => seen.get(name));
  expect(four.received === 5 && six.received === 5, 'not all pings were answered');
  expect(answers > 0, `${from.id} got no ARP reply: the check shows nothing`);
  expect(ipv4 >= 10, 'the counters on the underlay miss packets');
  expect(arp === 0, `${arp} ARP frames on the underlay`);
  expect(nd === 0, `${nd} neighbour solicitations or advertisements on the underlay`);
  return `${answers} ARP reply got on the host; on the underlay ${ipv4} IPv4 packets, 0 ARP, 0 ND`;
};
