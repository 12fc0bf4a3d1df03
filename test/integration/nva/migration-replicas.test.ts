/** A migration where each NVE has its session with another replica, of which one is killed. */
import assert from 'node:assert/strict';
import type { Endpoint, Port } from '../../../src/model/endpoint.js';
import { portKey } from '../../../src/model/item.js';
import { EtcdCluster, needEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { call, NvaReplicas, type ReplicaAgent } from '../../support/nva-replicas.js';
import { endpointSpec, networkSpec, nveSpec } from '../../support/specs.js';

const request = { requestId: '', validateOnly: false };
const tap = (n: number): Port => ({
  kind: 'tap',
  ...{ interface: `tap${n}`, ownerUid: 0, multiQueue: false, vnetHdr: false },
});
const MOVER = { id: 'e-0', etag: '', validateOnly: false };

describe('nva replicas, a migration', function () {
  this.timeout(120_000);
  const ends: (() => Promise<void>)[] = [];
  let nva: NvaReplicas;
  const agents: ReplicaAgent[] = [];

  before(async function () {
    needEtcd(this);
    const cluster = await EtcdCluster.start({ members: 1 });
    ends.unshift(() => cluster.stop());
    nva = await NvaReplicas.start(cluster, 3);
    ends.unshift(() => nva.close());
  });

  after(async () => {
    for (const agent of agents) await agent.stop();
    for (const end of ends) await end();
  });

  it('goes through, whoever has the sessions, and with a replica killed on the way', async () => {
    const api = nva.client(1);
    const net = { ...request, id: 'net', spec: networkSpec({ vni: 100 }) };
    await api.virtualNetworks.create(net, call);
    for (const i of [0, 1, 2]) {
      const spec = nveSpec([`192.0.2.${i + 1}`]);
      await api.nves.create({ ...request, id: `host-${i}`, spec }, call);
      agents.push(await nva.agent(`host-${i}`, [i, (i + 1) % 3, (i + 2) % 3]));
    }
    for (const n of [0, 1]) {
      const mac = `02:00:00:00:00:0${n + 1}`;
      const spec = endpointSpec({ network: 'net', nve: `host-${n}`, mac, port: tap(n) });
      await api.endpoints.create({ ...request, id: `e-${n}`, spec }, call);
    }
    const { laggards } = await api.waitApplied({ revision: 0, timeoutMs: 20_000 }, call);
    assert.deepEqual(laggards, []);
    const to = { ...MOVER, nve: 'host-2', port: tap(9), requestId: '', hold: true, timeoutMs: 0 };
    await api.migrations.migrate(to, call);
    const comesTo = (check: (endpoint: Endpoint) => void): Promise<unknown> =>
      eventually(async () => {
        check(await api.endpoints.get('e-0', call));
      }, 30_000);
    await comesTo(({ status }) => {
      assert.equal(status.migration?.phase, 'ASSOCIATED');
      const places = status.attachments.map(({ nve, state }) => `${nve} ${state}`);
      assert.deepEqual(places, ['host-0 ACTIVATED', 'host-2 ASSOCIATED']);
    });
    // That of the source.
    await nva.kill(0);
    await api.migrations.finish({ ...MOVER, force: false }, call);
    await comesTo(({ spec, status }) => {
      assert.deepEqual([status.migration?.phase, spec.nve], ['FINISHED', 'host-2']);
      const places = status.attachments.map(({ nve, state }) => `${nve} ${state}`);
      assert.deepEqual(places, ['host-2 ACTIVATED']);
    });
    await eventually(() => {
      const holders = agents.map(({ keys }) => keys.includes(portKey('e-0')));
      assert.deepEqual(holders, [false, false, true]);
    });
  });
});
