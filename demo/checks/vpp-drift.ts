/** 12: what somebody changes in VPP behind our back is repaired, and reported. */
import { call, expect, pair, type Check } from '../demo.js';
import { ping } from '../ping.js';
import { until } from '../run.js';
import type { VppHost } from '../vpp.js';

export function vppDrift(vpp: VppHost): Check {
  return async (demo) => {
    const [from, to] = pair(demo, 'blue');
    expect(to.host === vpp.host, `${to.id} is not behind VPP: the check shows nothing`);
    const { vni } = (await demo.client.virtualNetworks.get(to.network, call())).spec;
    const tables = (): Promise<string> => vpp.ask('show', 'bridge-domain', String(vni), 'detail');
    const port = await portOf(vpp, to.id);
    const isDown = async (): Promise<boolean> =>
      (await vpp.ask('show', 'interface', port)).includes(' down ');
    const member = new RegExp(`^ *${port} `, 'm');
    expect(member.test(await tables()), `${port} is not in VPP's bridge domain ${vni}`);

    let started = performance.now();
    await vpp.ask('set', 'interface', 'state', port, 'down');
    await until('the interface is up', 45_000, async () => !(await isDown()));
    const told = seconds(started);
    started = performance.now();
    await vpp.ask('set', 'interface', 'l3', port);
    await until('the interface is in its bridge domain', 45_000, async () =>
      member.test(await tables()),
    );
    const found = seconds(started);
    await until('the drift is reported', 10_000, async () => {
      const { status } = await demo.client.nves.get(vpp.host.name, call());
      const repaired = status.drifts.filter(({ action }) => action === 'REPAIRED');
      return repaired.filter(({ key }) => key === `port/${to.id}`).length >= 2;
    });
    const { received } = await ping(from.netns, to.ipv4, { count: 3, interval: 0.05 });
    expect(received === 3, 'pings do not pass after the repair');
    return `an interface set down: up after ${told} s, since VPP tells; one out of its bridge domain: back after ${found} s, at the next look; both reported`;
  };
}

const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(2);

/** VPP's name of an endpoint's port: its tag says so. */
async function portOf(vpp: VppHost, endpoint: string): Promise<string> {
  const names = (await vpp.ask('show', 'interface')).match(/^(host-|tap)\S+/gm) ?? [];
  for (const name of names) {
    const text = await vpp.ask('show', 'interface', name, 'tag');
    // Behind a "=" the agent keeps what VPP does not tell.
    const [tag] = text.trim().split('=');
    if (tag === `${name}: nfvd:port/${endpoint}`) return name;
  }
  throw new Error(`VPP has no port of ${endpoint}`);
}
