/** Replicas that ask each other, on one member of etcd, anew for each test; and as many hosts, each with an agent. */
import { readFileSync, writeFileSync } from 'node:fs';
import { NvaClient } from '../../src/rpc/nva-client.js';
import type { TlsFiles } from '../../src/rpc/tls-material.js';
import { EtcdCluster, freePorts, needEtcd } from './etcd.js';
import { eventually } from './eventually.js';
import { LabCa } from './lab-ca.js';
import { ALL_EVENTS } from './nva-events.js';
import { asPeers, call, NvaReplicas, type MoreConfig, type ReplicaAgent } from './nva-replicas.js';
import { endpointSpec, networkSpec, nveSpec } from './specs.js';
import { tempDir } from './temp-dir.js';

const request = { requestId: '', validateOnly: false };

/** Both may read all kinds of things, of their own tenant alone. */
const POLICY = `trustDomain: nfv.example
bindings:
  - { users: [alice], role: viewer, tenants: [blue] }
  - { users: [bob], role: viewer, tenants: [red] }
`;

export class PeerRig {
  #cluster: EtcdCluster | undefined;
  #nva: NvaReplicas | undefined;
  readonly #agents = new Map<number, ReplicaAgent>();
  /** What a test has begun. */
  readonly #ends: (() => Promise<void> | void)[] = [];
  /** Of directories that replicas use. */
  readonly #removals: (() => void)[] = [];

  /** Before all tests: they are skipped where there is no etcd. */
  async begin(test: Mocha.Context): Promise<void> {
    needEtcd(test);
    this.#cluster = await EtcdCluster.start({ members: 1 });
  }

