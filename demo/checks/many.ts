/** 10: 200 endpoints in one apply. */
import { call, expect, type Check, type Demo } from '../demo.js';
import { nfvctl } from '../daemons.js';
import { fdbOf } from '../kernel.js';
import { ping } from '../ping.js';

import { addGuest, HOSTS } from '../world.js';

const COUNT = 200;
const NETWORK = 'big';
const ids = Array.from({ length: COUNT }, (_, i) => i + 1);

const netnsOf = (n: number): string => `${NETWORK}-${n}`;
const macOf = (n: number): string => `02:b1:60:00:00:${n.toString(16).padStart(2, '0')}`;
const ipOf = (n: number): string => `10.1.0.${n}`;
const nveOf = (n: number): string => HOSTS[n % HOSTS.length]?.name ?? '';

export const many: Check = async (demo) => {
  for (let i = 0; i < COUNT; i += 10) {
    await Promise.all(ids.slice(i, i + 10).map((n) => addGuest(netnsOf(n))));
  }
  const started = performance.now();
  await nfvctl(['apply', '-f', '-', '--wait=60s'], manifest());
  const seconds = (performance.now() - started) / 1000;
  await isEverywhere(demo);
  return `${COUNT} endpoints over ${HOSTS.length} hosts applied everywhere in ${seconds.toFixed(1)} s`;
};

function manifest(): string {
  const network = {
    apiVersion: 'nfv/v1',
    kind: 'VirtualNetwork',
    metadata: { name: NETWORK },
    spec: { prefixes: ['10.1.0.0/24'] },
  };
  const endpoints = ids.map((n) => ({
    apiVersion: 'nfv/v1',
    kind: 'Endpoint',
    metadata: { name: netnsOf(n) },
    spec: {
      network: NETWORK,
      nve: nveOf(n),
      mac: macOf(n),
      ips: [ipOf(n)],
      port: { veth: { netns: netnsOf(n) } },
    },
  }));
  // JSON is YAML.
  return [network, ...endpoints].map((document) => JSON.stringify(document)).join('\n---\n');
}

async function isEverywhere({ client }: Demo): Promise<void> {
  for (const host of HOSTS) {
    const known = new Set((await fdbOf(host)).map(({ mac }) => mac));
    const missing = ids.filter((n) => !known.has(macOf(n)));
    expect(missing.length === 0, `${host.name} misses ${missing.length} MACs`);
  }
  const filter = `network = "virtualNetworks/${NETWORK}" AND state = "STATE_ACTIVE"`;
  const page = await client.endpoints.list({ pageSize: 1000, pageToken: '', filter }, call());
  expect(page.resources.length === COUNT, `only ${page.resources.length} are ACTIVE`);
  for (const [from, to] of [
    [1, 2],
    [50, 151],
    [199, 200],
  ] as const) {
    const { received } = await ping(netnsOf(from), ipOf(to), { count: 3, interval: 0.05 });
    expect(received === 3, `${netnsOf(from)} does not reach ${netnsOf(to)}`);
  }
}
