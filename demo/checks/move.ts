/** 7: an endpoint moved to another host under a running ping. */
import { expect, pair, type Check } from '../demo.js';
import { nfvctl } from '../daemons.js';
import { ping, RunningPing } from '../ping.js';
import { until } from '../run.js';
import { addGuest, HOSTS } from '../world.js';

export const move: Check = async (demo) => {
  const [from, to] = pair(demo, 'red');
  const target = HOSTS.find((host) => host !== to.host && host !== from.host);
  if (target === undefined) throw new Error('there is no third host');
  // The guest at its new place: the same MAC and addresses in a namespace of its own.
  const netns = `${to.netns}-moved`;
  await addGuest(netns);
  const running = new RunningPing(from.netns, to.ipv4, { count: 2000, interval: 0.002 });
  await until('the ping runs', 5000, () => running.replies > 200);
  const where = ['--nve', target.name, '--veth-netns', netns];
  await nfvctl(['update', 'endpoint', to.id, ...where, '--wait=20s']);
  const { sent, received } = await running.finished();
  const blackout = running.longestGapMs();
  const after = await ping(from.netns, to.ipv4, { count: 5, interval: 0.02 });
  expect(after.received === 5, 'it does not answer at its new place');
  return `${to.id} from ${to.host.name} to ${target.name}: ${blackout.toFixed(0)} ms without an answer (${sent - received} of ${sent} pings at 500 a second)`;
};
