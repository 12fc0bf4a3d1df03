/** Replicas of the NVA: processes of `nfvd nva` on an etcd of three members, agents that know all. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { NfvError } from '../../../src/errors.js';
import type { WatchEvent } from '../../../src/model/api.js';
import { macKey, portKey } from '../../../src/model/item.js';
import type { NveState, NveStatus } from '../../../src/model/nve.js';
import type { NvaClient } from '../../../src/rpc/nva-client.js';
import { EtcdCluster, needEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { FakeNve } from '../../support/fake-nve.js';
import { call, NvaReplicas, type ReplicaAgent } from '../../support/nva-replicas.js';
import { refusedWith } from '../../support/refusals.js';
import { endpointSpec, networkSpec, nveSpec } from '../../support/specs.js';

const request = { requestId: '', validateOnly: false };
const ALL = { pageSize: 1000, pageToken: '', filter: '' };
const VNI = 100;

describe('nva replicas', function () {
  this.timeout(120_000);
  let cluster: EtcdCluster;
  let nva: NvaReplicas;
  let agents: ReplicaAgent[] = [];

  beforeEach(async function () {
    needEtcd(this);
    cluster = await EtcdCluster.start({ members: 3 });
    nva = await NvaReplicas.start(cluster, 3);
  });

  afterEach(async () => {
    for (const agent of agents) await agent.stop();
    agents = [];
    await nva.close();
    await cluster.stop();
  });

  /** Two NVEs with agents, and a network. */
  async function pool(orders: readonly (readonly number[])[], returnMs = 0): Promise<void> {
    const network = networkSpec({ vni: VNI });
    await nva.client(0).virtualNetworks.create({ ...request, id: 'net', spec: network }, call);
    for (const [i, order] of orders.entries()) {
      const spec = nveSpec([`192.0.2.${i + 1}`]);
      await nva.client(i % 3).nves.create({ ...request, id: `host-${i}`, spec }, call);
      agents.push(await nva.agent(`host-${i}`, order, returnMs));
    }
  }

  async function attach(client: NvaClient, n: number, nve: string): Promise<number> {
    const port = {
      kind: 'tap',
      ...{ interface: `tap${n}`, ownerUid: 0, multiQueue: false, vnetHdr: false },
    } as const;
    const spec = endpointSpec({ network: 'net', nve, mac: macOf(n), port });
    const created = await client.endpoints.create({ ...request, id: `e-${n}`, spec }, call);
    return created.meta.revision;
  }

  const macOf = (n: number): string => `02:00:00:00:00:${n.toString(16).padStart(2, '0')}`;
  const agentOf = (i: number): ReplicaAgent => {
    const agent = agents[i];
    assert.ok(agent !== undefined);
    return agent;
  };

  it('answer reads, writes and watches alike; a session at one has what was written at another', async () => {
    await pool([
      [0, 1, 2],
      [1, 2, 0],
    ]);
    const seen: WatchEvent[][] = [[], [], []];
    const stop = new AbortController();
    const watching = seen.map(async (events, i) => {
      const request = { startRevision: 0, kinds: ['Endpoint' as const], filter: '' };
      try {
        for await (const event of nva.client(i).watch(request, { signal: stop.signal })) {
          events.push(event);
        }
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      }
    });
    for (let n = 0; n < 9; n++) {
      const revision = await attach(nva.client(n % 3), n, `host-${n % 2}`);
      // At any other, at once.
      const there = nva.client((n + 1) % 3);
      assert.equal((await there.endpoints.get(`e-${n}`, call)).meta.revision >= revision, true);
      const { resources } = await there.endpoints.list(ALL, call);
      assert.equal(resources.length, n + 1);
    }
    for (const i of [0, 1, 2]) {
      const result = await nva.client(i).waitApplied({ revision: 0, timeoutMs: 20_000 }, call);
      assert.deepEqual([result.applied, result.laggards], [true, []], `replica ${i}`);
    }
    for (const agent of agents) {
      for (let n = 0; n < 9; n++) assert.ok(agent.keys.includes(macKey(VNI, macOf(n))), `${n}`);
    }
    for (const i of [0, 1, 2]) {
      const { resources } = await eventually(async () => {
        const list = await nva.client(i).endpoints.list(ALL, call);
        return list.resources.every(({ status }) => status.state === 'ACTIVE') && list;
      });
      assert.equal(resources.length, 9);
      const { status } = await nva.client(i).nves.get('host-1', call);
      assert.equal(status.state, 'IN_SYNC');
    }
    await eventually(() =>
      seen.every((events) => events.filter(({ type }) => type === 'PUT').length >= 18),
    );
    stop.abort();
    await Promise.all(watching);
    const states = seen.map((events) =>
      events.flatMap((event) =>
        event.type === 'PUT' && event.resource.kind === 'Endpoint'
          ? [`${event.revision} ${event.resource.id} ${event.resource.status.state}`]
          : [],
      ),
    );
    const last = (all: readonly string[]): Set<string> => new Set(all.slice(-9));
    assert.deepEqual(last(states[1] ?? []), last(states[0] ?? []));
  });

  it('kill -9 of one: its agents are with the next one, and nothing is lost', async () => {
    await pool([
      [0, 1, 2],
      [0, 2, 1],
    ]);
    await attach(nva.client(0), 0, 'host-1');
    await attach(nva.client(0), 1, 'host-0');
    await eventually(() => agents.every(({ keys }) => keys.includes(macKey(VNI, macOf(1)))));
    const before = agents.map(({ log }) => log.lines.length);
    await nva.kill(0);
    await eventually(() =>
      agents.every(({ log }, i) =>
        log.lines.slice(before[i]).some(({ message }) => message === 'connected to NVA'),
      ),
    );
    // Each is now with another one; what is written at either reaches both.
    await attach(nva.client(1), 2, 'host-1');
    await attach(nva.client(2), 3, 'host-0');
    for (const i of [1, 2]) {
      const result = await nva.client(i).waitApplied({ revision: 0, timeoutMs: 20_000 }, call);
      assert.deepEqual([result.applied, result.laggards], [true, []]);
    }
    for (const agent of agents) {
      for (const n of [1, 2, 3]) assert.ok(agent.keys.includes(macKey(VNI, macOf(n))));
    }
    assert.ok(agentOf(0).keys.includes(portKey('e-3')));
    // The one that comes back takes its part.
    await nva.start(0);
    await attach(nva.client(0), 4, 'host-1');
    await eventually(() => agentOf(1).keys.includes(portKey('e-4')));
  });

  it('one that comes back has its own agents again, and the others keep theirs', async () => {
    await pool(
      [
        [0, 1, 2],
        [0, 2, 1],
        [1, 2, 0],
      ],
      400,
    );
    await attach(nva.client(0), 0, 'host-0');
    /** Those of a replica. */
    const at = async (i: number): Promise<string[]> => {
      const { nves } = await nva.client(i).observation.statistics(call);
      return nves.filter(({ state }) => state === 'IN_SYNC').map(({ nve }) => nve);
    };
    const are = (wanted: Readonly<Record<number, string[]>>): Promise<unknown> =>
      eventually(async () => {
        for (const [i, nves] of Object.entries(wanted)) assert.deepEqual(await at(+i), nves, i);
        return true;
      }, 30_000);
    const own = { 0: ['host-0', 'host-1'], 1: ['host-2'], 2: [] };
    await are(own);
    await nva.kill(0);
    await are({ 1: ['host-0', 'host-2'], 2: ['host-1'] });
    await nva.start(0);
    await are(own);
    await attach(nva.client(2), 1, 'host-2');
    const result = await nva.client(0).waitApplied({ revision: 0, timeoutMs: 20_000 }, call);
    assert.deepEqual([result.applied, result.laggards], [true, []]);
  });

  it('an NVE that goes to another one while the first still waits for what it holds: that lets go', async () => {
    await pool([]);
    const spec = nveSpec(['192.0.2.1']);
    await nva.client(0).nves.create({ ...request, id: 'host-0', spec }, call);
    const agent = { name: 'host-0', nodeUuid: randomUUID() };
    let goOn = (): void => undefined;
    const waits = new Promise<void>((resolve) => (goOn = resolve));
    const first = new FakeNve({ ...agent, socket: nva.socket(0), onWelcome: () => waits });
    const then = new FakeNve({ ...agent, socket: nva.socket(1) });
    try {
      await first.connect();
      await eventually(() => first.welcome !== undefined);
      await then.connect();
      await eventually(() => then.deltas.some(({ complete }) => complete));
      await eventually(async () => {
        const { nves } = await nva.client(0).observation.statistics(call);
        return nves[0]?.state === 'ELSEWHERE';
      });
      goOn();
      await eventually(() => first.stream.signal.aborted);
      assert.equal(NfvError.from(await first.ended).code, 'SESSION_REPLACED');
      await attach(nva.client(0), 0, 'host-0');
      assert.equal(then.stream.signal.aborted, false);
      const result = await nva.client(0).waitApplied({ revision: 0, timeoutMs: 20_000 }, call);
      assert.deepEqual([result.applied, result.laggards], [true, []]);
      assert.ok(then.items.has(portKey('e-0')));
    } finally {
      // It may not have come so far.
      goOn();
      await first.disconnect();
      await then.disconnect();
    }
  });

  it('one that no agent is left with: it says so in the resources, once it is known', async () => {
    await pool([[2]]);
    await eventually(async () => {
      const { status } = await nva.client(0).nves.get('host-0', call);
      return status.state === 'IN_SYNC';
    });
    await nva.kill(2);
    await eventually(async () => {
      const { status } = await nva.client(0).nves.get('host-0', call);
      return status.state === 'DISCONNECTED';
    }, 20_000);
    const revision = await attach(nva.client(1), 1, 'host-0');
    // Each replica hears for itself that another has gone; the status may be another's word.
    await eventually(async () => {
      const { applied, laggards } = await nva
        .client(0)
        .waitApplied({ revision, timeoutMs: 100 }, call);
      assert.equal(applied, false);
      assert.deepEqual(
        laggards.map(({ nve, code }) => [nve, code]),
        [['host-0', 'NVE_DISCONNECTED']],
      );
    }, 20_000);
    await nva.start(2);
    await eventually(() => agentOf(0).keys.includes(portKey('e-1')), 20_000);
  });

  it('one that an NVE went to is killed: nobody takes back what the NVE said there', async () => {
    const at0 = nva.client(0);
    // The one that is left is the one that it left.
    await nva.kill(2);
    const nodeUuid = randomUUID();
    const jumbo = { address: '192.0.2.2', interface: 'eth0', mtu: 9216 };
    const other = new FakeNve({ name: 'y', socket: nva.socket(0), underlays: [jumbo] });
    const mtu = async (): Promise<number> =>
      (await at0.virtualNetworks.get('net', call)).effectiveMtu;
    const nodeAt = async (replica: number, mtu: number): Promise<FakeNve> => {
      const underlays = [{ address: '192.0.2.1', interface: 'eth0', mtu }];
      const nve = new FakeNve({ name: 'x', nodeUuid, socket: nva.socket(replica), underlays });
      await nve.connect();
      return nve;
    };
    await at0.virtualNetworks.create(
      { ...request, id: 'net', spec: networkSpec({ mtu: 0 }) },
      call,
    );
    for (const [i, nve] of ['x', 'y'].entries()) {
      const spec = nveSpec([`192.0.2.${i + 1}`]);
      await at0.nves.create({ ...request, id: nve, spec }, call);
      await attach(at0, i, nve);
    }
    const inState = (state: NveState): Promise<NveStatus> =>
      eventually(async () => {
        const { status } = await at0.nves.get('x', call);
        return status.state === state && status;
      }, 20_000);
    await other.connect();
    const before = await nodeAt(0, 1500);
    await inState('IN_SYNC');
    await before.disconnect();
    await inState('DISCONNECTED');
    await nodeAt(1, 9216);
    await eventually(async () => (await mtu()) === 9166);
    const last = await inState('IN_SYNC');
    await nva.kill(1);
    const status = await inState('DISCONNECTED');
    const said = ({ underlays, lastSeenTime }: NveStatus): unknown => [underlays, lastSeenTime];
    assert.deepEqual(said(status), said(last));
    assert.ok(status.appliedRevision >= last.appliedRevision);
    assert.equal(await mtu(), 9166);
    await other.disconnect();
  });

  it('SIGSTOP of one for so long that its history is gone: it reads anew, and keeps no NVE', async () => {
    await pool([[0, 1, 2]]);
    await eventually(() => agentOf(0).keys.length > 0);
    nva.daemon(0).signal('SIGSTOP');
    try {
      for (let n = 0; n < 20; n++) await attach(nva.client(1), n, 'host-0');
      const network = networkSpec({ vni: 200 });
      await nva.client(1).virtualNetworks.create({ ...request, id: 'other', spec: network }, call);
      const { revision } = await nva.client(2).nves.list(ALL, call);
      await cluster.ctl(['compact', String(revision)]);
    } finally {
      nva.daemon(0).signal('SIGCONT');
    }
    await eventually(() => agentOf(0).keys.includes(portKey('e-19')), 40_000);
    await nva
      .client(1)
      .virtualNetworks.delete({ id: 'other', etag: '', validateOnly: false }, call);
    await refusedWith('NOT_FOUND', nva.client(0).virtualNetworks.get('other', call));
    const result = await nva.client(0).waitApplied({ revision: 0, timeoutMs: 20_000 }, call);
    assert.deepEqual([result.applied, result.laggards], [true, []]);
  });

  it('VNIs: what all give out at once is given once', async () => {
    const networks = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        nva
          .client(n % 3)
          .virtualNetworks.create({ ...request, id: `n-${n}`, spec: networkSpec() }, call),
      ),
    );
    assert.equal(new Set(networks.map(({ spec }) => spec.vni)).size, 60);
  });

  it('a request id: what was asked of two is done once', async () => {
    const requestId = '11111111-1111-4111-8111-111111111111';
    const create = { requestId, validateOnly: false, id: 'net', spec: networkSpec({ vni: VNI }) };
    const both = await Promise.all(
      [0, 1, 2].map((i) => nva.client(i).virtualNetworks.create(create, call)),
    );
    assert.equal(new Set(both.map(({ meta }) => meta.etag)).size, 1);
    const other = { ...create, spec: networkSpec({ vni: VNI + 1 }) };
    await refusedWith('REQUEST_ID_REUSED', nva.client(2).virtualNetworks.create(other, call));
  });

  it('writers of one resource at all of them, one killed meanwhile: every change was seen by its next', async () => {
    await pool([[0, 1, 2]]);
    let left = 300;
    const done: { before: string; after: string; name: string }[] = [];
    const writer = async (i: number, writer: number): Promise<void> => {
      for (let n = 0; left > 0; n++) {
        left--;
        try {
          const { meta, spec } = await nva.client(i).virtualNetworks.get('net', call);
          const name = `${writer}.${n}`;
          const changes = { displayName: name };
          const { etag } = meta;
          const update = { id: 'net', changes, etag, validateOnly: false };
          await nva.client(i).virtualNetworks.update(update, call);
          done.push({ before: spec.displayName, after: name, name });
        } catch (error) {
          // Another writer was first, or the replica is gone: then nobody knows.
          assert.match(String(error), /has changed|others changed|nva-2\.sock|cut|stopping/);
          if (i === 2 && String(error).includes('nva-2.sock')) return;
        }
      }
    };
    const writers = [0, 1, 2, 0, 1, 2].map((i, w) => writer(i, w));
    await eventually(() => done.length > 20, 30_000);
    await nva.kill(2);
    await Promise.all(writers);
    // Each change began from another one, and no two from the same: one line, with nothing forked off.
    const from = new Map<string, string>();
    for (const { before, after } of done) {
      assert.ok(!from.has(before), `two changes began from ${before}`);
      from.set(before, after);
    }
    assert.ok(done.length > 40, `${done.length} changes`);
    const names = await Promise.all(
      [0, 1].map(async (i) => (await nva.client(i).virtualNetworks.get('net', call)).spec),
    );
    assert.deepEqual(names[0], names[1]);
  });
});
