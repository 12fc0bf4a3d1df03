/** 6: what was deleted while an agent was down is gone there when it returns. */
import { agentOf, call, expect, type Check, type Demo, type Guest } from '../demo.js';
import { nfvctl } from '../daemons.js';
import { fdbOf } from '../kernel.js';
import { until } from '../run.js';

export const missedDelete: Check = async (demo) => {
  const victim = last(demo, 'blue');
  const peer = demo.guests.find((g) => g.network === 'blue' && g.host !== victim.host);
  if (peer === undefined) throw new Error('blue is on one host only');
  const agent = agentOf(demo, peer.host);
  const network = await demo.client.virtualNetworks.get(victim.network, call());
  const device = `nfvx${network.spec.vni}`;
  const knows = async (): Promise<boolean> =>
    (await fdbOf(peer.host)).some((e) => e.ifname === device && e.mac === victim.mac);
  expect(await knows(), `${peer.host.name} does not know ${victim.mac} to begin with`);
  await agent.kill();
  await nfvctl(['delete', 'endpoint', victim.id]);
  expect(await knows(), `${peer.host.name} forgot without its agent`);
  await agent.start();
  await until('the deleted endpoint is gone', 15_000, async () => !(await knows()));
  return `${victim.id} was deleted while the agent of ${peer.host.name} was down; its MAC is gone there`;
};

/** An endpoint that no later check needs. */
function last({ guests }: Demo, network: string): Guest {
  const found = guests.filter((g) => g.network === network).at(-1);
  if (found === undefined) throw new Error(`no endpoint in ${network}`);
  return found;
}
