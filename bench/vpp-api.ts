/**
 * The client of VPP's binary API, over the socket and over shared memory, beside a loop that sends
 * frames made beforehand and only counts the replies (vpp-raw-loop.ts). They take turns on the same
 * VPP, and the median of the rounds counts. `--full` has a million routes.
 */
import { systemClock } from '../src/model/clock.js';
import { VppClient } from '../src/vpp-api/client/client.js';
import type { Transport } from '../src/vpp-api/transport/transport.js';
import { prefix4, route4, routeTo4 } from '../test/support/drop-routes.js';
import { figures, type Bench, type Emit } from './bench.js';
import { median, percentile } from './stats.js';
import { framed, pingFrames, RawLoop, type Frames } from './vpp-raw-loop.js';
import { cpuSecondsOf, residentOf, startTarget, type Target } from './vpp-target.js';

const ROUNDS = 9;
/** Calls under way at a time. */
const WINDOW = 1024;
const LOAD = 64;
/** What an emulator, which is slow, gets of all that. */
const EMULATED_SHARE = 1 / 20;

export const bench: Bench = {
  name: 'vpp-api',
  async run(emitFigure, { full }) {
    const target = await startTarget((reason) => {
      process.stderr.write(`vpp-api: ${reason}\n`);
    });
    const emitPlain = figures('vpp-api', emitFigure);
    const emit: Emit = (name, ...rest) => {
      emitPlain(`${name} (${target.kind})`, ...rest);
    };
    const share = target.kind === 'VPP' ? 1 : EMULATED_SHARE;
    const clients = new Map<string, VppClient>();
    try {
      for (const [name, transport] of Object.entries(target.transports)) {
        clients.set(name, await connected(transport));
      }
      await pings(target, clients, 100_000 * share, emit);
      for (const [name, client] of clients) await latency(name, client, 5_000, emit);
      for (const [name, client] of clients) {
        const count = (full ? 1_000_000 : 100_000) * share;
        await routes(target, name, client, count, emit);
      }
      const [client] = clients.values();
      if (client !== undefined) await rawRoutes(target, client, 100_000 * share, emit);
    } finally {
      for (const client of clients.values()) await client.close();
      await target.stop();
    }
  },
};

async function connected(transport: Transport): Promise<VppClient> {
  const client = new VppClient({
    transport,
    timers: systemClock,
    window: WINDOW,
    deadlineMs: 60_000,
  });
  client.start();
  await client.ready(AbortSignal.timeout(60_000));
  return client;
}

/** What some calls took. */
interface Spent {
  readonly perSecond: number;
  /** Microseconds of CPU for each call, of this process and of VPP's. */
  readonly ours: number;
  readonly theirs: number;
}

async function measure(
  { pid }: Target,
  calls: number,
  work: () => Promise<unknown>,
): Promise<Spent> {
  const [cpu, theirs, start] = [process.cpuUsage(), cpuSecondsOf(pid), performance.now()];
  await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    perSecond: calls / seconds,
    ours: (user + system) / calls,
    theirs: ((cpuSecondsOf(pid) - theirs) * 1e6) / calls,
  };
}

async function pings(
  target: Target,
  clients: ReadonlyMap<string, VppClient>,
  calls: number,
  emit: Emit,
): Promise<void> {
  const raw = await RawLoop.connect(target.path);
  const frames = pingFrames(calls, raw.registration);
  const contests = new Map([['raw loop', (): Promise<void> => raw.run(frames, WINDOW)]]);
  for (const [name, client] of clients) contests.set(name, () => pingAll(client, calls));
  for (const work of contests.values()) await work();
  const spent = new Map([...contests.keys()].map((name) => [name, new Array<Spent>()]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, work] of contests) {
      spent.get(name)?.push(await measure(target, calls, work));
    }
  }
  raw.close();
  let baseline: number | undefined;
  for (const [name, rounds] of spent) {
    const of = (what: keyof Spent): number => median(rounds.map((each) => each[what]));
    emit(`control_ping, ${name}`, of('perSecond'), '/s', baseline);
    emit(`control_ping, ${name}: CPU of a call beside VPP's`, of('ours'), 'µs', of('theirs'));
    baseline ??= of('perSecond');
  }
}

