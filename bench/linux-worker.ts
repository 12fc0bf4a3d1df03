/** Runs in a network namespace of its own; see linux.ts. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { LinuxDataplane } from '../src/dataplane/linux/linux-dataplane.js';
import { systemClock } from '../src/model/clock.js';
import { dependenciesOf, keyOf, type Item, type Payload } from '../src/model/item.js';
import type { Step } from '../src/reconcile/dataplane.js';
import type { Figure } from './bench.js';
import { median, percentile } from './stats.js';

const VNI = 100;
const LOCAL = '10.99.0.1';
const REMOTE = '10.99.0.2';
const PORTS = 100;
const signal = new AbortController().signal;
const run = promisify(execFile);

const hex = (n: number): string => n.toString(16).padStart(2, '0');
const mac = (i: number): string =>
  `02:00:00:${hex(i >> 16)}:${hex((i >> 8) & 255)}:${hex(i & 255)}`;
const ip = (i: number): string => `172.16.${i >> 8}.${i & 255}`;

const itemOf = (payload: Payload): Item => ({
  key: keyOf(payload),
  version: '1',
  dependsOn: dependenciesOf(payload),
  payload,
});

const macs = (from: number, count: number): Payload[] =>
  Array.from({ length: count }, (_, i) => ({
    kind: 'mac_entry',
    vni: VNI,
    mac: mac(from + i),
    via: { kind: 'remote', vtep: REMOTE },
  }));

const neighbors = (from: number, count: number): Payload[] =>
  Array.from({ length: count }, (_, i) => ({
    kind: 'neighbor_entry',
    vni: VNI,
    ip: ip(from + i),
    mac: mac(from + i),
  }));

const creations = (payloads: readonly Payload[]): Step[] =>
  payloads.map((payload) => ({ op: 'create', key: keyOf(payload), item: itemOf(payload) }));

const deletions = (payloads: readonly Payload[]): Step[] =>
  payloads.map((payload) => {
    const key = keyOf(payload);
    return { op: 'delete', key, from: { key, payload, defects: [] } };
  });

async function apply(dataplane: LinuxDataplane, steps: readonly Step[]): Promise<void> {
  for (const error of await dataplane.apply(steps, signal)) if (error !== undefined) throw error;
}

async function observe(dataplane: LinuxDataplane, payloads: readonly Payload[]): Promise<void> {
  const wanted = new Map(payloads.map((payload) => [keyOf(payload), itemOf(payload)]));
  const scope = { kind: 'keys' as const, keys: new Set(wanted.keys()) };
  const { objects } = await dataplane.observe(scope, wanted, signal);
  if (objects.size !== wanted.size) throw new Error(`saw ${objects.size} of ${wanted.size}`);
}

/** One batch process with all the commands: no more can be had of iproute2. */
async function raw(program: string, lines: readonly string[]): Promise<void> {
  const child = spawn(program, ['-force', '-batch', '-'], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(`${lines.join('\n')}\n`);
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(`${program} failed`);
}

async function time(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const emit = (figure: Omit<Figure, 'bench'>): void => {
  process.send?.({ bench: 'linux', ...figure });
};

const fdb = (verb: string, tail: string) => (_: unknown, i: number) =>
  `fdb ${verb} ${mac(i)} dev nfvx${VNI} dst ${REMOTE} self master ${tail}`;

async function bulk(dataplane: LinuxDataplane, count: number): Promise<void> {
  const ours: number[] = [];
  const theirs: number[] = [];
  const items = macs(0, count);
  for (let round = 0; round < 5; round++) {
    ours.push(await time(() => apply(dataplane, creations(items))));
    await apply(dataplane, deletions(items));
    const lines = Array.from({ length: count }, fdb('replace', 'static extern_learn'));
    theirs.push(await time(() => raw('bridge', lines)));
    await apply(dataplane, deletions(items));
  }
  const value = median(ours);
  const baseline = median(theirs);
  emit({ case: `apply ${count} MACs`, value, unit: 'ms', baseline, ratio: value / baseline });
}

/** What it would cost to start a process for each object. */
async function processEach(): Promise<void> {
  const spent: number[] = [];
  for (let i = 0; i < 100; i++) {
    const words = fdb('replace', 'static extern_learn')(undefined, i).split(' ');
    spent.push(
      await time(async () => {
        const child = spawn('bridge', words, { stdio: 'ignore' });
        await once(child, 'close');
        if (child.exitCode !== 0) throw new Error(`bridge ${words.join(' ')} failed`);
      }),
    );
  }
  const figure = { unit: 'ms', baseline: null, ratio: null };
  emit({ case: 'a bridge process for one MAC, p50', value: median(spent), ...figure });
}

async function wholeHost(dataplane: LinuxDataplane): Promise<void> {
  const items = [...macs(0, 5000), ...neighbors(0, 5000)];
  const wanted = new Map(items.map((payload) => [keyOf(payload), itemOf(payload)]));
  const value = await time(() => apply(dataplane, creations(items)));
  emit({ case: 'apply 10000 mappings', value, unit: 'ms', baseline: null, ratio: null });
  const all: number[] = [];
  for (let round = 0; round < 5; round++) {
    all.push(
      await time(async () => {
        const { objects } = await dataplane.observe({ kind: 'all' }, wanted, signal);
        for (const [key, item] of wanted) {
          const found = objects.get(key)?.payload;
          if (found?.kind !== item.payload.kind) throw new Error(`${key} was not seen`);
        }
      }),
    );
  }
  emit({ case: 'observe 10000', value: median(all), unit: 'ms', baseline: null, ratio: null });
}

/** A mapping that comes while thousands are there: applied and read back. */
async function small(dataplane: LinuxDataplane): Promise<void> {
  const spent: number[] = [];
  const before = process.cpuUsage();
  const rounds = 300;
  for (let round = 0; round < rounds; round++) {
    const items = [...macs(6000 + round, 1), ...neighbors(6000 + round, 1)];
    spent.push(
      await time(async () => {
        await apply(dataplane, creations(items));
        await observe(dataplane, items);
      }),
    );
  }
  const cpu = process.cpuUsage(before);
  const figure = { unit: 'ms', baseline: null, ratio: null };
  emit({ case: 'apply and observe 2, p50', value: median(spent), ...figure });
  emit({ case: 'apply and observe 2, p99', value: percentile(spent, 0.99), ...figure });
  const each = (cpu.user + cpu.system) / 1000 / rounds;
  emit({ case: 'apply and observe 2, CPU of the agent', value: each, ...figure });
}

/** Endpoints that come: a veth each, into a network namespace of its own. */
async function ports(dataplane: LinuxDataplane): Promise<void> {
  const names = Array.from({ length: PORTS }, (_, i) => `nfvt${process.pid}g${i}`);
  const items = names.map((netns, i): Payload => ({
    kind: 'port',
    endpoint: netns,
    vni: VNI,
    mac: mac(20_000 + i),
    addresses: [`${ip(20_000 + i)}/16`, `fd00::${(i + 1).toString(16)}/64`],
    adminUp: true,
    mtu: 1400,
    port: { kind: 'veth', netns, interface: 'eth0', hostInterface: '' },
  }));
  for (const name of names) await run('ip', ['netns', 'add', name]);
  try {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const before = process.cpuUsage();
    delay.enable();
    const value = await time(() => apply(dataplane, creations(items)));
    delay.disable();
    const cpu = process.cpuUsage(before);
    const figure = { unit: 'ms', baseline: null, ratio: null };
    emit({ case: `apply ${PORTS} veth ports`, value, ...figure });
    const each = (cpu.user + cpu.system) / 1000 / PORTS;
    emit({ case: 'a veth port, CPU of the agent', value: each, ...figure });
    emit({ case: 'meanwhile the event loop, p99', value: delay.percentile(99) / 1e6, ...figure });
    emit({ case: 'meanwhile the event loop, longest', value: delay.max / 1e6, ...figure });
    await apply(dataplane, deletions(items));
  } finally {
    for (const name of names) await run('ip', ['netns', 'del', name]);
  }
}

async function main(): Promise<void> {
  await run('ip', ['link', 'set', 'dev', 'lo', 'up']);
  await run('ip', ['link', 'add', 'name', 'under', 'type', 'veth', 'peer', 'name', 'other']);
  await run('ip', ['link', 'set', 'dev', 'other', 'up']);
  await run('ip', ['link', 'set', 'dev', 'under', 'up']);
  await run('ip', ['addr', 'add', `${LOCAL}/24`, 'dev', 'under']);
  const dataplane = new LinuxDataplane({ clock: systemClock, log: console });
  dataplane.onChange(() => undefined);
  await apply(
    dataplane,
    creations([
      {
        kind: 'bridge_domain',
        network: 'bench',
        vni: VNI,
        vtep: LOCAL,
        learn: false,
        flood: true,
        arpSuppression: true,
        mtu: 1400,
        bumGroup: '',
      },
    ]),
  );
  await bulk(dataplane, 1000);
  await bulk(dataplane, 10_000);
  await processEach();
  await wholeHost(dataplane);
  await small(dataplane);
  await ports(dataplane);
  await dataplane.close();
}

await main();
process.disconnect();
