/** The dataplanes that a configuration can name. */
import { access, constants } from 'node:fs/promises';
import { LinuxDataplane } from '../dataplane/linux/linux-dataplane.js';
import type { Uplink } from '../dataplane/vpp/uplink/uplink.js';
import { interfaceIndex } from '../host/interface-index.js';
import { PuntSocket } from '../host/packets/punt-socket.js';
import { pciDriver } from '../host/pci-driver.js';
import { Secrets } from '../host/secrets.js';
import { UnixSockets } from '../host/unix-sockets.js';
import { systemClock } from '../model/clock.js';
import { measured, type Tracer } from '../model/tracing.js';
import type { Log } from '../model/log.js';
import type { NveConfig } from '../nve/config.js';
import type { UplinkConfig } from '../nve/uplink-config.js';
import type { VppConfig } from '../nve/vpp-config.js';
import type { AroundStep, Dataplane } from '../reconcile/dataplane.js';
import type { VppStats } from '../vpp-api/stats/stats.js';
import type { NveMetrics } from '../telemetry/nve-metrics.js';
import { spansOf, together, type Observe } from '../telemetry/requests.js';
import { heartbeatReader, openedOnce, statsReader } from './stats-reader.js';

/** Bytes of a memif's secret: VPP keeps 24 with a 0 at the end (plugins/memif/memif.api). */
const MAX_SECRET = 23;

/** What VPP's taps need of the kernel (VPP src/plugins/tap). */
const VHOST_NET = '/dev/vhost-net';

/** Who keeps account of what a dataplane does. */
export interface DataplaneObservers {
  readonly meter: NveMetrics | undefined;
  readonly tracer: Tracer | undefined;
}

const NOBODY: DataplaneObservers = { meter: undefined, tracer: undefined };

/** Whether VPP is the dataplane of a configuration; the kernel is otherwise. */
export async function usesVpp({
  dataplane,
  vpp,
}: Pick<NveConfig, 'dataplane' | 'vpp'>): Promise<boolean> {
  return dataplane === 'vpp' || (dataplane === 'auto' && (await isThere(vpp.socket)));
}

export async function openDataplane(
  config: NveConfig,
  log: Pick<Log, 'info' | 'warn'>,
  observers = NOBODY,
): Promise<Dataplane> {
  const { vpp, providers } = config;
  if (await usesVpp(config)) return await openVpp({ ...vpp, providers }, log, observers);
  const { meter, tracer } = observers;
  const onCommand = requestObserver(meter?.commands(), tracer, 'kernel');
  return new LinuxDataplane({
    ...{ clock: systemClock, log, providers },
    ...(onCommand === undefined ? {} : { onCommand }),
    ...aroundSteps(tracer),
  });
}

/** Loaded only where it is asked for: a host without VPP pays nothing for it. */
async function openVpp(
  {
    socket,
    statsSocket,
    puntSocket,
    library,
    uplinks,
    ...config
  }: VppConfig & Pick<NveConfig, 'providers'>,
  log: Pick<Log, 'info' | 'warn'>,
  observers: DataplaneObservers,
): Promise<Dataplane> {
  const [{ VppDataplane }, { VppClient }, { SocketTransport }] = await Promise.all([
    import('../dataplane/vpp/vpp-dataplane.js'),
    import('../vpp-api/client/client.js'),
    import('../vpp-api/transport/socket.js'),
  ]);
  const timers = systemClock;
  const { providers, socketDirectories, secretDirectory } = config;
  const { meter, tracer } = observers;
  const transport = new SocketTransport({ path: socket, clientName: 'nfvd-nve', timers });
  const stats = openedOnce(() => openStats(statsSocket, library));
  meter?.vppStats(heartbeatReader(stats, systemClock));
  const onCall = requestObserver(meter?.vppCalls(), tracer, 'vpp');
  return new VppDataplane({
    connect(onSession) {
      const client = new VppClient({
        ...{ transport, timers, onSession },
        ...(onCall === undefined ? {} : { onCall }),
      });
      meter?.vppClient(() => ({ state: client.state, ...client.queues }));
      return client;
    },
    uplinks: uplinks.map(uplinkOf),
    providers,
    canTap: () => isUsable(VHOST_NET),
    readStats: statsReader(stats),
    clock: systemClock,
    host: {
      sockets: new UnixSockets(socketDirectories),
      secrets: new Secrets(secretDirectory, MAX_SECRET),
      interfaceIndex,
      pciDriver: (pci) => pciDriver(pci),
    },
    guests: new PuntSocket(puntSocket, timers),
    log,
    ...aroundSteps(tracer),
  });
}

/** Undefined: nobody is to be told, and nothing is done for it. */
function requestObserver(
  count: Observe | undefined,
  tracer: Tracer | undefined,
  what: string,
): Observe | undefined {
  return together([count, tracer && spansOf(tracer, what)]);
}

function aroundSteps(tracer: Tracer | undefined): { readonly aroundStep?: AroundStep } {
  if (tracer === undefined) return {};
  return {
    aroundStep: (step, run) => {
      if (!tracer.isActive) return run();
      const attributes = { 'nfvd.key': step.key };
      return measured(tracer, tracer.start(`step ${step.op}`, { attributes }), run);
    },
  };
}

async function openStats(path: string, library: string): Promise<VppStats> {
  const [{ findLibrary }, { loadStats }, { VppStats: Stats }] = await Promise.all([
    import('../vpp-api/ffi/find-library.js'),
    import('../vpp-api/stats/stat-library.js'),
    import('../vpp-api/stats/stats.js'),
  ]);
  const map = loadStats(await findLibrary(library === '' ? {} : { path: library }));
  return new Stats({ path, map, timers: systemClock });
}

function uplinkOf(entry: UplinkConfig): Uplink {
  const { interface: name, hostInterface, pci, device, tap, vlan, ...rest } = entry;
  return {
    ...rest,
    ...(name === '' ? {} : { interface: name }),
    ...(hostInterface === '' ? {} : { hostInterface }),
    ...(pci === '' ? {} : { pci }),
    ...(device && { device }),
    ...(tap && { tap }),
    ...(vlan && { vlan }),
  };
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

async function isUsable(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
