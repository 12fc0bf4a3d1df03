/** What can be done with an agent's state while it does not run. */
import { randomUUID } from 'node:crypto';
import { systemClock } from '../model/clock.js';
import type { NveConfig } from '../nve/config.js';
import { readLastGood } from '../nve/last-good.js';
import { dropConfiguration } from '../nve/state-records.js';
import { Reconciler } from '../reconcile/engine.js';
import { DEFAULT_TUNING } from '../reconcile/options.js';
import type { Plan } from '../reconcile/plan-types.js';
import { openDataplane } from './dataplane.js';
import { openState, readState } from './nve-state.js';

/** What the agent would change now on this host; the agent may run meanwhile. */
export async function planNve(config: NveConfig): Promise<Plan> {
  const reader = readState(config);
  const lastGood = await readLastGood(reader, config.name).finally(() => reader.close());
  const ignore = (): void => undefined;
  const dataplane = await openDataplane(config, { info: ignore, warn: ignore });
  const reconciler = new Reconciler({
    ...DEFAULT_TUNING,
    dataplane,
    clock: systemClock,
    random: Math.random,
    onReports: ignore,
    onDrift: ignore,
    onEvent: ignore,
  });
  try {
    reconciler.replace(lastGood.items, lastGood.complete, lastGood.revision);
    return await reconciler.plan();
  } finally {
    await reconciler.stop();
    await dataplane.close();
  }
}

/**
 * Drops the configuration, so that the agent takes that of any NVA. The dataplane stays.
 * @returns whether the directory still has the identity that NVAs know it by
 */
export async function forgetNve(config: NveConfig): Promise<boolean> {
  const store = await openState(config);
  try {
    return await dropConfiguration(store, randomUUID);
  } finally {
    await store.close();
  }
}
