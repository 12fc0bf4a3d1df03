/**
 * What a campaign is about: three members of etcd, three replicas of the NVA and the agents of three
 * hosts on the kernel's dataplane, all of them the real programs, on machines of their own.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { DaemonFiles, NFVD } from '../daemon.js';
import { eventually } from '../eventually.js';
import { LabCa } from '../lab-ca.js';
import type { TlsFiles } from '../../../src/rpc/tls-material.js';
import { exec, type Netns } from '../netns.js';
import { temporaryDirectory } from '../temporary-directory.js';
import { hasVlans } from '../vlans.js';
import { ChaosNetwork, type Machine } from './network.js';
import { Outside } from './outside.js';
import { interfaceOf, UPLINKS } from './places.js';
import { ChaosProcess } from './process.js';
import { SmallDisk } from './small-disk.js';

export const SIZE = 3;
/** Guests of each host. */
export const SLOTS = 4;
export const vtepOf = (host: number): string => `10.1.0.${host + 1}`;
export const hostName = (host: number): string => `host-${host}`;

/** Two segments of etcd's log, 64 MB each, and its data. */
const MEMBER_MIB = 192;
const AGENT_MIB = 48;
const CLOCK = fileURLToPath(new URL('clock-shift.js', import.meta.url));
const CALL_MS = 8000;

export interface Node {
  readonly machine: Machine;
  readonly process: ChaosProcess;
}

export interface DiskNode extends Node {
  readonly disk: SmallDisk;
}

export interface Host extends DiskNode {
  readonly config: string;
  /** Namespaces for guests, by slot. */
  readonly guests: readonly Netns[];
}

export interface Replica extends Node {
  readonly client: NvaClient;
}

type Undo = () => Promise<void>;

export class ChaosWorld {
  readonly members: DiskNode[] = [];
  readonly replicas: Replica[] = [];
  readonly hosts: Host[] = [];
  readonly #undo: Undo[] = [];
  #outside: Outside | undefined;
  /** Guests by the names of their namespaces. */
  readonly #guests = new Map<string, Netns>();

  private constructor(
    readonly network: ChaosNetwork,
    /** The kernel has 8021q. */
    readonly vlans: boolean,
    private readonly directory: string,
    private readonly files: DaemonFiles,
  ) {}

  static async create(): Promise<ChaosWorld> {
    const directory = await temporaryDirectory();
    const vlans = await hasVlans();
    const network = await ChaosNetwork.create();
    const files = new DaemonFiles(directory.path);
    const world = new ChaosWorld(network, vlans, directory.path, files);
    world.#undo.push(
      () => directory.remove(),
      () => network.close(),
    );
    try {
      await world.#build();
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
  }

