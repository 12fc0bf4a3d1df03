/**
 * The client of VPP's binary API over the socket, against a loop that sends frames made beforehand
 * and only counts the replies (vpp-raw-loop.ts). Both take turns on the same VPP, and the median of
 * the rounds counts. `NFVD_BENCH_ROUTES=1000000` adds and removes so many routes.
 */
import { systemClock } from '../src/model/clock.js';
import { VppClient } from '../src/vpp-api/client/client.js';
import { SocketTransport } from '../src/vpp-api/transport/socket.js';
import { route4 } from '../test/support/drop-routes.js';
import type { Bench, Figure } from './bench.js';
import { framed, RawLoop } from './vpp-raw-loop.js';
import { startTarget, type Target } from './vpp-target.js';

const ROUNDS = 9;
const CALLS = 100_000;
const WINDOW = 1024;
const LOAD = 64;

export const bench: Bench = {
  name: 'vpp-api',
  async run(emit) {
    const target = await startTarget();
    const client = newClient(target);
    try {
      client.start();
      await client.ready(AbortSignal.timeout(60_000));
      const figure = (figure: Omit<Figure, 'bench'>): void => {
        emit({ bench: 'vpp-api', ...figure, case: `${figure.case} (${target.kind})` });
      };
      await pings(target, client, figure);
      await latency(client, figure);
      await routes(target, client, Number(process.env['NFVD_BENCH_ROUTES'] ?? 50_000), figure);
    } finally {
      await client.close();
      await target.stop();
    }
  },
};

type Emit = (figure: Omit<Figure, 'bench'>) => void;

function newClient({ path }: Target): VppClient {
  const timers = systemClock;
  return new VppClient({
    transport: new SocketTransport({ path, clientName: 'bench', timers }),
    timers,
    window: WINDOW,
    deadlineMs: 60_000,
  });
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

async function rate(calls: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (calls * 1000) / (performance.now() - start);
}

async function pings(target: Target, client: VppClient, emit: Emit): Promise<void> {
  const raw = await RawLoop.connect(target.path);
  const id = raw.registration.messageTable.get('control_ping_51077d14') ?? 0;
  const ping = Buffer.alloc(10);
  ping.writeUInt16BE(id);
  ping.writeUInt32BE(raw.registration.clientIndex, 2);
  const frame = framed(ping);
  const rawly = (): Promise<void> => raw.run(frame, CALLS, WINDOW);
  const ours = (): Promise<void> => pingAll(client, CALLS);
  await ours();
  await rawly();
  const rates = { raw: new Array<number>(), ours: new Array<number>() };
  for (let round = 0; round < ROUNDS; round++) {
    rates.raw.push(await rate(CALLS, rawly));
    rates.ours.push(await rate(CALLS, ours));
  }
  raw.close();
  const [value, baseline] = [median(rates.ours), median(rates.raw)];
  // Beside the ratio of medians: rounds next to each other had the same machine.
  const ratio = median(rates.ours.map((each, i) => each / (rates.raw[i] ?? NaN)));
  emit({ case: 'control_ping, pipelined', value, unit: '/s', baseline, ratio });
}

/** As many callers as the window has places, each of which awaits its call before the next. */
async function pingAll(client: VppClient, calls: number): Promise<void> {
  let left = calls;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await client.request('control_ping', {});
  };
  await Promise.all(Array.from({ length: WINDOW }, caller));
}

async function latency(client: VppClient, emit: Emit): Promise<void> {
  const one = async (): Promise<number> => {
    const start = performance.now();
    await client.request('control_ping', {});
    return performance.now() - start;
  };
  const figure = (name: string, times: number[]): void => {
    times.sort((a, b) => a - b);
    const at = (share: number): number => times[Math.floor(times.length * share)] ?? NaN;
    const rest = { unit: 'ms', baseline: null, ratio: null };
    emit({ case: `${name}, p50`, value: at(0.5), ...rest });
    emit({ case: `${name}, p99`, value: at(0.99), ...rest });
  };
  const idle: number[] = [];
  for (let i = 0; i < 2_000; i++) idle.push(await one());
  figure('one request, no load', idle);
  const loaded: number[] = [];
  let over = false;
  const load = async (): Promise<void> => {
    while (!over) await client.request('control_ping', {});
  };
  const others = Array.from({ length: LOAD }, load);
  for (let i = 0; i < 5_000; i++) loaded.push(await one());
  over = true;
  await Promise.all(others);
  figure(`one request beside ${LOAD} callers`, loaded);
}

/** Routes added and removed, encoded and decoded for real. */
async function routes(target: Target, client: VppClient, count: number, emit: Emit): Promise<void> {
  const cpu = process.cpuUsage();
  const theirs = target.cpuSeconds();
  let rss = process.memoryUsage.rss();
  const before = rss;
  for (const is_add of [true, false]) {
    const value = await rate(count, async () => {
      for (let n = 0, failed: unknown; n < count; n++) {
        const room = client.room();
        if (room !== undefined) await room;
        if (failed !== undefined) throw new Error('a route was refused', { cause: failed });
        const fields = { is_add, is_multipath: false, route: route4(n) };
        client.request('ip_route_add_del_v2', fields).catch((error: unknown) => (failed ??= error));
        if (n % 1000 === 0) rss = Math.max(rss, process.memoryUsage.rss());
      }
      await client.request('control_ping', {});
    });
    const name = `ip_route_add_del_v2, ${count} routes ${is_add ? 'added' : 'removed'}`;
    emit({ case: name, value, unit: '/s', baseline: null, ratio: null });
  }
  const { user, system } = process.cpuUsage(cpu);
  const value = (user + system) / 1e6;
  const baseline = target.cpuSeconds() - theirs;
  emit({
    case: 'CPU for these, beside that of VPP',
    value,
    unit: 's',
    baseline,
    ratio: value / baseline,
  });
  const growth = (rss - before) / 1024 / 1024;
  emit({ case: 'memory gained meanwhile', value: growth, unit: 'MB', baseline: null, ratio: null });
}
