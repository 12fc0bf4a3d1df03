/** 12: kill -9 of VPP under a running ping: its agent makes everything again in the new one. */
import type { Endpoint } from '../../src/model/endpoint.js';
import { call, expect, pair, type Check, type Demo } from '../demo.js';
import { planOf } from '../daemons.js';
import { ping, RunningPing } from '../ping.js';
import { until } from '../run.js';
import type { VppHost } from '../vpp.js';

export function vppKilled(vpp: VppHost): Check {
  return async (demo) => {
    const [from, to] = pair(demo, 'blue');
    expect(to.host === vpp.host, `${to.id} is not behind VPP: the check shows nothing`);
    const running = new RunningPing(from.netns, to.ipv4, { count: 4000, interval: 0.01 });
    await until('the ping runs', 5000, () => running.replies > 50);
    await vpp.daemon.kill();
    const killed = performance.now();
    const before = running.replies;
    await vpp.daemon.start();
    const started = performance.now() - killed;
    await until('the ping is answered again', 30_000, () => running.replies > before + 50);
    await running.end();
    const gap = running.longestGapMs();
    expect(gap > started / 2, 'it was answered without VPP: the check shows nothing');
    const guests = await reconnected(demo, vpp);
    const plan = await planOf(vpp.host);
    expect(plan.includes('Nothing to do'), `the plan is not empty:\n${plan}`);
    return `${seconds(gap)} s without an answer, ${seconds(started)} s of them VPP's own start; all ${guests} of its guests answer`;
  };
}

const seconds = (ms: number): string => (ms / 1000).toFixed(2);

/** Each guest of VPP answers one on another host. @returns how many there are */
async function reconnected(demo: Demo, vpp: VppHost): Promise<number> {
  const request = { pageSize: 1000, pageToken: '', filter: '' };
  const { resources: all } = await demo.client.endpoints.list(request, call());
  const here = all.filter(({ spec }) => spec.nve === vpp.host.name);
  for (let i = 0; i < here.length; i += 10) {
    await Promise.all(here.slice(i, i + 10).map((guest) => answers(guest, all)));
  }
  return here.length;
}

async function answers({ id, spec }: Endpoint, all: readonly Endpoint[]): Promise<void> {
  const netns = all
    .filter((each) => each.spec.network === spec.network && each.spec.nve !== spec.nve)
    .flatMap(({ spec: { port } }) => (port.kind === 'veth' ? [port.netns] : []))[0];
  const address = spec.ips[0];
  if (netns === undefined || address === undefined) throw new Error(`nobody can ask for ${id}`);
  await until(`${id} answers`, 10_000, async () => {
    const { received } = await ping(netns, address, { count: 1, interval: 0.05 });
    return received === 1;
  });
}
