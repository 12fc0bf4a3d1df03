/** 9: 200 endpoints in one apply. */
import { call, expect, type Check, type Demo } from '../demo.js';
import { nfvctl } from '../daemons.js';
import { fdbOf } from '../kernel.js';
import { ping } from '../ping.js';
import { plug } from '../plug.js';
import { until } from '../run.js';
import type { VppHost } from '../vpp.js';
import { addGuest, HOSTS, type Host } from '../world.js';

const COUNT = 200;
const NETWORK = 'big';
const ids = Array.from({ length: COUNT }, (_, i) => i + 1);

const netnsOf = (n: number): string => `${NETWORK}-${n}`;
const macOf = (n: number): string => `02:b1:60:00:00:${n.toString(16).padStart(2, '0')}`;
const ipOf = (n: number): string => `10.1.0.${n}`;
/**
 * VPP hangs when 16 of its interfaces on the kernel's have something to read at once (docs/dataplane-vpp.md,
 * Limits): where it makes no taps, it gets so many of these.
 */
const ON_HOST_INTERFACES = 8;

function hostOf(n: number, vpp: VppHost | undefined): Host {
  const host = at(HOSTS, n);
  if (host !== vpp?.host || vpp.canTap || n <= ON_HOST_INTERFACES * HOSTS.length) return host;
  const others = HOSTS.filter((each) => each !== host);
  return at(others, n);
}

function at(hosts: readonly Host[], n: number): Host {
  const host = hosts[n % hosts.length];
  if (host === undefined) throw new Error('there are no hosts');
  return host;
}

export const many: Check = async (demo) => {
  const ports = new Map<number, object>();
  for (let i = 0; i < COUNT; i += 10) {
    const made = ids.slice(i, i + 10).map((n) => makePort(n, demo));
    for (const [n, port] of await Promise.all(made)) ports.set(n, port);
  }
  const started = performance.now();
  await nfvctl(['apply', '-f', '-', '--wait=60s'], manifest(ports, demo));
  const seconds = (performance.now() - started) / 1000;
  await isEverywhere(demo);
  return `${COUNT} endpoints over ${HOSTS.length} hosts applied everywhere in ${seconds.toFixed(1)} s`;
};

async function makePort(n: number, { vpp }: Demo): Promise<readonly [number, object]> {
  const netns = netnsOf(n);
  await addGuest(netns);
  const addresses = [`${ipOf(n)}/24`];
  const guest = { id: netns, host: hostOf(n, vpp), netns, mac: macOf(n), addresses };
  return [n, await plug(guest, vpp)];
}

function manifest(ports: ReadonlyMap<number, object>, { vpp }: Demo): string {
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
      nve: hostOf(n, vpp).name,
      mac: macOf(n),
      ips: [ipOf(n)],
      port: ports.get(n),
    },
  }));
  // JSON is YAML.
  return [network, ...endpoints].map((document) => JSON.stringify(document)).join('\n---\n');
}

async function isEverywhere({ client, vpp }: Demo): Promise<void> {
  for (const host of HOSTS) {
    const known = host === vpp?.host ? await vpp.macs() : await macsOf(host);
    const missing = ids.filter((n) => !known.has(macOf(n)));
    expect(missing.length === 0, `${host.name} misses ${missing.length} MACs`);
  }
  const filter = `network = "virtualNetworks/${NETWORK}" AND state = "STATE_ACTIVE"`;
  // That all is applied is known before it is stored in each endpoint.
  await until('all endpoints are ACTIVE', 5000, async () => {
    const page = await client.endpoints.list({ pageSize: 1000, pageToken: '', filter }, call());
    expect(page.resources.length === COUNT, `only ${page.resources.length} are ACTIVE`);
  });
  for (const [from, to] of [
    [1, 2],
    [50, 151],
    [199, 200],
  ] as const) {
    const { received } = await ping(netnsOf(from), ipOf(to), { count: 3, interval: 0.05 });
    expect(received === 3, `${netnsOf(from)} does not reach ${netnsOf(to)}`);
  }
}

const macsOf = async (host: Host): Promise<ReadonlySet<string>> =>
  new Set((await fdbOf(host)).map(({ mac }) => mac));