  /** After each test: the next one begins with nothing. */
  async reset(): Promise<void> {
    for (let end = this.#ends.pop(); end !== undefined; end = this.#ends.pop()) await end();
    for (const i of [...this.#agents.keys()]) await this.stopAgent(i);
    await this.#nva?.close();
    this.#nva = undefined;
    for (const remove of this.#removals.splice(0)) remove();
    await this.#cluster?.ctl(['del', '--prefix', '/nfvd/']);
  }

  async end(): Promise<void> {
    await this.#cluster?.stop();
  }

  /** @param end is called when the test is over, before the replicas stop */
  atEnd(end: () => Promise<void> | void): void {
    this.#ends.push(end);
  }

  /** @param remove is called when the test is over, after the replicas have stopped */
  atLast(remove: () => void): void {
    this.#removals.push(remove);
  }

  /**
   * As many replicas as hosts: host-0 is with the first one, host-1 with the second, and with no other. `net` is
   * a network of blue's.
   */
  async start(count: number, more: MoreConfig = asPeers): Promise<void> {
    if (this.#cluster === undefined) throw new Error('the rig has not begun');
    this.#nva = await NvaReplicas.start(this.#cluster, count, more);
    const { virtualNetworks, nves } = this.client(0);
    const network = networkSpec({ vni: 100, tenant: 'blue' });
    await virtualNetworks.create({ ...request, id: 'net', spec: network }, call);
    for (let i = 0; i < count; i++) {
      const spec = nveSpec([`192.0.2.${i + 1}`]);
      await nves.create({ ...request, id: `host-${i}`, spec }, call);
      await this.startAgent(i);
      // One after the other, so that it is known in which order they came.
      await eventually(() => this.#hasTold(i));
    }
  }

  /** Whether replica `i` has told that its host has come. */
  async #hasTold(i: number): Promise<boolean> {
    const wanted = { ...ALL_EVENTS, kinds: ['NVE_CONNECTED'], resource: `nves/host-${i}` } as const;
    for await (const { kind } of this.client(i).observation.events(wanted, call)) {
      if (kind === 'NVE_CONNECTED') return true;
    }
    return false;
  }

  /** With access policy and audit logs, over mutual TLS. */
  async startSecured(count: number): Promise<SecuredPeers> {
    const secured = await SecuredPeers.create(this, count);
    await this.start(count, secured.config);
    return secured;
  }

  get nva(): NvaReplicas {
    if (this.#nva === undefined) throw new Error('no replica has been started');
    return this.#nva;
  }

  client(i: number): NvaClient {
    return this.nva.client(i);
  }

  /** One that waits for no longer. */
  impatient(i: number, timeoutMs: number): NvaClient {
    const client = this.nva.impatient(i, timeoutMs);
    this.atEnd(() => {
      client.close();
    });
    return client;
  }

  /** Where replica `i` says that it is, but for secured ones. */
  address(i: number): string {
    return `unix:${this.nva.socket(i)}`;
  }

  agent(i: number): ReplicaAgent {
    const agent = this.#agents.get(i);
    if (agent === undefined) throw new Error(`host-${i} has no agent`);
    return agent;
  }

  async startAgent(i: number): Promise<void> {
    this.#agents.set(i, await this.nva.agent(`host-${i}`, [i]));
  }

  async stopAgent(i: number): Promise<void> {
    const agent = this.agent(i);
    this.#agents.delete(i);
    await agent.stop();
  }

  /** Endpoint `e-0` on host-0, … */
  async attach(i: number): Promise<void> {
    const port = {
      kind: 'tap',
      ...{ interface: `tap${i}`, ownerUid: 0, multiQueue: false, vnetHdr: false },
    } as const;
    const at = { network: 'net', nve: `host-${i}`, mac: `02:00:00:00:00:0${i}` };
    const spec = endpointSpec({ ...at, port });
    await this.client(0).endpoints.create({ ...request, id: `e-${i}`, spec }, call);
  }

  /** Stops a replica, which keeps its connections, for as long as `during` takes. */
  async whileHanging(i: number, during: () => Promise<void>): Promise<void> {
    this.nva.daemon(i).signal('SIGSTOP');
    try {
      await during();
    } finally {
      this.nva.daemon(i).signal('SIGCONT');
    }
  }
}

export class SecuredPeers {
  private constructor(
    private readonly rig: PeerRig,
    private readonly ca: LabCa,
    private readonly directory: string,
    private readonly ports: readonly number[],
    private readonly certificates: readonly TlsFiles[],
  ) {}

  static async create(rig: PeerRig, count: number): Promise<SecuredPeers> {
    const { path, remove } = tempDir();
    rig.atLast(remove);
    const ca = await LabCa.create(path);
    const certificates: TlsFiles[] = [];
    for (let i = 0; i < count; i++) certificates.push(await ca.issue('nva', `nva-${i}`));
    const secured = new SecuredPeers(rig, ca, path, await freePorts(count), certificates);
    writeFileSync(secured.#policyFile, POLICY);
    return secured;
  }

  readonly config: MoreConfig = (i, socket) => ({
    listen: [
      { address: `unix:${socket}` },
      { address: this.address(i), tls: this.certificates[i] },
    ],
    peer: { advertise: this.address(i), tls: this.certificates[i] },
    access: { policyFile: this.#policyFile },
    audit: { file: this.#auditFile(i) },
  });

  address(i: number): string {
    return `127.0.0.1:${this.#port(i)}`;
  }

  /** Of replica `i`. */
  async clientOf(identity: string, i: number): Promise<NvaClient> {
    const tls = await this.ca.issue(identity, `${identity.replaceAll('/', '-')}-at-${i}`);
    const address = { kind: 'tcp', host: '127.0.0.1', port: this.#port(i) } as const;
    const client = new NvaClient({ address, tls, timeoutMs: 10_000 });
    this.rig.atEnd(() => {
      client.close();
    });
    return client;
  }

  /** The audit log, without quotation marks. */
  audited(i: number): string {
    return readFileSync(this.#auditFile(i), 'utf8').replaceAll('"', '');
  }

  get #policyFile(): string {
    return `${this.directory}/policy.yaml`;
  }

  #auditFile(i: number): string {
    return `${this.directory}/audit-${i}.log`;
  }

  #port(i: number): number {
    const port = this.ports[i];
    if (port === undefined) throw new RangeError(`no replica ${i}`);
    return port;
  }
}
