/** 8: what somebody changes behind our back is repaired, and reported. */
import { call, expect, pair, type Check, type Demo } from '../demo.js';
import { fdbOf, linksOf, portOf } from '../kernel.js';
import { ping } from '../ping.js';
import { inNetns, run, until } from '../run.js';

export const drift: Check = async (demo) => {
  const [from, to] = pair(demo, 'blue');
  const { host } = from;
  const { vni } = (await demo.client.virtualNetworks.get(to.network, call())).spec;
  const device = `nfvx${vni}`;
  const dst = to.host.address;
  const isThere = async (): Promise<boolean> =>
    (await fdbOf(host)).some((e) => e.ifname === device && e.mac === to.mac && e.dst === dst);
  expect(await isThere(), `${host.name} has no FDB entry for ${to.mac}`);
  const port = await portOf(host, from.id);
  const before = await driftCount(demo, host.name);
  const started = performance.now();
  await run(
    ...inNetns(host.name, 'bridge', 'fdb', 'del', to.mac, 'dev', device, 'dst', dst, 'self'),
  );
  await run('ip', ['-n', host.name, 'link', 'set', 'dev', port, 'nomaster']);
  await until('the FDB entry is back', 45_000, isThere);
  await until('the port is back in its bridge', 45_000, async () =>
    (await linksOf(host)).some(({ ifname, master }) => ifname === port && master !== undefined),
  );
  const seconds = ((performance.now() - started) / 1000).toFixed(2);
  await until('the drift is reported', 10_000, async () => {
    const { status } = await demo.client.nves.get(host.name, call());
    const repaired = new Set(
      status.drifts.filter((d) => d.action === 'REPAIRED').map((d) => d.key),
    );
    return (
      status.driftCount >= before + 2 &&
      repaired.has(`port/${from.id}`) &&
      repaired.has(`mac/${vni}/${to.mac}`)
    );
  });
  const result = await ping(from.netns, to.ipv4, { count: 3, interval: 0.05 });
  expect(result.received === 3, 'pings do not pass after the repair');
  return `an FDB entry and a bridge port taken away on ${host.name}: back after ${seconds} s, both reported`;
};

async function driftCount({ client }: Demo, nve: string): Promise<number> {
  return (await client.nves.get(nve, call())).status.driftCount;
}