  async #build(): Promise<void> {
    const outside = await Outside.create(await this.network.namespace(), this.vlans);
    this.#outside = outside;
    const machines = async (kind: string): Promise<Machine[]> => {
      const all: Machine[] = [];
      for (let i = 0; i < SIZE; i++) all.push(await this.network.machine(`${kind}-${i}`));
      return all;
    };
    const etcd = await machines('etcd');
    const nva = await machines('nva');
    const hosts = await machines('host');
    const ca = await LabCa.create(this.directory);
    const ips = ['127.0.0.1', ...[...etcd, ...nva].map(({ address }) => address)];
    const { ca: root, ...own } = await ca.pki.issue(serverRequest(ips));
    const server = { ca: root, cert: own.cert, key: own.key };
    for (const machine of etcd) await this.#addMember(machine, etcd, server);
    for (const { process } of this.members) process.launch();
    for (const machine of nva) this.#addReplica(machine, etcd, server);
    await Promise.all(this.members.map(({ process }) => process.up()));
    await Promise.all(this.replicas.map(({ process }) => process.start()));
    for (const [i, machine] of hosts.entries()) {
      await outside.join(machine);
      await this.#addHost(machine, i, nva, await ca.issue(`nve/${hostName(i)}`));
    }
  }

  async #addMember(machine: Machine, all: readonly Machine[], tls: Tls): Promise<void> {
    const { name, ns, address } = machine;
    const disk = await this.#disk(name, MEMBER_MIB);
    const client = `https://${address}:2379`;
    const command = [
      ...['etcd', '--name', name, '--data-dir', join(disk.path, 'data')],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peerUrl(machine), '--initial-advertise-peer-urls'],
      ...[peerUrl(machine), '--initial-cluster'],
      all.map((each) => `${each.name}=${peerUrl(each)}`).join(),
      ...['--heartbeat-interval', '50', '--election-timeout', '500'],
      ...['--cert-file', tls.cert, '--key-file', tls.key],
      ...['--logger', 'zap', '--log-level', 'error'],
    ];
    const isUp = async (): Promise<boolean> => {
      const health = await ns.try('etcdctl', ...this.#ctl(machine, tls), 'endpoint', 'health');
      if (health.code !== 0) throw new Error(health.stderr);
      return true;
    };
    const process = new ChaosProcess({ name, ns, command, isUp });
    this.#undo.push(() => process.kill());
    this.members.push({ machine, process, disk });
    this.#tls = tls;
  }

  #tls: Tls = { ca: '', cert: '', key: '' };

  #ctl({ address }: Machine, tls: Tls): string[] {
    return [
      '--endpoints',
      `https://${address}:2379`,
      '--cacert',
      tls.ca,
      '--command-timeout',
      '3s',
    ];
  }

  #addReplica(machine: Machine, etcd: readonly Machine[], server: Tls): void {
    const { name, ns, address } = machine;
    const first = this.replicas.length;
    const endpoints = [...etcd.slice(first), ...etcd.slice(0, first)];
    const { ca, cert, key } = server;
    const tls = { ca, cert, key };
    const config = this.files.write(name, {
      dataDir: join(this.directory, 'unused'),
      store: {
        kind: 'etcd',
        endpoints: endpoints.map((each) => `${each.address}:2379`),
        tls: { ca },
      },
      listen: [{ address: `unix:${this.files.socket(name)}` }, { address: `${address}:4433`, tls }],
      // Guests move addresses more often than machines that quarrel for one.
      duplicates: { moves: 100, window: '1s' },
      log: { level: 'info' },
    });
    const process = this.#daemon(name, ns, 'nva', config);
    const socket = { kind: 'unix', path: this.files.socket(name) } as const;
    const client = new NvaClient({ address: socket, timeoutMs: CALL_MS });
    this.#undo.push(async () => {
      client.close();
      await process.kill();
    });
    this.replicas.push({ machine, process, client });
  }

  async #addHost(
    machine: Machine,
    i: number,
    nva: readonly Machine[],
    { ca, cert, key }: TlsFiles,
  ): Promise<void> {
    const { name, ns } = machine;
    await this.network.joinUnderlay(machine, vtepOf(i));
    const disk = await this.#disk(name, AGENT_MIB);
    const tls = { ca, cert, key };
    const order = [...nva.slice(i), ...nva.slice(0, i)];
    const config = this.files.nve(name, {
      stateDir: join(disk.path, 'state'),
      nva: order.map(({ address }) => ({ address: `${address}:4433`, tls })),
      providers: UPLINKS.map((uplink) => ({ name: uplink, interface: interfaceOf(uplink) })),
      log: { level: 'info' },
    });
    const process = this.#daemon(name, ns, 'nve', config);
    const guests: Netns[] = [];
    for (let slot = 0; slot < SLOTS; slot++) guests.push(await this.#guest());
    this.#undo.push(async () => {
      await process.kill();
      await this.#removeRouters(ns);
    });
    this.hosts.push({ machine, process, disk, config, guests });
  }

  /** Its kernel tells of its addresses when an interface comes up, or gets a MAC. */
  async #guest(): Promise<Netns> {
    const ns = await this.network.namespace();
    await ns.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/all/arp_notify');
    this.#guests.set(ns.name, ns);
    return ns;
  }

  get outside(): Outside {
    if (this.#outside === undefined) throw new Error('the world is not built yet');
    return this.#outside;
  }

  /** By the name of its namespace; undefined: there is none. */
  guest(name: string | undefined): Netns | undefined {
    return name === undefined ? undefined : this.#guests.get(name);
  }

  #daemon(name: string, ns: Netns, program: 'nva' | 'nve', config: string): ChaosProcess {
    const NFVD_TEST_CLOCK = this.#clockFile(name);
    writeFileSync(NFVD_TEST_CLOCK, '0');
    const command = [process.execPath, '--import', CLOCK, NFVD, program, '--config', config];
    return new ChaosProcess({
      ...{ name, ns, command, env: { NFVD_TEST_CLOCK } },
      isUp: ({ out }) => out.includes(' is up"'),
    });
  }

  #clockFile(name: string): string {
    return join(this.directory, `${name}.clock`);
  }

  /** Sets the wall clock of a program of ours off by that. */
  shiftClock({ process }: Node, ms: number): void {
    writeFileSync(this.#clockFile(process.name), String(ms));
    process.signal('SIGUSR2');
  }

  async #disk(name: string, mib: number): Promise<SmallDisk> {
    const disk = await SmallDisk.mount(join(this.directory, `${name}.disk`), mib);
    this.#undo.push(() => disk.unmount());
    return disk;
  }

  /** What an agent has made outside its namespace. */
  async #removeRouters(ns: Netns): Promise<void> {
    for (const name of (await routersOf(ns)).values()) await exec('ip', ['netns', 'del', name]);
  }

  /** etcdctl on a member's machine. */
  async etcdctl(member: number, ...args: string[]): Promise<string> {
    const { machine } = nth(this.members, member);
    const { code, stdout, stderr } = await machine.ns.try(
      'etcdctl',
      ...this.#ctl(machine, this.#tls),
      ...args,
    );
    if (code !== 0) throw new Error(`${machine.name}: etcdctl ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** Index of the member that leads. */
  leader(): Promise<number> {
    return eventually(async () => {
      for (const [i, { process }] of this.members.entries()) {
        if (!process.isRunning) continue;
        const text = await this.etcdctl(i, 'endpoint', 'status', '-w', 'json').catch(() => '');
        const status = text === '' ? undefined : statusOf.parse(JSON.parse(text))[0]?.Status;
        if (status !== undefined && status.leader === status.header.member_id) return i;
      }
      return false;
    }, 30_000);
  }

  get nodes(): readonly Node[] {
    return [...this.members, ...this.replicas, ...this.hosts];
  }

  /** Ends everything and leaves nothing, whatever fails on the way. @throws the first failure */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const undo of this.#undo.splice(0).reverse()) {
      await undo().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, 'something was left behind');
  }
}

interface Tls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** The ids are too large for numbers, and only compared: what is lost does not matter. */
const statusOf = z.array(
  z.object({
    Status: z.object({ header: z.object({ member_id: z.number() }), leader: z.number() }),
  }),
);

const serverRequest = (ips: readonly string[]) =>
  ({ identity: 'nva', name: 'server', dns: [], ips, days: 90 }) as const;

const peerUrl = ({ address }: Machine): string => `http://${address}:2380`;

/** Names of the namespaces of the routers of a host, by VRF. */
export async function routersOf(ns: Netns): Promise<Map<number, string>> {
  const own = await ns.run('readlink', '/proc/self/ns/net');
  const ending = `-${/\d+/.exec(own)?.[0] ?? ''}`;
  const { stdout } = await exec('ls', ['/run/netns']);
  const names = stdout.split('\n').filter((n) => n.startsWith('nfvr') && n.endsWith(ending));
  return new Map(names.map((name) => [Number(/^nfvr(\d+)-/.exec(name)?.[1]), name]));
}

export function nth<T>(all: readonly T[], i: number): T {
  const one = all[i];
  if (one === undefined) throw new RangeError(`no ${i} among ${all.length}`);
  return one;
}
