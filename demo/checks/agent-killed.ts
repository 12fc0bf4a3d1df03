/** 5: kill -9 of an agent under a running ping: it adopts what stands. */
import { agentOf, expect, pair, type Check } from '../demo.js';
import { planOf } from '../daemons.js';
import { RunningPing } from '../ping.js';
import { until } from '../run.js';

export const agentKilled: Check = async (demo) => {
  const [from, to] = pair(demo, 'blue');
  const ping = new RunningPing(from.netns, to.ipv4, { count: 500, interval: 0.01 });
  await until('the ping runs', 5000, () => ping.replies > 50);
  const agent = agentOf(demo, to.host);
  await agent.kill();
  await agent.start();
  const { sent, received } = await ping.finished();
  expect(received === sent, `${sent - received} of ${sent} pings lost`);
  const plan = await planOf(to.host);
  expect(plan.includes('Nothing to do'), `the plan is not empty:\n${plan}`);
  return `${sent} pings, 0 lost; planning again gives nothing`;
};
