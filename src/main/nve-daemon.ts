/** `nfvd nve`: the agent as a process. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { systemClock } from '../model/clock.js';
import { Agent } from '../nve/agent.js';
import type { NveConfig } from '../nve/config.js';
import type { Dataplane } from '../reconcile/dataplane.js';
import { DEFAULT_TUNING } from '../reconcile/options.js';
import { NveSessionClient } from '../rpc/nve-client.js';
import { RpcServer } from '../rpc/server.js';
import type { Store } from '../store/store.js';
import { Closing, DRAIN_MS, type Service } from './daemon.js';
import { openDataplane } from './dataplane.js';
import { openState } from './nve-state.js';
import { packageVersion } from './version.js';

/** Milliseconds until a lost NVA is looked for again, and at most. */
const RETRY = { initialMs: 200, maxMs: 10_000 };

/** @param signal ends the wait for a host that is not prepared yet */
export async function startNve(
  config: NveConfig,
  log: Logger,
  signal: AbortSignal,
): Promise<Service> {
  const closing = new Closing();
  try {
    const store = await openState(config);
    closing.add(() => store.close());
    if (config.host.required) await hostReady(config.host.stateDir, log, signal);
    const dataplane = await openDataplane(config, log);
    closing.add(() => dataplane.close());
    const agent = await startAgent(config, store, dataplane, log);
    closing.add(() => agent.stop());
    const server = new RpcServer({ listeners: config.listen });
    closing.add(() => server.stop(DRAIN_MS));
    const addresses = await server.start();
    log.info({ nve: config.name, addresses }, 'NVE is up');
    return closing;
  } catch (error) {
    await closing.stop();
    throw error;
  }
}

/** Loaded only where it is asked for. */
async function hostReady(stateDir: string, log: Logger, signal: AbortSignal): Promise<void> {
  const [{ awaitHostReady }, { systemDoors }] = await Promise.all([
    import('../nve/host/await-ready.js'),
    import('./host-access.js'),
  ]);
  await awaitHostReady({ doors: systemDoors(), stateDir, clock: systemClock, log }, signal);
}

function startAgent(
  config: NveConfig,
  store: Store,
  dataplane: Dataplane,
  log: Logger,
): Promise<Agent> {
  const client = new NveSessionClient();
  const { drift, name, nva } = config;
  return Agent.start({
    name,
    agentVersion: packageVersion(),
    store,
    dataplane,
    replicas: nva.map(
      ({ address, tls }) =>
        () =>
          client.connect(address, tls),
    ),
    tuning: {
      ...DEFAULT_TUNING,
      drift: { intervalMs: drift.interval, policy: drift.policy },
    },
    retry: RETRY,
    clock: systemClock,
    random: Math.random,
    makeUuid: randomUUID,
    log,
  });
}
