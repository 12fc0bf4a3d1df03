/**
 * VPP for nfvctl, through the client in src/vpp-api. Loaded when a verb of `nfvctl vpp` asks for it,
 * and koffi when that is over shared memory or for statistics: start-up costs nothing of it.
 */
import { stat } from 'node:fs/promises';
import type {
  ConnectVpp,
  OpenVppStats,
  VppConnection,
  VppFeature,
  VppHooks,
  VppOptions,
} from '../cli/vpp/access.js';
import { NfvError } from '../errors.js';
import { systemClock } from '../model/clock.js';
import type { SchemaFallback } from '../vpp-api/client/bind.js';
import type { Binding } from '../vpp-api/client/binding.js';
import type { Boot } from '../vpp-api/client/boot.js';
import { VppClient } from '../vpp-api/client/client.js';
import type { SessionEvent } from '../vpp-api/client/options.js';
import type { LibraryOptions } from '../vpp-api/ffi/find-library.js';
import { loadInstalled } from '../vpp-api/schema/load-installed.js';
import { SocketTransport } from '../vpp-api/transport/socket.js';
import type { Transport } from '../vpp-api/transport/transport.js';

const CLIENT_NAME = 'nfvctl';

export const connectVpp: ConnectVpp = async (options, hooks, signal) => {
  const transport = await transportOf(options);
  const { client, binding, boot } = await opened(transport, options, hooks, signal);
  return {
    address: transport.name,
    schema: binding.schema,
    schemaSource: binding.source,
    schemaPassedOver: binding.passedOver?.message,
    messageTable: binding.messageTable,
    instance: boot.instance,
    pid: boot.pid,
    startedAt: await startOf(options),
    features: () => featuresOf(binding),
    request: (name, fields, own) => client.request(name, fields, { signal: own }),
    stream: (name, fields, own) => client.stream(name, fields, { signal: own }),
    subscribe: (name, fields, own) => client.subscribe(name, fields, { signal: own }),
    close: () => client.close(),
  } satisfies VppConnection;
};

export const openVppStats: OpenVppStats = async (options) => {
  const [{ findLibrary }, { loadStats }, { VppStats }] = await Promise.all([
    import('../vpp-api/ffi/find-library.js'),
    import('../vpp-api/stats/stat-library.js'),
    import('../vpp-api/stats/stats.js'),
  ]);
  const map = loadStats(await findLibrary(libraryOf(options)));
  return new VppStats({ path: options.statsSocket, map, timers: systemClock });
};

async function transportOf(options: VppOptions): Promise<Transport> {
  const { transport, socket, shmPrefix, timeoutMs } = options;
  const common = { clientName: CLIENT_NAME, timers: systemClock, connectMs: timeoutMs };
  if (transport === 'socket') return new SocketTransport({ path: socket, ...common });
  const { FfiTransport } = await import('../vpp-api/transport/ffi.js');
  const prefix = shmPrefix === undefined ? {} : { shmPrefix };
  return new FfiTransport({ library: libraryOf(options), ...prefix, ...common });
}

function libraryOf({ library, prefix }: VppOptions): LibraryOptions {
  return {
    ...(library === undefined ? {} : { path: library }),
    ...(prefix === undefined ? {} : { prefix }),
  };
}

interface Opened {
  readonly client: VppClient;
  readonly binding: Binding;
  readonly boot: Boot;
}

/** The client tries for ever; whoever types a command wants to know at once what is wrong. */
async function opened(
  transport: Transport,
  options: VppOptions,
  hooks: VppHooks,
  signal: AbortSignal,
): Promise<Opened> {
  const attempt = new AbortController();
  const onSession = (event: SessionEvent): void => {
    if (event.kind !== 'lost') return;
    if (event.wasOpen) hooks.onLost(event.error);
    else attempt.abort(event.error);
  };
  const client = new VppClient({
    transport,
    timers: systemClock,
    onSession,
    deadlineMs: options.timeoutMs,
    bindMs: options.timeoutMs,
    ...(options.apiDirectory === undefined ? {} : { fallbacks: [given(options.apiDirectory)] }),
  });
  try {
    client.start();
    await client.ready(AbortSignal.any([signal, attempt.signal]));
    const { binding, boot } = client;
    if (binding !== undefined && boot !== undefined) return { client, binding, boot };
    throw client.lastError;
  } catch (thrown) {
    await client.close();
    throw attempt.signal.aborted ? NfvError.from(attempt.signal.reason) : thrown;
  }
}

/** A directory that was named must be there. */
function given(directory: string): SchemaFallback {
  return { source: 'installed', load: () => loadInstalled(directory) };
}

/** VPP binds its socket when it starts, and at no other time. */
async function startOf({ transport, socket }: VppOptions): Promise<number | undefined> {
  if (transport !== 'socket') return undefined;
  try {
    return (await stat(socket)).mtimeMs;
  } catch {
    // It was there a moment ago; VPP has ended meanwhile, which the next call tells.
    return undefined;
  }
}

function featuresOf(binding: Binding): VppFeature[] {
  return [...binding.compat.features].map(([name, feature]) => ({ name, ...feature }));
}
