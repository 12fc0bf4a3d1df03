import assert from 'node:assert/strict';
import type { Change, Wanted } from '../../../../src/model/changes.js';
import { forgetChanges } from '../../../../src/nva/changes/forget.js';
import {
  applyAll,
  claimsIn,
  endpoint,
  gone,
  HOSTS,
  linesOf,
  network,
  plan,
  rollBack,
  router,
  specsIn,
  subnet,
} from '../../../support/changes-world.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { callWith, grant, NEW } from '../../../support/guarded.js';
import { call, NvaHarness } from '../../../support/nva-harness.js';
import { refusedWith } from '../../../support/refusals.js';
import { networkSpec } from '../../../support/specs.js';

const ALL = { pageSize: 0, pageToken: '', filter: '' };

describe('the history', () => {
  let nva: NvaHarness;
  beforeEach(async () => {
    nva = await NvaHarness.start();
  });
  afterEach(() => nva.close());

  const titles = (changes: readonly Change[]): string[] =>
    changes.map((change) => `${change.verb}: ${linesOf(change).join(', ')}`);

  it('has each change with who, when and what, the newest first', async () => {
    const { virtualNetworks } = nva.client;
    const blue = await virtualNetworks.create(
      { ...NEW, id: 'blue', spec: networkSpec({ vni: 5000 }) },
      call,
    );
    const changes = { mtu: 1400 };
    await virtualNetworks.update({ id: 'blue', changes, etag: '', validateOnly: false }, call);
    await virtualNetworks.delete({ id: 'blue', etag: '', validateOnly: false }, call);
    await applyAll(nva.client, ...HOSTS);
    const page = await nva.client.changes.list(ALL, call);
    assert.deepEqual(titles(page.changes), [
      'APPLY: CREATE nves/host-a, CREATE nves/host-b',
      'DELETE: DELETE virtualNetworks/blue',
      'UPDATE: UPDATE virtualNetworks/blue',
      'CREATE: CREATE virtualNetworks/blue',
    ]);
    const [, , updated, created] = page.changes;
    assert.equal(created?.revision, blue.meta.revision);
    assert.deepEqual(created.changes[0]?.after, {
      kind: 'VirtualNetwork',
      id: 'blue',
      spec: blue.spec,
    });
    assert.deepEqual(updated?.changes[0]?.after?.spec, { ...blue.spec, mtu: 1400 });
    assert.equal(created.who, 'local');
    assert.equal(created.time, blue.meta.createTime);
    assert.deepEqual(await nva.client.changes.get(created.id, call), created);
  });

  it('comes in pages and by filters', async () => {
    for (const id of ['a', 'b', 'c']) await applyAll(nva.client, network(id));
    await applyAll(nva.client, gone('VirtualNetwork', 'b'));
    const first = await nva.client.changes.list({ ...ALL, pageSize: 3 }, call);
    // What comes meanwhile is not on the pages that follow.
    await applyAll(nva.client, network('d'));
    const request = { ...ALL, pageSize: 3, pageToken: first.nextPageToken };
    const second = await nva.client.changes.list(request, call);
    assert.deepEqual(titles([...first.changes, ...second.changes]), [
      'APPLY: DELETE virtualNetworks/b',
      'APPLY: CREATE virtualNetworks/c',
      'APPLY: CREATE virtualNetworks/b',
      'APPLY: CREATE virtualNetworks/a',
    ]);
    assert.equal(second.nextPageToken, '');
    const about = async (filter: string): Promise<number> =>
      (await nva.client.changes.list({ ...ALL, filter }, call)).changes.length;
    assert.equal(await about('resources:"virtualNetworks/b"'), 2);
    assert.equal(await about('verb = APPLY AND revision > 3'), 2);
    assert.equal(await about('who = "user/alice"'), 0);
    await refusedWith('INVALID_FILTER', about('colour = red'));
    await refusedWith(
      'INVALID_PAGE_TOKEN',
      nva.client.changes.list({ ...request, filter: 'verb = APPLY' }, call),
    );
  });

  it('leaves others their turn, however much has to be looked at', async () => {
    const { virtualNetworks } = nva.client;
    await virtualNetworks.create({ ...NEW, id: 'blue', spec: networkSpec({ vni: 5000 }) }, call);
    const { revision } = nva.store.status();
    for (let i = 0; i < 500; i++) {
      const changes = { mtu: 1300 + (i % 2) };
      await virtualNetworks.update({ id: 'blue', changes, etag: '', validateOnly: false }, call);
    }
    // By the API itself: a call over a socket leaves them their turn anyway.
    const { changes: api } = nva.nva;
    for (const looks of [
      () => api.list({ ...ALL, filter: 'who = nobody' }, call),
      () => api.plan({ rollbackTo: revision }, call),
      () => api.confirm({ revision, undo: false }, call).catch(() => undefined),
    ]) {
      let turns = 0;
      let goesOn = true;
      const other = (): void => {
        turns++;
        if (goesOn) setImmediate(other);
      };
      setImmediate(other);
      await looks();
      goesOn = false;
      assert.ok(turns >= 9, `${turns} turns`);
    }
  });

  it('is there after a restart', async () => {
    await applyAll(nva.client, network('a'));
    const before = await nva.client.changes.list(ALL, call);
    await nva.stopNva();
    await nva.startNva();
    assert.deepEqual((await nva.client.changes.list(ALL, call)).changes, before.changes);
  });

  it('is seen by tenants as far as they may read', async () => {
    await applyAll(
      nva.client,
      ...HOSTS,
      network('blue', { tenant: 'blue' }),
      network('red', { tenant: 'red' }),
      endpoint('web'),
    );
    await applyAll(nva.client, gone('Endpoint', 'web'));
    await applyAll(nva.client, gone('VirtualNetwork', 'red'));
    const blue = callWith(grant('tenant', ['blue'], ['tap']));
    const { changes } = await nva.nva.changes.list(ALL, blue);
    assert.deepEqual(titles(changes), [
      'APPLY: DELETE endpoints/web',
      'APPLY: CREATE virtualNetworks/blue, CREATE endpoints/web',
    ]);
    const [last] = (await nva.client.changes.list(ALL, call)).changes;
    await refusedWith('NOT_FOUND', nva.nva.changes.get(last?.id ?? '', blue));
  });

  describe('rollback', () => {
    it('brings back what was deleted, changed and created anew, in one step', async () => {
      const at = await applyAll(
        nva.client,
        ...HOSTS,
        network('blue', { vni: 5000 }),
        subnet('blue-v4'),
        endpoint('web', { ips: ['10.0.0.10'] }),
      );
      const before = await specsIn(nva.store);
      const all = [
        gone('Endpoint', 'web'),
        gone('Subnet', 'blue-v4'),
        gone('VirtualNetwork', 'blue'),
      ];
      await applyAll(nva.client, ...all);
      await applyAll(
        nva.client,
        network('blue', { vni: 6000 }),
        endpoint('web', { ips: ['10.9.0.1'], nve: 'host-b' }),
        endpoint('new', { ips: ['10.0.0.10'] }),
      );
      const back = await rollBack(nva.client, at.revision);
      assert.deepEqual(linesOf(back).sort(), [
        'CREATE subnets/blue-v4',
        'DELETE endpoints/new',
        'REPLACE virtualNetworks/blue',
        'UPDATE endpoints/web',
      ]);
      assert.deepEqual(await specsIn(nva.store), before);
      const [change] = (await nva.client.changes.list(ALL, call)).changes;
      assert.deepEqual([change?.verb, change?.target], ['ROLLBACK', at.revision]);
      // And there again.
      await rollBack(nva.client, back.revision - 1);
      assert.equal((await nva.client.virtualNetworks.get('blue', call)).spec.vni, 6000);
    });

    for (const [part, spec] of [
      ['subnets', { subnets: ['far'] }],
      ['exits', { exits: [{ subnet: 'far', gateways: [{ nve: 'host-a', address: '10.9.0.9' }] }] }],
    ] as const) {
      it(`has a router follow a subnet of its ${part} to another network and back, itself the same`, async () => {
        const far = (id: string): Wanted =>
          subnet('far', { prefix: '10.9.0.0/24', gateway: '10.9.0.1', pools: [], network: id });
        const networks = ['green', 'red'].map((id) => network(id));
        const edge = router('edge', { ...spec, vrfId: 7, transitVni: part === 'exits' ? 9000 : 0 });
        const first = await applyAll(nva.client, ...HOSTS, ...networks, far('green'), edge);
        const claims = await claimsIn(nva.store);
        await applyAll(nva.client, gone('Router', 'edge'), gone('Subnet', 'far'));
        const second = await applyAll(nva.client, far('red'), edge);
        const others = await claimsIn(nva.store);
        assert.notDeepEqual(others, claims);
        const back = await rollBack(nva.client, first.revision);
        assert.deepEqual(linesOf(back), ['REPLACE subnets/far']);
        assert.deepEqual(await claimsIn(nva.store), claims);
        // The router is in no record of that, and goes along all the same.
        await rollBack(nva.client, second.revision);
        assert.deepEqual(await claimsIn(nva.store), others);
      });
    }

    it('takes a subnet from an endpoint that had its address before there was the subnet', async () => {
      const web = endpoint('web', { ips: ['10.0.0.10'], mac: '02:00:00:00:00:0a' });
      const at = await applyAll(nva.client, ...HOSTS, network('blue'), web);
      await applyAll(nva.client, subnet('blue-v4'));
      await refusedWith('RESOURCE_IN_USE', plan(nva.client, gone('Subnet', 'blue-v4')));
      const back = await rollBack(nva.client, at.revision);
      assert.deepEqual(linesOf(back), ['DELETE subnets/blue-v4']);
    });

    it('of a tenant leaves alone what is another’s', async () => {
      const at = await applyAll(
        nva.client,
        network('blue', { tenant: 'blue' }),
        network('red', { tenant: 'red' }),
      );
      await applyAll(
        nva.client,
        network('blue', { tenant: 'blue', mtu: 1400 }),
        network('red', { tenant: 'red', mtu: 1400 }),
      );
      const blue = callWith(grant('tenant', ['blue'], ['tap']));
      const request = { rollbackTo: at.revision };
      const { hash } = await nva.nva.changes.plan(request, blue);
      await nva.nva.changes.apply({ plan: request, hash, requestId: '', confirmWithinMs: 0 }, blue);
      const mtuOf = async (id: string): Promise<number> =>
        (await nva.client.virtualNetworks.get(id, call)).spec.mtu;
      assert.deepEqual([await mtuOf('blue'), await mtuOf('red')], [0, 1400]);
    });

    it('refuses what is forgotten, and what is not reached', async () => {
      const revisions: number[] = [];
      for (const id of ['a', 'b', 'c', 'd']) {
        revisions.push((await applyAll(nva.client, network(id))).revision);
      }
      const limits = { maxChanges: 2, maxAgeMs: 3_600_000 };
      const { signal } = call;
      const { index } = nva.nva.changes;
      const now = new FakeClock().now();
      assert.equal(await forgetChanges(nva.store, index, now, limits, signal), 2);
      const [a = 0, b = 0, c = 0] = revisions;
      const page = await nva.client.changes.list(ALL, call);
      assert.equal(page.oldestRevision, c - 1);
      await refusedWith('REVISION_COMPACTED', rollBack(nva.client, a));
      await refusedWith('REVISION_COMPACTED', nva.client.changes.get(String(a), call));
      await refusedWith('REVISION_IN_FUTURE', rollBack(nva.client, 1000));
      await rollBack(nva.client, b);
      assert.deepEqual(Object.keys(await specsIn(nva.store)).sort(), [
        'virtualNetworks/a',
        'virtualNetworks/b',
      ]);
    });

    it('forgets what is too old, but not what waits for its confirmation', async () => {
      await applyAll(nva.client, network('a'));
      const { signal } = call;
      const { index } = nva.nva.changes;
      const limits = { maxChanges: 100, maxAgeMs: 3_600_000 };
      assert.equal(await forgetChanges(nva.store, index, Date.now(), limits, signal), 0);
      const later = Date.now() + 2 * 3_600_000;
      assert.equal(await forgetChanges(nva.store, index, later, limits, signal), 1);
    });
  });
});
