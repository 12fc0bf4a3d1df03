/** Real etcd, started by the tests on free loopback ports, with its data in a temporary directory. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Context } from 'mocha';
import { z } from 'zod';
import type { Address } from '../../src/rpc/address.js';
import { EtcdClient } from '../../src/rpc/etcd/client.js';
import type { TlsFiles } from '../../src/rpc/tls-material.js';
import { Child } from './child.js';
import { eventually } from './eventually.js';
import { skip } from './skip.js';
import { temporaryDirectory } from './temporary-directory.js';

const run = promisify(execFile);

export function needEtcd(context: Context): void {
  for (const program of ['etcd', 'etcdctl']) {
    if (spawnSync(program, ['--help']).error === undefined) continue;
    skip(context, `needs ${program}: apt-get install etcd-server etcd-client`);
  }
}

export interface EtcdOptions {
  readonly members?: number;
  /** More arguments of each member. */
  readonly args?: readonly string[];
  /** `https` with these files, for clients. */
  readonly tls?: TlsFiles;
  /** Clients need a certificate, too. */
  readonly needsCertificate?: boolean;
}

interface Member {
  readonly name: string;
  readonly client: Address & { readonly kind: 'tcp' };
  readonly args: readonly string[];
  child: Child;
}

export class EtcdCluster {
  readonly #members: readonly Member[];

  private constructor(
    readonly directory: string,
    members: readonly Member[],
    private readonly tls: EtcdOptions['tls'],
    private readonly remove: () => Promise<void>,
  ) {
    this.#members = members;
  }

  static async start(options: EtcdOptions = {}): Promise<EtcdCluster> {
    const { members = 1, args = [], tls, needsCertificate = false } = options;
    // A sync there costs nothing, and no test here takes the power away.
    const parent = existsSync('/dev/shm') ? '/dev/shm' : undefined;
    const directory = await temporaryDirectory(parent);
    const ports = await freePorts(members * 2);
    const peers = Array.from({ length: members }, (_, i) => `m${i}=${peerUrl(ports, i)}`);
    const all = Array.from({ length: members }, (_, i): Member => {
      const client = { kind: 'tcp', host: '127.0.0.1', port: ports[2 * i] ?? 0 } as const;
      const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${client.port}`;
      const memberArgs = [
        ...['--name', `m${i}`, '--data-dir', join(directory.path, `m${i}`)],
        ...['--listen-client-urls', url, '--advertise-client-urls', url],
        ...['--listen-peer-urls', peerUrl(ports, i)],
        ...['--initial-advertise-peer-urls', peerUrl(ports, i)],
        ...['--initial-cluster', peers.join(','), '--initial-cluster-token', directory.path],
        ...['--heartbeat-interval', '50', '--election-timeout', '500'],
        ...['--logger', 'zap', '--log-level', 'error', ...args],
        ...(tls === undefined ? [] : ['--cert-file', tls.cert, '--key-file', tls.key]),
        ...(tls !== undefined && needsCertificate ? ['--trusted-ca-file', tls.ca] : []),
      ];
      return { name: `m${i}`, client, args: memberArgs, child: new Child('etcd', memberArgs) };
    });
    const cluster = new EtcdCluster(directory.path, all, tls, () => directory.remove());
    try {
      await cluster.ready();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get endpoints(): readonly Address[] {
    return this.#members.map(({ client }) => client);
  }

  /** HOST:PORT, of each member. */
  get addresses(): readonly string[] {
    return this.#members.map(({ client }) => `${client.host}:${client.port}`);
  }

  client(first = 0): EtcdClient {
    const all = this.endpoints;
    const endpoints = [...all.slice(first), ...all.slice(0, first)];
    return new EtcdClient({ endpoints, tls: this.tls });
  }

  /** Waits until it answers. */
  async ready(): Promise<void> {
    for (const endpoint of this.endpoints) {
      const client = new EtcdClient({
        endpoints: [endpoint],
        tls: this.tls,
        tryMs: 1000,
      });
      const key = Buffer.from('ready');
      const txn = {
        compare: [],
        success: [{ kind: 'range', range: { key } } as const],
        failure: [],
      };
      await eventually(() => client.ask(txn), 20_000);
      client.close();
    }
  }

  /** Index of the member that leads; those that are stopped are not asked. */
  async leader(stopped: readonly number[] = []): Promise<number> {
    return eventually(async () => {
      for (const [i, member] of this.#members.entries()) {
        if (!member.child.isRunning || stopped.includes(i)) continue;
        const text = await this.ctl(['endpoint', 'status', '-w', 'json'], i).catch(() => '');
        const status = text === '' ? undefined : statusOf.parse(JSON.parse(text))[0]?.Status;
        if (status !== undefined && status.leader === status.header.member_id) return i;
      }
      return false;
    });
  }

  /** etcdctl, with one member. */
  async ctl(args: readonly string[], member = 0): Promise<string> {
    const { client } = this.#at(member);
    const endpoint = `${client.host}:${client.port}`;
    const { stdout } = await run('etcdctl', ['--endpoints', endpoint, ...args], {
      env: { ...process.env, ETCDCTL_API: '3' },
      timeout: 20_000,
    });
    return stdout;
  }

  async kill(member: number): Promise<void> {
    await this.#at(member).child.kill('SIGKILL');
  }

  /** After `kill`. */
  start(member: number): void {
    const one = this.#at(member);
    one.child = new Child('etcd', one.args);
  }

  /** Resolves when it has stopped, which on a busy machine takes its time. */
  async pause(member: number): Promise<void> {
    this.#signal(member, 'SIGSTOP');
    const { pid = 0 } = this.#at(member).child;
    await eventually(async () => {
      const states = await Promise.all(
        (await readdir(`/proc/${pid}/task`)).map(async (task) => {
          const stat = await readFile(`/proc/${pid}/task/${task}/stat`, 'utf8');
          return stat.slice(stat.lastIndexOf(')') + 2)[0];
        }),
      );
      return states.every((state) => state === 'T');
    });
  }

  resume(member: number): void {
    this.#signal(member, 'SIGCONT');
  }

  async stop(): Promise<void> {
    for (const { child } of this.#members) await child.kill('SIGKILL');
    await this.remove();
  }

  #signal(member: number, signal: NodeJS.Signals): void {
    const { pid } = this.#at(member).child;
    if (pid !== undefined) process.kill(pid, signal);
  }

  #at(index: number): Member {
    const member = this.#members[index];
    if (member === undefined) throw new RangeError(`no member ${index}`);
    return member;
  }
}

/** The ids are too large for numbers, and only compared: what is lost does not matter. */
const statusOf = z.array(
  z.object({
    Status: z.object({ header: z.object({ member_id: z.number() }), leader: z.number() }),
  }),
);

function peerUrl(ports: readonly number[], member: number): string {
  return `http://127.0.0.1:${ports[2 * member + 1] ?? 0}`;
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
