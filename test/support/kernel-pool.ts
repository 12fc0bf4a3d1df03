/** `nfvd nva`, and `nfvd nve` on kernel hosts: namespaces on one wire, which is the underlay. */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import type { Call } from '../../src/model/api.js';
import type { Port } from '../../src/model/endpoint.js';
import { NvaClient } from '../../src/rpc/nva-client.js';
import { Daemon, DaemonFiles } from './daemon.js';
import { cable, Netns } from './netns.js';
import { endpointSpec, networkSpec, nveSpec } from './specs.js';
import { tempDir } from './temp-dir.js';

const endless = new AbortController().signal;
// Many calls at once wait on it.
setMaxListeners(0, endless);
export const call: Call = { signal: endless };
const request = { requestId: '', validateOnly: false };

export interface PoolOptions {
  /** Of the NVA's configuration. */
  readonly nva?: object;
  /** Of each agent's. */
  readonly nve?: object;
  /** What else a host is to have before its agent starts. */
  readonly prepare?: (host: Netns, i: number) => Promise<void>;
}

interface Host {
  readonly netns: Netns;
  agent: Daemon;
}

export class KernelPool {
  readonly #dir = tempDir();
  readonly #files = new DaemonFiles(this.#dir.path);
  readonly #spaces: Netns[] = [];
  readonly #hosts: Host[] = [];
  readonly #ended: Daemon[] = [];
  #nva: Daemon | undefined;
  readonly api = new NvaClient({
    address: { kind: 'unix', path: this.#files.socket() },
    timeoutMs: 20_000,
  });

  private constructor(private readonly options: PoolOptions) {}

  /** Hosts `host-0` and so on, with VTEPs 192.0.2.1 and so on; network `blue`, VNI 100, 10.0.0.0/24. */
  static async start(count: number, options: PoolOptions = {}): Promise<KernelPool> {
    const pool = new KernelPool(options);
    await pool.startNva();
    const network = networkSpec({ vni: 100, prefixes: ['10.0.0.0/24'] });
    await pool.api.virtualNetworks.create({ ...request, id: 'blue', spec: network }, call);
    const wire = await pool.space();
    await wire.ip('link', 'add', 'name', 'wire', 'up', 'type', 'bridge', 'stp_state', '0');
    for (let i = 0; i < count; i++) {
      const netns = await pool.space();
      await cable([netns, 'u0'], [wire, `to${i}`]);
      await wire.ip('link', 'set', 'dev', `to${i}`, 'master', 'wire');
      await netns.ip('addr', 'add', `192.0.2.${i + 1}/24`, 'dev', 'u0');
      await options.prepare?.(netns, i);
      const spec = nveSpec([`192.0.2.${i + 1}`]);
      await pool.api.nves.create({ ...request, id: `host-${i}`, spec }, call);
      pool.#hosts.push({ netns, agent: await pool.#agentOf(i, netns) });
    }
    return pool;
  }

  #agentOf(i: number, netns: Netns): Promise<Daemon> {
    return Daemon.start(['nve', '--config', this.#files.nve(`host-${i}`, this.options.nve)], netns);
  }

  #at(i: number): Host {
    const host = this.#hosts[i];
    assert.ok(host !== undefined);
    return host;
  }

  /** A namespace, closed with the pool. */
  async space(): Promise<Netns> {
    const made = await Netns.create();
    this.#spaces.push(made);
    return made;
  }

  host(i: number): Netns {
    return this.#at(i).netns;
  }

  get nva(): Daemon {
    assert.ok(this.#nva !== undefined);
    return this.#nva;
  }

  async startNva(): Promise<void> {
    this.#nva = await Daemon.start(['nva', '--config', this.#files.nva(this.options.nva)]);
  }

  async killNva(): Promise<void> {
    this.#ended.push(this.nva);
    await this.nva.stop('SIGKILL');
  }

  async killAgent(i: number): Promise<void> {
    const { agent } = this.#at(i);
    this.#ended.push(agent);
    await agent.stop('SIGKILL');
  }

  async startAgent(i: number): Promise<void> {
    const host = this.#at(i);
    host.agent = await this.#agentOf(i, host.netns);
  }

  /** MAC 02:00:00:00:00:0n, address 10.0.0.n. */
  async attach(id: string, n: number, nve: string, guest: Netns): Promise<void> {
    const mac = `02:00:00:00:00:0${n}`;
    const ips = [`10.0.0.${n}`];
    const spec = endpointSpec({ network: 'blue', nve, mac, ips, port: vethIn(guest) });
    await this.api.endpoints.create({ ...request, id, spec }, call);
  }

  async applied(): Promise<void> {
    const { laggards } = await this.api.waitApplied({ revision: 0, timeoutMs: 15_000 }, call);
    assert.deepEqual(laggards, []);
  }

  /** None of the programs has written anything to its standard error. */
  async close(): Promise<void> {
    this.api.close();
    const daemons = [...this.#hosts.map(({ agent }) => agent), this.nva];
    for (const daemon of daemons) await daemon.stop('SIGKILL');
    for (const each of this.#spaces) await each.close();
    this.#dir.remove();
    assert.equal([...this.#ended, ...daemons].map(({ err }) => err).join(''), '');
  }
}

export const vethIn = (guest: Netns): Port => ({
  kind: 'veth',
  netns: guest.name,
  interface: 'eth0',
  hostInterface: '',
});
