/** Plans, confirmations and the history on etcd, with several replicas. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { EtcdCluster, needEtcd } from '../../../support/etcd.js';
import { eventually } from '../../../support/eventually.js';
import {
  applyAll,
  applyPlan,
  endpoint,
  gone,
  HOSTS,
  linesOf,
  network,
  plan,
  rollBack,
  subnet,
  wanted,
} from '../../../support/changes-world.js';
import { call, NvaReplicas } from '../../../support/nva-replicas.js';
import { refusedWith } from '../../../support/refusals.js';

const ALL = { pageSize: 0, pageToken: '', filter: '' };

describe('changes on etcd', function () {
  this.timeout(120_000);
  let cluster: EtcdCluster;
  let nva: NvaReplicas;

  before(async function () {
    needEtcd(this);
    cluster = await EtcdCluster.start({ members: 1 });
    nva = await NvaReplicas.start(cluster, 2);
  });
  after(async () => {
    await nva.close();
    await cluster.stop();
  });

  it('are planned at one replica and applied at another, seen at both and rolled back', async () => {
    const [a, b] = [nva.client(0), nva.client(1)];
    const at = await applyAll(a, ...HOSTS, network('blue', { vni: 5000 }));
    const wishes = [subnet('blue-v4'), endpoint('web', { subnets: ['blue-v4'] })];
    const made = await plan(a, ...wishes);
    assert.equal((await plan(b, ...wishes)).hash, made.hash);
    const request = { plan: wanted(...wishes), hash: made.hash, requestId: '', confirmWithinMs: 0 };
    const { revision } = await b.changes.apply(request, call);
    const [newest] = (await a.changes.list(ALL, call)).changes;
    assert.equal(newest?.revision, revision);
    assert.deepEqual(linesOf(newest).sort(), ['CREATE endpoints/web', 'CREATE subnets/blue-v4']);
    await rollBack(a, at.revision);
    await refusedWith('NOT_FOUND', b.endpoints.get('web', call));
  });

  it('are made once, and answered alike, where both are asked for the same at once', async () => {
    const both = [nva.client(0), nva.client(1)];
    for (let i = 0; i < 20; i++) {
      const wish = wanted(network(`same-${i}`));
      const { hash } = await nva.client(i % 2).changes.plan(wish, call);
      const request = { plan: wish, hash, requestId: randomUUID(), confirmWithinMs: 60_000 };
      const [first, ...others] = await Promise.all(
        [...both, ...both].map(({ changes }) => changes.apply(request, call)),
      );
      for (const other of others) assert.deepEqual(other, first);
      assert.ok(first !== undefined);
      const confirmed = await Promise.all(
        both.map(({ changes }) => changes.confirm({ revision: first.revision, undo: false }, call)),
      );
      assert.deepEqual(confirmed[0], confirmed[1]);
    }
  });

  it('are refused where they take more than etcd does in one transaction', async () => {
    const many = Array.from({ length: 40 }, (_, i) => network(`n${i}`));
    const error = await refusedWith('PLAN_TOO_LARGE', applyAll(nva.client(0), ...many));
    assert.equal(error.metadata['limit'], '120');
  });

  it('are undone by another replica when the one that made them is killed, once', async () => {
    const [a, b] = [nva.client(0), nva.client(1)];
    await applyAll(a, network('red', { vni: 6000 }));
    const request = wanted(network('green', { vni: 6001 }), gone('VirtualNetwork', 'red'));
    const made = await applyPlan(a, request, 2000);
    await nva.kill(0);
    await refusedWith('CONFIRMATION_PENDING', plan(b, network('red')));
    const undone = await eventually(async () => {
      const { changes } = await b.changes.list({ ...ALL, filter: 'verb = UNDO' }, call);
      return changes.length > 0 && changes;
    }, 30_000);
    assert.deepEqual(
      undone.map(({ who, target }) => [who, target]),
      [['nva', made.revision]],
    );
    assert.equal((await b.virtualNetworks.get('red', call)).spec.vni, 6000);
    await refusedWith('NOT_FOUND', b.virtualNetworks.get('green', call));
    await nva.start(0);
    const again = await a.changes.list({ ...ALL, filter: 'verb = UNDO' }, call);
    assert.equal(again.changes.length, 1);
  });
});
