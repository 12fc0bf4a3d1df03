/** The start of an NVA with 100,000 endpoints in its store, without a session. */
import type { Emit } from '../bench.js';
import { PER_NVE, ScaleModel } from './model.js';
import { World } from './world.js';

const ENDPOINTS = 100_000;

export async function load(emit: Emit): Promise<void> {
  const least = await start();
  const { seconds, rssMb } = await start(new ScaleModel(ENDPOINTS / PER_NVE));
  const about = `${ENDPOINTS} endpoints in the store; ratio to an empty one`;
  emit(`start of nfvd nva, ${about}`, seconds, 's', least.seconds);
  emit(`peak RSS once started, ${about}`, rssMb, 'MB', least.rssMb);
}

async function start(model?: ScaleModel): Promise<{ seconds: number; rssMb: number }> {
  const world = await World.create(model);
  try {
    return { seconds: world.nva.startSeconds, rssMb: await world.nva.peakRssMb() };
  } finally {
    await world.close();
  }
}
