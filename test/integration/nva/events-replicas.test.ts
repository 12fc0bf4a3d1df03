/** What happened, of whichever replica it is asked: real processes on a real etcd, each with an agent of its own. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { NfvError } from '../../../src/errors.js';
import type { EventKind, NvaEvent } from '../../../src/model/observation.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { EtcdCluster, freePorts, needEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { LabCa } from '../../support/lab-ca.js';
import { ALL_EVENTS } from '../../support/nva-events.js';
import {
  asPeers,
  call,
  NvaReplicas,
  type MoreConfig,
  type ReplicaAgent,
} from '../../support/nva-replicas.js';
import { endpointSpec, networkSpec, nveSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

const request = { requestId: '', validateOnly: false };
const REFUSED = new NfvError('NETNS_MISSING', 'there is no network namespace there');

/** `nfvctl events --follow` of a client. */
class Follower {
  readonly told: NvaEvent[] = [];
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(client: NvaClient) {
    const events = client.observation.events(
      { ...ALL_EVENTS, follow: true },
      { signal: this.#stop.signal },
    );
    this.#ended = this.#read(events);
  }

  async #read(events: AsyncIterable<NvaEvent>): Promise<void> {
    for await (const event of events) this.told.push(event);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

describe('what happened, at replicas that ask each other', function () {
  this.timeout(120_000);
  let cluster: EtcdCluster | undefined;
  let nva: NvaReplicas;
  const agents: ReplicaAgent[] = [];
  const clients: NvaClient[] = [];
  const followers: Follower[] = [];

  before(async function () {
    needEtcd(this);
    cluster = await EtcdCluster.start({ members: 1 });
  });
  afterEach(async () => {
    for (const follower of followers.splice(0)) await follower.stop();
    for (const client of clients.splice(0)) client.close();
    for (const agent of agents.splice(0)) await agent.stop();
    await nva.close();
    // For the next test to begin with nothing.
    await cluster?.ctl(['del', '--prefix', '/nfvd/']);
  });
  after(() => cluster?.stop());

  /** As many replicas as hosts: host-0 is with the first one, host-1 with the second, and with no other. */
  async function pool(count: number, more: MoreConfig): Promise<void> {
    assert.ok(cluster !== undefined);
    nva = await NvaReplicas.start(cluster, count, more);
    const { virtualNetworks, nves } = nva.client(0);
    const network = networkSpec({ vni: 100, tenant: 'blue' });
    await virtualNetworks.create({ ...request, id: 'net', spec: network }, call);
    for (let i = 0; i < count; i++) {
      const spec = nveSpec([`192.0.2.${i + 1}`]);
      await nves.create({ ...request, id: `host-${i}`, spec }, call);
      agents.push(await nva.agent(`host-${i}`, [i]));
    }
    for (let i = 0; i < count; i++) await knowsAll(i, count);
  }

  /** They look for each other every second. */
  const knowsAll = (i: number, count: number): Promise<unknown> =>
    eventually(async () => (await told(i, 'NVE_CONNECTED')).length === count);

  async function attach(host: number): Promise<void> {
    const port = {
      kind: 'tap',
      ...{ interface: `tap${host}`, ownerUid: 0, multiQueue: false, vnetHdr: false },
    } as const;
    const at = { network: 'net', nve: `host-${host}`, mac: `02:00:00:00:00:0${host}` };
    const spec = endpointSpec({ ...at, port });
    await nva.client(0).endpoints.create({ ...request, id: `e-${host}`, spec }, call);
  }

  async function all(client: NvaClient, ...kinds: EventKind[]): Promise<NvaEvent[]> {
    const found: NvaEvent[] = [];
    const events = client.observation.events({ ...ALL_EVENTS, kinds }, call);
    for await (const event of events) found.push(event);
    return found;
  }
  const told = (i: number, ...kinds: EventKind[]): Promise<NvaEvent[]> =>
    all(nva.client(i), ...kinds);
  const follow = (i: number): Follower => {
    const follower = new Follower(nva.client(i));
    followers.push(follower);
    return follower;
  };
  const at = (i: number): string => `unix:${nva.socket(i)}`;
  const short = ({ kind, resource, replica, code }: NvaEvent): string =>
    [kind, resource, replica, code].filter((text) => text !== '').join(' ');
  const bySession = ({ revision }: NvaEvent): boolean => revision === 0;

  it('is the same whichever is asked, and names the replica and who did it', async () => {
    await pool(3, asPeers);
    for (const host of [0, 1, 2]) await attach(host);
    const lists = await Promise.all([0, 1, 2].map((i) => told(i)));
    for (const [i, events] of lists.entries()) {
      assert.deepEqual(
        events.filter(bySession).map(short),
        [0, 1, 2].map((host) => `NVE_CONNECTED nves/host-${host} ${at(host)}`),
        `replica ${i}`,
      );
      const times = events.map(({ time }) => time);
      assert.deepEqual(times, [...times].sort());
    }
    const authors = lists.map((events) =>
      events
        .filter(({ kind }) => kind === 'CREATED')
        .map(({ resource, who, traceId }) => `${resource} ${who} ${traceId}`),
    );
    const [first = []] = authors;
    assert.equal(first.length, 7);
    for (const each of first) assert.match(each, /^\S+ local [0-9a-f]{32}$/);
    for (const other of authors) assert.deepEqual(other, first);
  });

  it('comes as it happens, and goes on when a replica was away', async () => {
    await pool(2, asPeers);
    const follower = follow(0);
    // What needs the port that fails is told, too.
    const sessions = (): string[] =>
      follower.told.filter((event) => bySession(event) && event.code !== 'ITEM_BLOCKED').map(short);
    const before = [0, 1].map((host) => `NVE_CONNECTED nves/host-${host} ${at(host)}`);
    await eventually(() => sessions().length === 2);
    agents[1]?.dataplane.faults.push({ key: 'port/e-1', times: 1, mode: 'refuse', error: REFUSED });
    await attach(1);
    const failed = `APPLY_FAILED endpoints/e-1 ${at(1)} NETNS_MISSING`;
    await eventually(() => sessions().includes(failed));
    await agents.pop()?.stop();
    const lost = `NVE_LOST nves/host-1 ${at(1)}`;
    await eventually(() => sessions().includes(lost));
    await nva.kill(1);
    const silent = `MISSED ${at(1)} NVA_UNREACHABLE`;
    await eventually(() => sessions().includes(silent));
    await nva.start(1);
    agents.push(await nva.agent('host-1', [1]));
    await eventually(() => sessions().length === 6, 20_000);
    assert.deepEqual(sessions(), [...before, failed, lost, silent, before[1]]);
    const ids = follower.told
      .filter(({ sequence }) => sequence > 0)
      .map(({ replica, sequence, time }) => `${replica} ${sequence} ${time}`);
    assert.equal(new Set(ids).size, ids.length);
    const log = nva.daemon(0).out;
    assert.equal(log.split('another replica does not answer').length, 2);
    assert.match(log, /another replica answers again/);
    await follower.stop();
    const { watchers } = await nva.client(0).observation.statistics(call);
    assert.equal(watchers, 0);
  });

  it('of one that hangs is told in time to be missing; the rest is there', async () => {
    await pool(2, asPeers);
    nva.daemon(1).signal('SIGSTOP');
    try {
      const started = performance.now();
      const sessions = (await told(0)).filter(bySession).map(short);
      assert.ok(performance.now() - started < 4000);
      assert.deepEqual(sessions, [
        `NVE_CONNECTED nves/host-0 ${at(0)}`,
        `MISSED ${at(1)} DEADLINE_EXCEEDED`,
      ]);
    } finally {
      nva.daemon(1).signal('SIGCONT');
    }
  });

  it('goes on with one that hung for so long that its connections were given up', async () => {
    await pool(2, asPeers);
    const follower = follow(0);
    const sessions = (): string[] => follower.told.filter(bySession).map(short);
    const connected = `NVE_CONNECTED nves/host-1 ${at(1)}`;
    await eventually(() => sessions().includes(connected));
    nva.daemon(1).signal('SIGSTOP');
    try {
      // Keepalives of 10 s, with 5 s for the answer.
      await eventually(() => sessions().some((told) => told.startsWith('MISSED')), 30_000);
    } finally {
      nva.daemon(1).signal('SIGCONT');
    }
    // It finds its own lease gone, and its agent comes anew.
    await eventually(() => sessions().filter((told) => told === connected).length === 2, 20_000);
    const missed = follower.told.filter(({ kind }) => kind === 'MISSED');
    assert.deepEqual(missed.map(short), [`MISSED ${at(1)} NVA_UNREACHABLE`]);
    const ids = follower.told.map(({ replica, sequence }) => `${replica} ${sequence}`);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('is told over mutual TLS to who may know it, and to nobody else', async () => {
    const dir = tempDir();
    const ca = await LabCa.create(dir.path);
    const ports = await freePorts(2);
    const certificates = [await ca.issue('nva', 'nva-0'), await ca.issue('nva', 'nva-1')];
    const policyFile = `${dir.path}/policy.yaml`;
    writeFileSync(
      policyFile,
      `trustDomain: nfv.example
bindings:
  - { users: [alice], role: viewer, tenants: [blue] }
  - { users: [bob], role: viewer, tenants: [red] }
`,
    );
    const address = (i: number): string => `127.0.0.1:${ports[i] ?? 0}`;
    const audit = (i: number): string => `${dir.path}/audit-${i}.log`;
    await pool(2, (i, socket) => ({
      listen: [{ address: `unix:${socket}` }, { address: address(i), tls: certificates[i] }],
      peer: { advertise: address(i), tls: certificates[i] },
      access: { policyFile },
      audit: { file: audit(i) },
    }));
    agents[1]?.dataplane.faults.push({ key: 'port/e-1', times: 1, mode: 'refuse', error: REFUSED });
    await attach(1);
    await eventually(async () => (await told(0, 'APPLY_FAILED')).length > 0);
    const clientOf = async (user: string): Promise<NvaClient> => {
      const tls = await ca.issue(`user/${user}`, user);
      const to = { kind: 'tcp', host: '127.0.0.1', port: ports[0] ?? 0 } as const;
      const client = new NvaClient({ address: to, tls, timeoutMs: 10_000 });
      clients.push(client);
      return client;
    };
    // The network and the endpoint are hers; the NVEs, and their sessions, are not.
    assert.deepEqual((await all(await clientOf('alice'))).map(short), [
      `CREATED virtualNetworks/net ${address(0)}`,
      `CREATED endpoints/e-1 ${address(0)}`,
      `APPLY_FAILED endpoints/e-1 ${address(1)} NETNS_MISSING`,
    ]);
    assert.deepEqual(await all(await clientOf('bob')), []);
    const lines = readFileSync(audit(1), 'utf8').replaceAll('"', '');
    assert.match(lines, /who:nva for user\/alice,.*method:WatchOwnEvents,.*outcome:OK/);
    dir.remove();
  });
});
