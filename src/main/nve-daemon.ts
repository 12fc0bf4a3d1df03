/** `nfvd nve`: the agent as a process. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { systemClock } from '../model/clock.js';
import { Agent } from '../nve/agent.js';
import type { NveConfig } from '../nve/config.js';
import { DEFAULT_TUNING } from '../reconcile/options.js';
import { NveSessionClient } from '../rpc/nve-client.js';
import { RpcServer } from '../rpc/server.js';
import { openLmdbStore } from '../store/lmdb/store.js';
import { DRAIN_MS, type Service } from './daemon.js';
import { DATAPLANES } from './dataplane.js';
import { packageVersion } from './version.js';

/** Milliseconds until a lost NVA is looked for again, and at most. */
const RETRY = { initialMs: 200, maxMs: 10_000 };

export async function startNve(config: NveConfig, log: Logger): Promise<Service> {
  const client = new NveSessionClient();
  const replicas = config.nva.map(
    ({ address, tls }) =>
      () =>
        client.connect(address, tls),
  );
  const store = await openLmdbStore({ path: config.stateDir });
  const dataplane = DATAPLANES[config.dataplane](log);
  const agent = await Agent.start({
    name: config.name,
    agentVersion: packageVersion(),
    store,
    dataplane,
    replicas,
    tuning: {
      ...DEFAULT_TUNING,
      drift: { intervalMs: config.drift.interval, policy: config.drift.policy },
    },
    retry: RETRY,
    clock: systemClock,
    random: Math.random,
    makeUuid: randomUUID,
    log,
  });
  const server = new RpcServer({ listeners: config.listen, onCallEnd: () => undefined });
  const stop = async (): Promise<void> => {
    await server.stop(DRAIN_MS);
    await agent.stop();
    await dataplane.close();
    await store.close();
  };
  try {
    const addresses = await server.start();
    log.info({ nve: config.name, addresses }, 'NVE is up');
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}
