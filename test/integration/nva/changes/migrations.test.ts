/** A migration is the NVA's own, whatever is planned, applied, gone back from or undone meanwhile or since. */
import assert from 'node:assert/strict';
import type { EndpointSpec, Migration } from '../../../../src/model/endpoint.js';
import { MIGRATION_PHASES, isOver } from '../../../../src/model/migration-phase.js';
import { keepingMigration, type PlacedEndpoint } from '../../../../src/model/migration.js';
import type { Wanted } from '../../../../src/model/changes.js';
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
  wanted,
} from '../../../support/changes-world.js';
import { call, NvaHarness } from '../../../support/nva-harness.js';
import { refusedWith } from '../../../support/refusals.js';
import {
  end,
  happens,
  migrateTo,
  migrationOf,
  stored,
  toNve,
} from '../../../support/stepped-migrations.js';

const REQUEST = toNve('web', 'host-b', { requestId: '6f1c52f0-3c0a-4b52-9d5e-0b6a7b0f2a11' });
const WEB = { id: 'web', etag: '', validateOnly: false };
const TWO_MINUTES = 120_000;

const web = (fields: Partial<EndpointSpec> = {}): Wanted =>
  endpoint('web', { mac: '02:00:00:00:00:0a', ...fields });

describe('a migration', function () {
  this.timeout(20_000);
  let nva: NvaHarness;
  /** With another MAC; then as it was when it began to migrate. */
  let otherMac: number;
  let before: number;
  beforeEach(async () => {
    nva = await NvaHarness.start();
    const other = web({ mac: '02:00:00:00:00:0f' });
    const all = [...HOSTS, network('blue', { vni: 5000 }), network('red', { vni: 5001 })];
    otherMac = (await applyAll(nva.client, ...all, other)).revision;
    before = (await applyAll(nva.client, web())).revision;
  });
  afterEach(() => nva.close());

  /** What NVEs report has revisions too. */
  const latest = async (): Promise<number> => {
    const all = { pageSize: 1, pageToken: '', filter: '' };
    return (await nva.client.changes.list(all, call)).changes[0]?.revision ?? 0;
  };
  const now = async (): Promise<PlacedEndpoint> => {
    const spec = await stored(nva, 'web');
    assert.ok(spec !== undefined);
    return spec;
  };
  const undo = (): Promise<unknown> =>
    nva.client.changes.confirm({ revision: 0, undo: true }, call);

  for (const phase of MIGRATION_PHASES) {
    describe(`that is ${phase}`, () => {
      let migration: Migration | undefined;
      /** At the place that the endpoint has, with what else is said. */
      let as: (fields?: Partial<EndpointSpec>) => Wanted;
      beforeEach(async () => {
        await migrateTo(nva, phase, REQUEST);
        const spec = await now();
        ({ migration } = spec);
        as = (fields) => web({ nve: spec.nve, ...fields });
      });
      const isKept = async (): Promise<void> => {
        assert.deepEqual(await migrationOf(nva, 'web'), migration);
      };

      it('is no part of a plan, nor of what is applied', async () => {
        const revision = await latest();
        assert.deepEqual((await plan(nva.client, as())).changes, []);
        await applyAll(nva.client, as());
        assert.equal(await latest(), revision);
        const applied = await applyAll(nva.client, as(), network('red', { vni: 5001, mtu: 1400 }));
        assert.deepEqual(linesOf(applied), ['UPDATE virtualNetworks/red']);
        await isKept();
        const replayed = await nva.client.migrations.migrate(
          { ...REQUEST, hold: phase === 'ASSOCIATED' },
          call,
        );
        assert.equal(replayed.status.migration?.phase, phase);
      });

      it('stays when the endpoint is changed, and when that is gone back from', async () => {
        const { revision } = await applyAll(nva.client, network('green'));
        await applyAll(nva.client, as({ displayName: 'moving' }));
        await isKept();
        const back = await rollBack(nva.client, revision);
        assert.deepEqual(linesOf(back), ['UPDATE endpoints/web']);
        assert.equal((await now()).displayName, '');
        await isKept();
      });

      it('stays when a change is undone', async () => {
        await applyPlan(nva.client, wanted(as({ displayName: 'moving' })), TWO_MINUTES);
        await undo();
        assert.equal((await now()).displayName, '');
        await isKept();
      });

      it('does not begin again when all goes back to its midst', async () => {
        const midst = await latest();
        const was = await now();
        await end(nva, 'web');
        await applyAll(nva.client, web({ nve: (await now()).nve, displayName: 'later' }));
        const over = await migrationOf(nva, 'web');
        assert.ok(over !== undefined && isOver(over.phase));
        await rollBack(nva.client, midst);
        assert.deepEqual(await now(), { ...was, migration: over });
        assert.deepEqual((await plan(nva.client, as())).changes, []);
      });

      it('is gone with its endpoint, and does not come back with it', async () => {
        const midst = await latest();
        const was = keepingMigration(await now(), undefined);
        await applyAll(nva.client, gone('Endpoint', 'web'));
        await rollBack(nva.client, midst);
        assert.deepEqual(await now(), was);
        await applyPlan(nva.client, wanted(gone('Endpoint', 'web')), TWO_MINUTES);
        await undo();
        assert.deepEqual(await now(), was);
      });
    });
  }

  for (const phase of MIGRATION_PHASES.filter((each) => !isOver(each))) {
    describe(`that goes on and is ${phase}`, () => {
      beforeEach(() => migrateTo(nva, phase, REQUEST));

      it('lets nobody move the endpoint, by a plan or a rollback, and says why', async () => {
        const revision = await latest();
        const spec = await now();
        const moved = await refusedWith(
          'ENDPOINT_MIGRATING',
          plan(nva.client, network('green'), web({ nve: 'host-b' })),
        );
        assert.equal(moved.violations[0]?.field, 'changes[1].put.endpoint.nve');
        const { violations } = await refusedWith(
          'ENDPOINT_MIGRATING',
          rollBack(nva.client, otherMac),
        );
        assert.deepEqual(violations, [
          {
            field: 'endpoints/web.endpoint.mac',
            value: '02:00:00:00:00:0f',
            reason: 'does not change while endpoints/web migrates from nves/host-a to nves/host-b',
            remedy: 'wait until its migration is over, or cancel it: nfvctl migrate cancel web',
          },
        ]);
        assert.equal(await latest(), revision);
        assert.deepEqual(await now(), spec);
      });

      it('keeps its target, also from a plan that has the endpoint in it', async () => {
        const both = [gone('Nve', 'host-b'), web({ displayName: 'moving' })];
        const { violations } = await refusedWith('ENDPOINT_MIGRATING', plan(nva.client, ...both));
        assert.deepEqual(violations, [
          {
            field: 'changes[1].put.endpoint.migration',
            value: 'nves/host-b',
            reason: 'is not there, or would not be, while endpoints/web migrates to it',
            remedy:
              'keep the NVE until the migration is over, or cancel it: nfvctl migrate cancel web',
          },
        ]);
        await plan(nva.client, gone('Nve', 'host-b'), gone('Endpoint', 'web'));
      });

      it('is not ended by a rollback to before it began', async () => {
        assert.deepEqual((await rollBack(nva.client, before)).changes, []);
        assert.equal((await now()).migration?.phase, phase);
      });

      it('keeps a rollback from putting an endpoint of another network in its place', async () => {
        await end(nva, 'web');
        await applyAll(nva.client, gone('Endpoint', 'web'));
        await applyAll(nva.client, web({ network: 'red' }));
        await migrateTo(nva, phase, { ...REQUEST, requestId: '' });
        const { violations } = await refusedWith(
          'ENDPOINT_MIGRATING',
          rollBack(nva.client, before),
        );
        assert.equal(violations[0]?.field, 'endpoints/web.endpoint.network');
        await end(nva, 'web');
        assert.deepEqual(linesOf(await rollBack(nva.client, before)), ['REPLACE endpoints/web']);
        assert.equal((await now()).migration, undefined);
      });

      it('may go on between a plan and its apply', async () => {
        const request = wanted(web({ displayName: 'moving' }));
        const { hash } = await nva.client.changes.plan(request, call);
        if (phase === 'RETURNING') await happens(nva, 'web', 'APPLIED');
        else await nva.client.migrations.finish({ ...WEB, force: true }, call);
        const goesOn = await migrationOf(nva, 'web');
        const apply = { plan: request, hash, requestId: '', confirmWithinMs: 0 };
        await nva.client.changes.apply(apply, call);
        assert.deepEqual(await now(), {
          ...(await now()),
          ...{ displayName: 'moving', migration: goesOn },
        });
      });

      it('takes the endpoint on while a change waits that is undone then', async () => {
        await applyPlan(nva.client, wanted(web({ displayName: 'moving' })), TWO_MINUTES);
        await end(nva, 'web');
        const ended = await now();
        await undo();
        assert.deepEqual(await now(), { ...ended, displayName: '' });
      });
    });
  }

  it('leaves a place to others, and what is undone later does not take it back', async () => {
    const port = {
      kind: 'tap',
      interface: 'tap0',
      ownerUid: 0,
      multiQueue: false,
      vnetHdr: false,
    } as const;
    await applyAll(nva.client, web({ port }));
    await migrateTo(nva, 'SWITCHING', { ...REQUEST, port });
    await applyPlan(nva.client, wanted(web({ port, displayName: 'moving' })), TWO_MINUTES);
    await end(nva, 'web');
    await applyAll(nva.client, endpoint('db', { port }));
    const claims = await claimsIn(nva.store);
    await undo();
    const { nve, displayName, migration } = await now();
    assert.deepEqual([nve, displayName, migration?.phase], ['host-b', '', 'FINISHED']);
    assert.deepEqual(await claimsIn(nva.store), claims);
  });

  it('that is finished or taken back is so again, also while a change of its network waits', async () => {
    await migrateTo(nva, 'FINISHED', REQUEST);
    await applyPlan(nva.client, wanted(network('blue', { vni: 5000, mtu: 1400 })), TWO_MINUTES);
    const finished = await nva.client.migrations.finish({ ...WEB, force: false }, call);
    assert.equal(finished.status.migration?.phase, 'FINISHED');
    await undo();
    await migrateTo(nva, 'CANCELLED', { ...REQUEST, nve: 'host-a', requestId: '' });
    await applyPlan(nva.client, wanted(network('blue', { vni: 5000, mtu: 1400 })), TWO_MINUTES);
    const cancelled = await nva.client.migrations.cancel(WEB, call);
    assert.equal(cancelled.status.migration?.phase, 'CANCELLED');
  });

  it('does not begin while a change of the endpoint waits for its confirmation', async () => {
    await applyPlan(nva.client, wanted(web({ nve: 'host-b' })), TWO_MINUTES);
    const back = toNve('web', 'host-a');
    await refusedWith('CONFIRMATION_PENDING', nva.client.migrations.migrate(back, call));
    await undo();
    assert.equal((await now()).nve, 'host-a');
    await migrateTo(nva, 'FINISHED', REQUEST);
  });

  it('that is over is gone back from by an ordinary change of place', async () => {
    await migrateTo(nva, 'FINISHED', REQUEST);
    const over = await migrationOf(nva, 'web');
    const back = await rollBack(nva.client, before);
    assert.deepEqual(linesOf(back), ['UPDATE endpoints/web']);
    const { nve, migration } = await now();
    assert.deepEqual([nve, migration], ['host-a', over]);
  });
});
