/** 7: an endpoint migrated to another host, under a ping every millisecond. */
import { expect, pair, type Check } from '../demo.js';
import { nfvctl } from '../daemons.js';
import { ping, RunningPing } from '../ping.js';
import { until } from '../run.js';
import { addGuest, HOSTS } from '../world.js';

/** More than the switch takes; without make before break it is hundreds. */
const MAX_LOST = 250;

export const move: Check = async (demo) => {
  const [from, to] = pair(demo, 'red');
  const target = HOSTS.find((host) => host !== to.host && host !== from.host);
  if (target === undefined) throw new Error('there is no third host');
  // The guest at its new place: the same MAC and addresses in a namespace of its own.
  const netns = `${to.netns}-moved`;
  await addGuest(netns);
  const running = new RunningPing(from.netns, to.ipv4, { count: 6000, interval: 0.001 });
  await until('the ping runs', 5000, () => running.replies > 200);
  const where = ['--nve', target.name, '--veth-netns', netns];
  await nfvctl(['migrate', 'start', to.id, ...where, '--hold', '--wait=20s']);
  const held = running.replies;
  await until('the ping goes on', 5000, () => running.replies > held + 200);
  await nfvctl(['migrate', 'finish', to.id, '--wait=20s']);
  const { sent, received } = await running.finished();
  const lost = sent - received;
  expect(lost <= MAX_LOST, `${lost} of ${sent} pings lost`);
  const blackout = running.longestGapMs();
  const after = await ping(from.netns, to.ipv4, { count: 5, interval: 0.02 });
  expect(after.received === 5, 'it does not answer at its new place');
  return `${to.id} from ${to.host.name} to ${target.name}: ${blackout.toFixed(0)} ms without an answer (${lost} of ${sent} pings at 1,000 a second lost)`;
};
