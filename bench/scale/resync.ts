/** One NVE with 10,000 mappings: comes back with all of them, and with none. */
import { NEW_VIRTUAL_NETWORK } from '../../src/model/virtual-network.js';
import type { Emit } from '../bench.js';
import { median } from '../stats.js';
import { BareWorld } from './bare-world.js';
import { endpoint, nve, nveName } from './model.js';
import { World } from './world.js';

const ENDPOINTS = 5000;
const MAPPINGS = 2 * ENDPOINTS;
const ROUNDS = 5;
const NEAR = 0;
const FAR = 1;
/** An item's entry in a delta, as it was counted; of gRPC's messages none is larger than 4 MiB. */
const PARTS = 10;

export async function resync(emit: Emit): Promise<void> {
  const world = await World.create();
  try {
    await populate(world);
    const all = await returns(world, (name) => world.fleet.forget(name));
    const none = await returns(world, (name) => world.fleet.cut(name));
    const bare = await BareWorld.create([nveName(NEAR)]);
    const least = [];
    for (let n = 0; n < ROUNDS; n++) least.push(await bareTransfer(bare, all.bytes));
    await bare.close();
    const about = `resync of one NVE with ${MAPPINGS} mappings`;
    emit(`${about}, all gone: until applied`, all.ms, 'ms', median(least));
    emit(`${about}, all gone: to the NVE`, all.bytes / 1000, 'KB');
    emit(`${about}, none gone: until in step`, none.ms, 'ms');
    emit(`${about}, none gone: to the NVE`, none.bytes, 'bytes');
  } finally {
    await world.close();
  }
}

async function populate(world: World): Promise<void> {
  const spec = { ...NEW_VIRTUAL_NETWORK, vni: 5000 };
  await world.apply([nve(NEAR), nve(FAR), { kind: 'VirtualNetwork', id: 'net', spec }]);
  await world.apply([endpoint(0, 'net', NEAR)]);
  await world.apply(Array.from({ length: ENDPOINTS }, (_, n) => endpoint(n + 1, 'net', FAR)));
  await world.fleet.connect(world.nva.socket, [nveName(NEAR), nveName(FAR)]);
  await world.inSync();
}

/** The wait of the agent before it connects again, 0.1 to 0.2 s, is part of it. */
async function returns(
  world: World,
  lose: (name: string) => Promise<void>,
): Promise<{ readonly ms: number; readonly bytes: number }> {
  const times: number[] = [];
  const bytes: number[] = [];
  for (let n = 0; n < ROUNDS; n++) {
    await world.nva.quiet();
    const before = await received(world);
    const start = performance.now();
    await lose(nveName(NEAR));
    await world.inSync();
    times.push(performance.now() - start);
    bytes.push((await received(world)) - before);
  }
  return { ms: median(times), bytes: median(bytes) };
}

async function received(world: World): Promise<number> {
  return (await world.fleet.traffic()).get(nveName(NEAR))?.received ?? NaN;
}

/** A stream comes back, and gets as many bytes, in as many messages. */
async function bareTransfer(bare: BareWorld, bytes: number): Promise<number> {
  const start = performance.now();
  await bare.storm();
  for (let n = 0; n < PARTS; n++) await bare.round(1, Math.round(bytes / PARTS));
  return performance.now() - start;
}
