/**
 * One host's agent with 10,000 mappings: a real `nfvd nve` on the kernel in a network namespace, and
 * a real `nfvd nva`, through a socket that counts bytes. NFVD_BENCH_DIR is as in nva.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { World } from './agent/world.js';
import { figures, type Bench, type Emit } from './bench.js';
import { median } from './stats.js';

const ENDPOINTS = 5000;
const MAPPINGS = 2 * ENDPOINTS;
const PASSES = 10;
const RECONNECTS = 5;
const RESYNCS = 3;
/** For what is told after it is known that all is applied. */
const SETTLE_MS = 200;

export const bench: Bench = {
  name: 'agent',
  async run(emitFigure) {
    if (process.getuid?.() !== 0) throw new Error('network namespaces need root');
    const emit = figures(bench.name, emitFigure);
    const world = await World.create();
    try {
      await world.populate(ENDPOINTS);
      await world.startAgent('2s');
      await checks(world);
      const empty = (await world.memoryMb()).now;
      emit('resident memory, no mappings', empty, 'MB');
      await join(world, emit);
      await reconcile(world, empty, emit);
      await reconnect(world, emit);
      await resync(world, false, emit);
      await resync(world, true, emit);
    } finally {
      await world.close();
    }
  },
};

async function join(world: World, emit: Emit): Promise<void> {
  const before = await world.cpuMs();
  const start = performance.now();
  await world.join();
  const about = `${MAPPINGS} mappings come`;
  emit(`${about}: until applied`, performance.now() - start, 'ms');
  emit(`${about}: CPU of the agent`, (await world.cpuMs()) - before, 'ms');
}

/** Checks of everything that find nothing to do; milliseconds of each. */
async function checks(world: World): Promise<readonly number[]> {
  const lines = await world.logged(({ msg, isFull }) => msg === 'pass' && isFull === true, PASSES);
  return lines.map(({ durationMs }) => Number(durationMs));
}

async function reconcile(world: World, empty: number, emit: Emit): Promise<void> {
  const before = await world.cpuMs();
  const times = await checks(world);
  const about = `reconcile of ${MAPPINGS} mappings with nothing to do`;
  emit(about, median(times), 'ms');
  emit(`${about}: CPU of the agent`, ((await world.cpuMs()) - before) / PASSES, 'ms');
  const { now, peak } = await world.memoryMb();
  emit(`resident memory, ${MAPPINGS} mappings; ratio to none`, now, 'MB', empty);
  emit('resident memory, at most so far', peak, 'MB');
  emit('of it for each mapping', ((now - empty) * 1e6) / MAPPINGS / 1000, 'KB');
}

async function reconnect(world: World, emit: Emit): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < RECONNECTS; i++) {
    const next = world.wire.next();
    const word = world.connected();
    world.wire.cut();
    const start = await next;
    if ((await word)['inStep'] !== true) throw new Error('it was not in step');
    await world.applied();
    times.push(performance.now() - start);
    await sleep(SETTLE_MS);
  }
  const about = `reconnect with ${MAPPINGS} mappings, nothing changed`;
  emit(`${about}: until in step`, median(times), 'ms');
  const { toNva, toAgent } = world.wire.bytes;
  emit(`${about}: to the NVA`, toNva, 'bytes');
  emit(`${about}: to the agent`, toAgent, 'bytes');
}

/** The agent has nothing any more, and gets everything again. */
async function resync(world: World, kernelToo: boolean, emit: Emit): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < RESYNCS; i++) {
    await world.stopAgent();
    await world.forget(kernelToo);
    const next = world.wire.next();
    const up = world.startAgent();
    const start = await next;
    await up;
    // By then the NVA knows that it has not what it once had.
    await world.connected(0);
    await world.applied();
    times.push(performance.now() - start);
    await sleep(SETTLE_MS);
  }
  const host = kernelToo ? 'the host is empty' : 'all is on the host';
  const about = `resync of ${MAPPINGS} mappings, ${host}`;
  emit(`${about}: until applied`, median(times), 'ms');
  emit(`${about}: to the agent`, world.wire.bytes.toAgent / 1000, 'KB');
}
