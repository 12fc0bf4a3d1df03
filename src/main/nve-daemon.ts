/** `nfvd nve`: the agent as a process. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { parseIp } from '../model/addresses.js';
import { systemClock } from '../model/clock.js';
import { Agent, type AgentOptions } from '../nve/agent.js';
import { HostFollower } from '../nve/host/follower.js';
import type { NveConfig } from '../nve/config.js';
import type { Dataplane } from '../reconcile/dataplane.js';
import { DEFAULT_TUNING } from '../reconcile/options.js';
import { NveSessionClient } from '../rpc/nve-client.js';
import { RpcServer } from '../rpc/server.js';
import type { Store } from '../store/store.js';
import type { PreparingHost } from './host-access.js';
import { Closing, DRAIN_MS, keepCertificates, type Service } from './daemon.js';
import { giveRoom, optimizeLate } from './agent-v8.js';
import { openDataplane, usesVpp } from './dataplane.js';
import { makeNveMetrics } from './nve-metrics.js';
import { openState } from './nve-state.js';
import { openTracing } from './tracing.js';
import { packageVersion } from './version.js';

/** Until a lost NVA is looked for again: each second for three quarters of a minute, then less often. */
const RETRY: AgentOptions['retry'] = {
  initialMs: 200,
  soonMs: 1000,
  soonRounds: 60,
  maxMs: 10_000,
};

/** @param signal ends the wait for a host that is not prepared yet */
export async function startNve(
  config: NveConfig,
  log: Logger,
  signal: AbortSignal,
): Promise<Service> {
  const closing = new Closing();
  try {
    const tls = keepCertificates(log);
    closing.add(() => tls.close());
    const store = await openState(config);
    closing.add(() => store.close());
    const { required, stateDir, profileFrom } = config.host;
    // The NVA's profile comes through the session, so that may not wait for the host.
    const waitsInside = required && profileFrom === 'nva';
    if (required && !waitsInside) await hostReady(stateDir, log, signal);
    const follower = await startFollower(config, log);
    closing.add(() => follower.stop());
    const running: { agent?: Agent } = {};
    const metrics = await makeNveMetrics(config, tls, () => running.agent?.read());
    const tracing = await openTracing(config.tracing, 'nfvd-nve', log, { 'nfvd.nve': config.name });
    if (tracing !== undefined) closing.add(() => tracing.stop());
    // What makes ten thousand objects again in a VPP has to be fast at once.
    if (!(await usesVpp(config))) optimizeLate();
    const dataplane = await openDataplane(config, log, { meter: metrics?.meter, tracer: tracing });
    closing.add(() => dataplane.close());
    const agent = await startAgent(config, store, dataplane, log, new NveSessionClient(tls), {
      host: follower,
      ...(metrics === undefined ? {} : { meter: metrics.meter }),
      ...(tracing === undefined ? {} : { tracer: tracing }),
      ...(waitsInside ? { ready: (stop) => hostReady(stateDir, log, stop) } : {}),
    });
    running.agent = agent;
    closing.add(() => agent.stop());
    if (metrics !== undefined) closing.add(() => metrics.stop());
    const server = new RpcServer({ listeners: config.listen, tls });
    closing.add(() => server.stop(DRAIN_MS));
    const addresses = await server.start();
    const scraped = await metrics?.start();
    log.info({ nve: config.name, addresses, metrics: scraped }, 'NVE is up');
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

/** What it needs of the host is loaded when the NVA has offered something. */
function startFollower({ host, nva }: NveConfig, log: Logger): Promise<HostFollower> {
  const { stateDir, profileFrom, apply } = host;
  const opened = async (): Promise<PreparingHost> => {
    const { followedHost } = await import('./host-access.js');
    return followedHost({ stateDir, nva: addressesOf(nva), log });
  };
  return HostFollower.start({
    host: {
      status: async (signal) => await (await opened()).status(false, signal),
      apply: async (profile, signal) => {
        await (await opened()).apply({ profile, iKnow: false }, () => undefined, signal);
      },
    },
    stateDir,
    profileFrom,
    apply,
    clock: systemClock,
    log,
  });
}

/** Of replicas that are named by address: the way to those is guarded. */
function addressesOf(nva: NveConfig['nva']): string[] {
  return nva.flatMap(({ address }) =>
    address.kind === 'tcp' ? (parseIp(address.host)?.text ?? []) : [],
  );
}

function startAgent(
  config: NveConfig,
  store: Store,
  dataplane: Dataplane,
  log: Logger,
  client: NveSessionClient,
  more: Pick<AgentOptions, 'host' | 'ready' | 'meter' | 'tracer'>,
): Promise<Agent> {
  const { drift, name, nva, returnAfter } = config;
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
    returning: {
      afterMs: returnAfter,
      async reach(replica, signal) {
        const at = nva[replica];
        if (at !== undefined) await client.reach(at.address, at.tls, signal);
      },
    },
    tuning: {
      ...DEFAULT_TUNING,
      drift: { intervalMs: drift.interval, policy: drift.policy },
    },
    retry: RETRY,
    clock: systemClock,
    random: Math.random,
    makeUuid: randomUUID,
    log,
    onWorkload: giveRoom,
    ...more,
  });
}