/** As many callers as the window has places, each of which awaits its call before the next. */
async function pingAll(client: VppClient, calls: number): Promise<void> {
  let left = calls;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await client.request('control_ping', {});
  };
  await Promise.all(Array.from({ length: WINDOW }, caller));
}

async function latency(name: string, client: VppClient, calls: number, emit: Emit): Promise<void> {
  const one = async (): Promise<number> => {
    const start = performance.now();
    await client.request('control_ping', {});
    return performance.now() - start;
  };
  const some = async (what: string): Promise<void> => {
    const times: number[] = [];
    for (let i = 0; i < calls; i++) times.push(await one());
    emit(`one request, ${name}, ${what}: p50`, percentile(times, 0.5), 'ms');
    emit(`one request, ${name}, ${what}: p99`, percentile(times, 0.99), 'ms');
  };
  await some('no load');
  const over = new AbortController();
  const load = async (): Promise<void> => {
    while (!over.signal.aborted) await client.request('control_ping', {});
  };
  const others = Array.from({ length: LOAD }, load);
  await some(`beside ${LOAD} callers`);
  over.abort();
  await Promise.all(others);
}

/** Routes added and removed: encoded, decoded, and put into VPP's tables. */
async function routes(
  target: Target,
  name: string,
  client: VppClient,
  count: number,
  emit: Emit,
): Promise<void> {
  // As an application has them: texts that are there. The fields of a call are made for it.
  const all = Array.from({ length: count }, (_, n) => prefix4(n));
  for (const is_add of [true, false]) await changeRoutes(client, all.slice(0, count / 10), is_add);
  const before = { ours: residentOf(process.pid), theirs: residentOf(target.pid) };
  let most = before.ours;
  const watch = setInterval(() => {
    most = Math.max(most, residentOf(process.pid));
  }, 20);
  for (const is_add of [true, false]) {
    const spent = await measure(target, count, () => changeRoutes(client, all, is_add));
    const what = `${count} routes ${is_add ? 'added' : 'removed'}, ${name}`;
    emit(what, spent.perSecond, '/s');
    emit(`${what}: CPU of a route beside VPP's`, spent.ours, 'µs', spent.theirs);
    if (is_add) {
      emit(`${what}: memory that VPP took`, residentOf(target.pid) - before.theirs, 'MB');
    }
  }
  clearInterval(watch);
  emit(`${count} routes, ${name}: memory at most, beside that before`, most, 'MB', before.ours);
}

/** The least CPU that a client over the socket can have: routes encoded beforehand, answers only counted. */
async function rawRoutes(
  target: Target,
  client: VppClient,
  count: number,
  emit: Emit,
): Promise<void> {
  const raw = await RawLoop.connect(target.path);
  for (const is_add of [true, false]) {
    const frames = routeFrames(client, raw.registration.clientIndex, count, is_add);
    const spent = await measure(target, count, () => raw.run(frames, WINDOW));
    const what = `${count} routes ${is_add ? 'added' : 'removed'}, raw loop`;
    emit(what, spent.perSecond, '/s');
    emit(`${what}: CPU of a route beside VPP's`, spent.ours, 'µs', spent.theirs);
  }
  raw.close();
}

function routeFrames(
  { binding }: VppClient,
  clientIndex: number,
  count: number,
  is_add: boolean,
): Frames {
  if (binding === undefined) throw new Error('not connected');
  const { id, codec } = binding.message('ip_route_add_del_v2');
  const frames = Array.from({ length: count }, (_, n) =>
    framed(codec.encode(id, clientIndex, n, { is_add, is_multipath: false, route: route4(n) })),
  );
  return { bytes: Buffer.concat(frames), size: frames[0]?.length ?? 1 };
}

/** One after the other, as fast as there is room; all answered in the end. */
async function changeRoutes(
  client: VppClient,
  prefixes: readonly string[],
  is_add: boolean,
): Promise<void> {
  let failure: unknown;
  const failed = (thrown: unknown): void => {
    failure ??= thrown;
  };
  for (const prefix of prefixes) {
    if (failure !== undefined) break;
    const room = client.room();
    if (room !== undefined) await room;
    const fields = { is_add, is_multipath: false, route: routeTo4(prefix) };
    client.request('ip_route_add_del_v2', fields).catch(failed);
  }
  // VPP answers in order.
  await client.request('control_ping', {});
  if (failure !== undefined) throw new Error('a route was refused', { cause: failure });
}
