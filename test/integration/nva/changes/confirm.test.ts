import assert from 'node:assert/strict';
import type { Change, Wanted } from '../../../../src/model/changes.js';
import { eventually } from '../../../support/eventually.js';
import {
  applyAll,
  applyPlan,
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
  wanted,
} from '../../../support/changes-world.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { callWith, grant } from '../../../support/guarded.js';
import { call, NvaHarness } from '../../../support/nva-harness.js';
import { refusedWith } from '../../../support/refusals.js';

const TWO_MINUTES = 120_000;
const ALL = { pageSize: 0, pageToken: '', filter: '' };

describe('a change that is to be confirmed', function () {
  this.timeout(20_000);
  let nva: NvaHarness;
  let clock: FakeClock;
  beforeEach(async () => {
    clock = new FakeClock();
    nva = await NvaHarness.start({ clock });
    await applyAll(
      nva.client,
      ...HOSTS,
      network('blue', { vni: 5000 }),
      network('red', { vni: 5001 }),
      subnet('blue-v4'),
      router('edge', { subnets: ['blue-v4'] }),
      endpoint('web', { mac: '02:00:00:00:00:0a', ips: ['10.0.0.10'] }),
      endpoint('db', { mac: '02:00:00:00:00:0b', ips: ['10.0.0.11'], nve: 'host-b' }),
    );
  });
  afterEach(() => nva.close());

  const provisionally = (...all: readonly Wanted[]): ReturnType<typeof applyPlan> =>
    applyPlan(nva.client, wanted(...all), TWO_MINUTES);
  const confirm = (revision = 0, undo = false): Promise<{ readonly revision: number }> =>
    nva.client.changes.confirm({ revision, undo }, call);
  const newest = async (): Promise<Change | undefined> =>
    (await nva.client.changes.list(ALL, call)).changes[0];
  const undone = (): Promise<unknown> =>
    eventually(async () => {
      await clock.advance(10);
      return (await newest())?.verb === 'UNDO';
    });

  /** Something of everything: created, changed, moved, swapped and deleted. */
  const MUCH: readonly Wanted[] = [
    network('green', { vni: 5002 }),
    network('red', { vni: 5001, mtu: 1400 }),
    gone('Router', 'edge'),
    gone('Subnet', 'blue-v4'),
    endpoint('web', { mac: '02:00:00:00:00:0b', ips: ['10.0.0.11'], nve: 'host-b' }),
    gone('Endpoint', 'db'),
    endpoint('new', { mac: '02:00:00:00:00:0c', network: 'green' }),
  ];

  it('stays when it is confirmed, and leaves nothing else', async () => {
    const made = await provisionally(...MUCH);
    assert.equal(Date.parse(made.confirmBefore), clock.now() + TWO_MINUTES);
    assert.equal((await newest())?.confirmBefore, made.confirmBefore);
    const specs = await specsIn(nva.store);
    await confirm(made.revision);
    await clock.advance(2 * TWO_MINUTES);
    assert.deepEqual(await specsIn(nva.store), specs);
    const claims = await claimsIn(nva.store);
    assert.equal(claims['/nfvd/i/mac/blue/02:00:00:00:00:0a'], undefined);
    const last = await newest();
    assert.deepEqual([last?.verb, last?.target], ['CONFIRM', made.revision]);
    await refusedWith('NOT_FOUND', confirm(made.revision, true));
    await refusedWith('NOT_FOUND', confirm());
    // What it gave up is free again, and what it touched can be changed.
    await applyAll(
      nva.client,
      endpoint('db', { mac: '02:00:00:00:00:0a' }),
      gone('Endpoint', 'web'),
    );
  });

  it('is undone in time to just what was there', async () => {
    const specs = await specsIn(nva.store);
    const claims = await claimsIn(nva.store);
    const made = await provisionally(...MUCH);
    await clock.advance(TWO_MINUTES - 1);
    await refusedWith('CONFIRMATION_PENDING', plan(nva.client, network('red', { vni: 5001 })));
    await clock.advance(1);
    await undone();
    assert.deepEqual(await specsIn(nva.store), specs);
    assert.deepEqual(await claimsIn(nva.store), claims);
    const last = await newest();
    assert.deepEqual([last?.who, last?.target], ['nva', made.revision]);
    await refusedWith('NOT_FOUND', confirm(made.revision));
  });

  it('is undone by an NVA that starts again after the deadline', async () => {
    const specs = await specsIn(nva.store);
    await provisionally(...MUCH);
    await nva.stopNva();
    await clock.advance(TWO_MINUTES);
    await nva.startNva();
    await undone();
    assert.deepEqual(await specsIn(nva.store), specs);
  });

  it('is undone at once when that is asked for', async () => {
    const specs = await specsIn(nva.store);
    const made = await provisionally(...MUCH);
    await confirm(0, true);
    assert.deepEqual(await specsIn(nva.store), specs);
    const last = await newest();
    assert.deepEqual([last?.verb, last?.who, last?.target], ['UNDO', 'local', made.revision]);
  });

  it('may be a rollback', async () => {
    const { revision } = nva.store.status();
    await applyAll(nva.client, ...MUCH);
    const specs = await specsIn(nva.store);
    await rollBack(nva.client, revision, TWO_MINUTES);
    assert.notDeepEqual(await specsIn(nva.store), specs);
    await clock.advance(TWO_MINUTES);
    await undone();
    assert.deepEqual(await specsIn(nva.store), specs);
  });

  it('gives a router back what it holds by a subnet that a rollback had put into another network', async () => {
    const far = { prefix: '10.9.0.0/24', gateway: '10.9.0.1', pools: [] };
    const both = router('edge', { subnets: ['blue-v4', 'far'] });
    await applyAll(nva.client, network('green', { vni: 5002 }));
    await applyAll(nva.client, subnet('far', { ...far, network: 'green' }), both);
    const { revision } = nva.store.status();
    // Moved by hand; the router is the same before and after.
    const without = router('edge', { subnets: ['blue-v4'] });
    await applyAll(nva.client, without, gone('Subnet', 'far'));
    await applyAll(nva.client, subnet('far', { ...far, network: 'red' }), both);
    const specs = await specsIn(nva.store);
    const claims = await claimsIn(nva.store);
    await rollBack(nva.client, revision, TWO_MINUTES);
    assert.notDeepEqual(await claimsIn(nva.store), claims);
    await confirm(0, true);
    assert.deepEqual(await specsIn(nva.store), specs);
    assert.deepEqual(await claimsIn(nva.store), claims);
  });

  it('is not confirmed after the deadline, nor by who may not change it', async () => {
    const made = await provisionally(...MUCH);
    const viewer = callWith(grant('viewer'));
    await refusedWith(
      'ACCESS_DENIED',
      nva.nva.changes.confirm({ revision: 0, undo: false }, viewer),
    );
    const other = callWith(grant('tenant', ['other']));
    await refusedWith(
      'NOT_FOUND',
      nva.nva.changes.confirm({ revision: made.revision, undo: true }, other),
    );
  });

  for (const undo of [false, true]) {
    it(`is ${undo ? 'undone' : 'confirmed'} once, however often the same caller asks for that`, async () => {
      const made = await provisionally(network('green'));
      const done = await confirm(made.revision, undo);
      await provisionally(network('another'));
      const specs = await specsIn(nva.store);
      for (let i = 0; i < 3; i++) assert.deepEqual(await confirm(made.revision, undo), done);
      await refusedWith('NOT_FOUND', confirm(made.revision, !undo));
      const admin = callWith(grant('admin'));
      await refusedWith(
        'NOT_FOUND',
        nva.nva.changes.confirm({ revision: made.revision, undo }, admin),
      );
      assert.deepEqual(await specsIn(nva.store), specs);
    });
  }

  it('is named where several wait', async () => {
    const first = await provisionally(network('one'));
    const second = await provisionally(network('two'));
    const error = await refusedWith('INVALID_FIELD', confirm());
    assert.match(error.message, new RegExp(`${first.revision}, ${second.revision}`));
    await confirm(first.revision);
    await confirm();
  });

  describe('and meanwhile others', () => {
    beforeEach(() => provisionally(...MUCH));

    const REFUSED: readonly [
      title: string,
      code: Parameters<typeof refusedWith>[0],
      wish: Wanted,
    ][] = [
      ['change what it changed', 'CONFIRMATION_PENDING', network('red', { vni: 5001, mtu: 1500 })],
      [
        'change what it created',
        'CONFIRMATION_PENDING',
        network('green', { vni: 5002, mtu: 1500 }),
      ],
      ['delete what it changed', 'CONFIRMATION_PENDING', gone('VirtualNetwork', 'red')],
      ['create what it deleted', 'CONFIRMATION_PENDING', endpoint('db')],
      ['refer to what it created', 'CONFIRMATION_PENDING', endpoint('e', { network: 'green' })],
      ['refer to what it changed', 'CONFIRMATION_PENDING', endpoint('e', { network: 'red' })],
      ['take the prefix that it deleted', 'CONFIRMATION_PENDING', subnet('again')],
      ['take a MAC that it gave up', 'MAC_IN_USE', endpoint('e', { mac: '02:00:00:00:00:0a' })],
      ['take an address that it gave up', 'IP_IN_USE', endpoint('e', { ips: ['10.0.0.10'] })],
      ['delete an NVE that it moved an endpoint from', 'RESOURCE_IN_USE', gone('Nve', 'host-a')],
    ];
    for (const [title, code, wish] of REFUSED) {
      it(`cannot ${title}, by a plan or by itself`, async () => {
        const { revision } = nva.store.status();
        await refusedWith(code, plan(nva.client, wish));
        await refusedWith(code, single(nva, wish));
        assert.equal(nva.store.status().revision, revision);
      });
    }

    it('are told by whom, since when and until when', async () => {
      const error = await refusedWith(
        'CONFIRMATION_PENDING',
        single(nva, gone('VirtualNetwork', 'red')),
      );
      assert.match(
        error.message,
        /^virtualNetworks\/red is part of change \d+ by local, which is undone at /,
      );
    });

    it('can do everything else, and it is undone all the same', async () => {
      await applyAll(nva.client, network('other'), endpoint('e', { mac: '02:00:00:00:00:0e' }));
      await clock.advance(TWO_MINUTES);
      await undone();
      assert.deepEqual(
        Object.keys(await specsIn(nva.store)).filter((name) => name.startsWith('endpoints/')),
        ['endpoints/db', 'endpoints/e', 'endpoints/web'],
      );
      const change = await newest();
      assert.equal(change && linesOf(change).length, MUCH.length);
    });
  });
});

/** A wish by the method for one resource. */
async function single({ client }: NvaHarness, wish: Wanted): Promise<unknown> {
  if ('delete' in wish) {
    const { kind, id } = wish.delete;
    const request = { id, etag: '', validateOnly: false };
    return kind === 'Nve'
      ? client.nves.delete(request, call)
      : client.virtualNetworks.delete(request, call);
  }
  const { put } = wish;
  const request = { id: put.id, requestId: '', validateOnly: false };
  if (put.kind === 'Endpoint') return client.endpoints.create({ ...request, spec: put.spec }, call);
  if (put.kind === 'Subnet') return client.subnets.create({ ...request, spec: put.spec }, call);
  if (put.kind !== 'VirtualNetwork') throw new Error(`no test has a ${put.kind}`);
  const changes = { mtu: put.spec.mtu };
  return client.virtualNetworks.update(
    { id: put.id, changes, etag: '', validateOnly: false },
    call,
  );
}
