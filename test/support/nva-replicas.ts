/** Replicas of the NVA, real processes of `nfvd nva`, on one etcd; and real agents that know them all. */
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import type { Call } from '../../src/model/api.js';
import { systemClock } from '../../src/model/clock.js';
import { Agent } from '../../src/nve/agent.js';
import { DEFAULT_TUNING } from '../../src/reconcile/options.js';
import { NvaClient } from '../../src/rpc/nva-client.js';
import { NveSessionClient } from '../../src/rpc/nve-client.js';
import { openLmdbStore } from '../../src/store/lmdb/store.js';
import { Daemon, DaemonFiles } from './daemon.js';
import type { EtcdCluster } from './etcd.js';
import { MemoryDataplane } from './memory-dataplane.js';
import { MemoryLog } from './null-log.js';
import { tempDir } from './temp-dir.js';

const endless = new AbortController().signal;
// Many calls at once wait on it.
setMaxListeners(0, endless);
export const call: Call = { signal: endless };

interface Replica {
  daemon: Daemon | undefined;
  readonly client: NvaClient;
}

/** More of the configuration of a replica. */
export type MoreConfig = (i: number, socket: string) => Readonly<Record<string, unknown>>;

/** Each asks the others, over its socket. */
export const asPeers: MoreConfig = (_, socket) => ({ peer: { advertise: `unix:${socket}` } });

export class NvaReplicas {
  readonly #dir = tempDir();
  readonly #files = new DaemonFiles(this.#dir.path);
  readonly #replicas: Replica[] = [];

  private constructor(
    private readonly cluster: EtcdCluster,
    private readonly more: MoreConfig,
  ) {}

  static async start(
    cluster: EtcdCluster,
    count: number,
    more: MoreConfig = () => ({}),
  ): Promise<NvaReplicas> {
    const all = new NvaReplicas(cluster, more);
    for (let i = 0; i < count; i++) {
      const address = { kind: 'unix', path: all.socket(i) } as const;
      const client = new NvaClient({ address, timeoutMs: 20_000 });
      all.#replicas.push({ daemon: undefined, client });
    }
    await Promise.all(all.#replicas.map((_, i) => all.start(i)));
    return all;
  }

  socket(i: number): string {
    return this.#files.socket(`nva-${i}`);
  }

  client(i: number): NvaClient {
    return this.#at(i).client;
  }

  async start(i: number): Promise<void> {
    const members = this.cluster.addresses;
    const first = i % members.length;
    const config = this.#files.write(`nva-${i}`, {
      dataDir: join(this.#dir.path, 'unused'),
      store: { kind: 'etcd', endpoints: [...members.slice(first), ...members.slice(0, first)] },
      listen: [{ address: `unix:${this.socket(i)}` }],
      log: { level: 'info' },
      ...this.more(i, this.socket(i)),
    });
    this.#at(i).daemon = await Daemon.start(['nva', '--config', config]);
  }

  /** A client that `close` does not know of. */
  impatient(i: number, timeoutMs: number): NvaClient {
    return new NvaClient({ address: { kind: 'unix', path: this.socket(i) }, timeoutMs });
  }

  daemon(i: number): Daemon {
    const { daemon } = this.#at(i);
    if (daemon === undefined) throw new Error(`replica ${i} does not run`);
    return daemon;
  }

  async kill(i: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const daemon = this.daemon(i);
    this.#at(i).daemon = undefined;
    await daemon.stop(signal);
  }

  /** An agent that has all replicas, in this order of priority. */
  async agent(name: string, order: readonly number[], returnMs = 0): Promise<ReplicaAgent> {
    return ReplicaAgent.start(
      name,
      this.#files.stateOf(name),
      order.map((i) => this.socket(i)),
      returnMs,
    );
  }

  async close(): Promise<void> {
    for (const { client, daemon } of this.#replicas) {
      client.close();
      await daemon?.stop('SIGKILL');
    }
    this.#dir.remove();
  }

  #at(i: number): Replica {
    const replica = this.#replicas[i];
    if (replica === undefined) throw new RangeError(`no replica ${i}`);
    return replica;
  }
}

const sessions = new NveSessionClient();

/** With a dataplane in memory. */
export class ReplicaAgent {
  private constructor(
    readonly dataplane: MemoryDataplane,
    readonly log: MemoryLog,
    private readonly end: () => Promise<void>,
  ) {}

  static async start(
    name: string,
    path: string,
    sockets: readonly string[],
    returnMs: number,
  ): Promise<ReplicaAgent> {
    const dataplane = new MemoryDataplane();
    const log = new MemoryLog();
    const store = await openLmdbStore({ path });
    const agent = await Agent.start({
      ...{ name, agentVersion: '0.0.0-test', store, dataplane, log, clock: systemClock },
      replicas: sockets.map(
        (path) => () => sessions.connect({ kind: 'unix', path } as const, undefined),
      ),
      returning: {
        afterMs: returnMs,
        async reach(replica, signal) {
          const path = sockets[replica] ?? '';
          await sessions.reach({ kind: 'unix', path }, undefined, signal);
        },
      },
      tuning: { ...DEFAULT_TUNING, drift: { intervalMs: 0, policy: 'repair' } },
      retry: { initialMs: 200, soonMs: 1000, soonRounds: 60, maxMs: 1000 },
      random: Math.random,
      makeUuid: () =>
        `00000000-0000-4000-8000-${Buffer.from(name).toString('hex').padStart(12, '0').slice(-12)}`,
    });
    return new ReplicaAgent(dataplane, log, async () => {
      await agent.stop();
      await store.close();
    });
  }

  /** Keys of what its dataplane has. */
  get keys(): readonly string[] {
    return [...this.dataplane.objects.keys()];
  }

  stop(): Promise<void> {
    return this.end();
  }
}
