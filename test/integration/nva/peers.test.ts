/** Replicas that ask each other: real processes on a real etcd, and what they tell of each other's NVEs. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { EndpointCounters, TraceResult } from '../../../src/model/trace.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { EtcdCluster, freePorts, needEtcd } from '../../support/etcd.js';
import type { TlsFiles } from '../../../src/rpc/tls-material.js';
import { eventually } from '../../support/eventually.js';
import { LabCa } from '../../support/lab-ca.js';
import {
  asPeers,
  call,
  NvaReplicas,
  type MoreConfig,
  type ReplicaAgent,
} from '../../support/nva-replicas.js';
import { refusedWith } from '../../support/refusals.js';
import { endpointSpec, networkSpec, nveSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

const request = { requestId: '', validateOnly: false };

describe('nva replicas that ask each other', function () {
  this.timeout(120_000);
  let cluster: EtcdCluster | undefined;
  let nva: NvaReplicas;
  const agents: ReplicaAgent[] = [];
  const clients: NvaClient[] = [];

  before(async function () {
    needEtcd(this);
    cluster = await EtcdCluster.start({ members: 1 });
  });
  afterEach(async () => {
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
    const network = networkSpec({ vni: 100, tenant: 'blue' });
    await nva.client(0).virtualNetworks.create({ ...request, id: 'net', spec: network }, call);
    for (let i = 0; i < count; i++) {
      const spec = nveSpec([`192.0.2.${i + 1}`]);
      await nva.client(0).nves.create({ ...request, id: `host-${i}`, spec }, call);
      agents.push(await nva.agent(`host-${i}`, [i]));
      await attach(i);
    }
    await applied();
  }

  async function attach(i: number): Promise<void> {
    const port = {
      kind: 'tap',
      ...{ interface: `tap${i}`, ownerUid: 0, multiQueue: false, vnetHdr: false },
    } as const;
    const at = { network: 'net', nve: `host-${i}`, mac: `02:00:00:00:00:0${i}` };
    const spec = endpointSpec({ ...at, port });
    await nva.client(0).endpoints.create({ ...request, id: `e-${i}`, spec }, call);
  }

  async function applied(): Promise<void> {
    const result = await nva.client(0).waitApplied({ revision: 0, timeoutMs: 30_000 }, call);
    assert.deepEqual([result.applied, result.laggards], [true, []]);
  }

  const trace = (client: NvaClient, from = 'e-0', to = 'e-1'): Promise<TraceResult> =>
    client.trace({ from, to, reportedOnly: false }, call);
  const count = (client: NvaClient): Promise<readonly EndpointCounters[]> =>
    client.readCounters(['e-0', 'e-1'], call);
  const impatient = (i: number, timeoutMs: number): NvaClient => {
    const client = nva.impatient(i, timeoutMs);
    clients.push(client);
    return client;
  };
  /** The states of its hops on one NVE. */
  const statesOn = ({ hops }: TraceResult, nve: string): string[] => [
    ...new Set(hops.filter((hop) => hop.nve === nve).map(({ state }) => state)),
  ];
  /** The others have to have heard of it; they look every second. */
  const reachable = (i: number): Promise<unknown> =>
    eventually(async () => (await trace(nva.client(i))).state === 'OK', 10_000);

  it('tell the same of each way, and of each port, whichever is asked', async () => {
    await pool(3, asPeers);
    for (const i of [0, 1, 2]) await reachable(i);
    const [first, ...others] = await Promise.all([0, 1, 2].map((i) => trace(nva.client(i))));
    assert.ok(first !== undefined && first.hops.length > 8);
    for (const nve of ['host-0', 'host-1']) assert.deepEqual(statesOn(first, nve), ['OK'], nve);
    for (const other of others) assert.deepEqual(other, first);
    const back = await Promise.all([0, 1, 2].map((i) => trace(nva.client(i), 'e-1', 'e-0')));
    for (const { state } of back) assert.equal(state, 'OK');
    const counted = await Promise.all([0, 1, 2].map((i) => count(nva.client(i))));
    for (const counters of counted) {
      assert.deepEqual(
        counters.map((each) => [each.endpoint, each.code, each.counters !== undefined]),
        [
          ['e-0', '', true],
          ['e-1', '', true],
        ],
      );
    }
    assert.deepEqual(counted[2], counted[0]);
    await refusedWith('NOT_FOUND', trace(nva.client(0), 'e-0', 'nobody'));
  });

  it('see there what has changed behind an agent that is with another one', async () => {
    await pool(2, asPeers);
    await reachable(0);
    const gone = agents[1]?.dataplane.objects.delete('port/e-1');
    assert.equal(gone, true);
    const { state, hops } = await trace(nva.client(0));
    assert.equal(state, 'BROKEN');
    const broken = hops.filter((hop) => hop.state === 'BROKEN');
    assert.deepEqual(
      broken.map(({ nve, key, code }) => [nve, key, code]),
      [['host-1', 'port/e-1', 'READBACK_MISMATCH']],
    );
  });

  it('have the same figures of each NVE, of the one that has its session', async () => {
    await pool(3, asPeers);
    for (const i of [0, 1, 2]) {
      // Until each knows of the others, and the first one of all that was attached, which is known there alone.
      const of = await eventually(async () => {
        const all = await nva.client(i).observation.statistics(call);
        const isThere = all.nves.every(({ state }) => state !== 'ELSEWHERE');
        return isThere && all.attach.count === 3 && all;
      }, 10_000);
      assert.deepEqual(of.silent, []);
      assert.deepEqual(
        of.nves.map(({ nve, state, items, lagRevisions }) => [
          ...[nve, state, lagRevisions, items.failed],
          items.wanted === items.applied && items.wanted > 3,
        ]),
        [0, 1, 2].map((n) => [`host-${n}`, 'IN_SYNC', 0, 0, true]),
        `replica ${i}`,
      );
      for (const { nve, attach } of of.nves) assert.ok(attach.count > 0 && attach.max > 0, nve);
    }
  });

  it('one that hangs is told in time, and the rest is answered', async () => {
    await pool(2, asPeers);
    await reachable(0);
    nva.daemon(1).signal('SIGSTOP');
    try {
      const hasty = impatient(0, 6000);
      // Together: in a few seconds it counts as gone, and then nobody asks it.
      const [told, [own, other], figures] = await Promise.all([
        trace(hasty),
        count(hasty),
        hasty.observation.statistics(call),
      ]);
      assert.deepEqual(
        figures.nves.map(({ state }) => state),
        ['IN_SYNC', 'ELSEWHERE'],
      );
      assert.deepEqual(
        figures.silent.map(({ address, code }) => [address, code]),
        [[`unix:${nva.socket(1)}`, 'DEADLINE_EXCEEDED']],
      );
      assert.equal(told.state, 'UNKNOWN');
      assert.deepEqual(statesOn(told, 'host-0'), ['OK']);
      assert.deepEqual(statesOn(told, 'host-1'), ['UNKNOWN']);
      const [itself] = told.hops.filter(({ nve }) => nve === 'host-1');
      assert.equal(itself?.code, 'DEADLINE_EXCEEDED');
      assert.match(itself.reason, /replica .* cannot be asked: unix:.*nva-1\.sock: no answer/);
      assert.deepEqual([own?.code, other?.code], ['', 'DEADLINE_EXCEEDED']);
    } finally {
      nva.daemon(1).signal('SIGCONT');
    }
  });

  it('one that was killed is told; with another process in its place all is told again', async () => {
    await pool(2, asPeers);
    await reachable(0);
    await nva.kill(1);
    const told = await trace(nva.client(0));
    assert.deepEqual(statesOn(told, 'host-0'), ['OK']);
    assert.deepEqual(statesOn(told, 'host-1'), ['UNKNOWN']);
    const [, other] = await count(nva.client(0));
    assert.match(other?.code ?? '', /^(NVA_UNREACHABLE|NVE_DISCONNECTED)$/);
    await nva.start(1);
    await reachable(0);
  });

  it('without peer.advertise nobody is asked, and that is told', async () => {
    await pool(2, (i, socket) => (i === 0 ? asPeers(i, socket) : {}));
    const cases = [
      { asked: 0, nve: 'host-1', reason: /it does not say where it is reached$/ },
      { asked: 1, nve: 'host-0', reason: /this replica is not to ask others$/ },
    ];
    for (const { asked, nve, reason } of cases) {
      const told = await trace(nva.client(asked));
      assert.deepEqual(statesOn(told, nve), ['UNKNOWN'], nve);
      assert.deepEqual(statesOn(told, `host-${asked}`), ['OK'], nve);
      const [itself] = told.hops.filter((hop) => hop.nve === nve);
      assert.equal(itself?.code, 'NVA_UNREACHABLE');
      assert.match(itself.reason, reason);
      const { nves, silent } = await nva.client(asked).observation.statistics(call);
      assert.equal(nves.find((each) => each.nve === nve)?.state, 'ELSEWHERE');
      assert.deepEqual(silent, []);
    }
  });

  it('over mutual TLS: the same rights at each, and its caller named in both audit logs', async () => {
    const dir = tempDir();
    const ca = await LabCa.create(dir.path);
    const ports = await freePorts(2);
    const certificates = [await ca.issue('nva', 'nva-0'), await ca.issue('nva', 'nva-1')];
    const audit = (i: number): string => `${dir.path}/audit-${i}.log`;
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
    await pool(2, (i, socket) => ({
      listen: [{ address: `unix:${socket}` }, { address: address(i), tls: certificates[i] }],
      peer: { advertise: address(i), tls: certificates[i] },
      access: { policyFile },
      audit: { file: audit(i) },
    }));
    await reachable(0);
    const withTls = (i: number, tls: TlsFiles): NvaClient => {
      const at = { kind: 'tcp', host: '127.0.0.1', port: ports[i] ?? 0 } as const;
      const client = new NvaClient({ address: at, tls, timeoutMs: 10_000 });
      clients.push(client);
      return client;
    };
    const clientOf = async (user: string, i: number): Promise<NvaClient> =>
      withTls(i, await ca.issue(`user/${user}`, `${user}-${i}`));
    for (const i of [0, 1]) {
      const alice = await clientOf('alice', i);
      assert.equal((await trace(alice)).state, 'OK', `${i}`);
      assert.deepEqual(
        (await count(alice)).map(({ code }) => code),
        ['', ''],
      );
      const bob = await clientOf('bob', i);
      await refusedWith('NOT_FOUND', trace(bob));
      await refusedWith('NOT_FOUND', count(bob));
      await refusedWith('ACCESS_DENIED', trace(await clientOf('mallory', i)));
    }
    // The certificate of a replica is good for what replicas ask, and for nothing else.
    const replica = withTls(0, await ca.issue('nva', 'stolen'));
    await refusedWith('ACCESS_DENIED', trace(replica));
    const lines = (i: number): string => readFileSync(audit(i), 'utf8').replaceAll('"', '');
    await eventually(() => lines(0).includes('who:nva for user/alice'));
    for (const i of [0, 1]) {
      assert.match(lines(i), /who:user\/alice,.*method:Trace,/);
      assert.match(lines(i), /who:nva for user\/alice,.*method:TraceNve,.*outcome:OK/);
      assert.match(lines(i), /who:nva for user\/alice,.*method:CountPorts,.*outcome:OK/);
      assert.doesNotMatch(lines(i), /for user\/(bob|mallory)/);
    }
    dir.remove();
  });
});
