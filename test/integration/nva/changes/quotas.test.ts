/** Quotas over plans, and what a rollback relies on: two NVAs on one embedded store. */
import assert from 'node:assert/strict';
import { parseAccessPolicy } from '../../../../src/model/access-policy.js';
import type { NvaApi } from '../../../../src/model/api.js';
import { systemClock } from '../../../../src/model/clock.js';
import { CHANGES } from '../../../../src/nva/keys.js';
import { Nva } from '../../../../src/nva/nva.js';
import { openLmdbStore } from '../../../../src/store/lmdb/store.js';
import type { Store, Txn } from '../../../../src/store/store.js';
import {
  applyAll,
  applyPlan,
  endpoint,
  gone,
  HOSTS,
  network,
  plan,
  rollBack,
  router,
  subnet,
  wanted,
} from '../../../support/changes-world.js';
import { FaultyStore } from '../../../support/faulty-store.js';
import { NEW } from '../../../support/guarded.js';
import { call } from '../../../support/nva-harness.js';
import { nullLog } from '../../../support/null-log.js';
import { refusedWith } from '../../../support/refusals.js';
import { networkSpec } from '../../../support/specs.js';
import { tempDir } from '../../../support/temp-dir.js';

const POLICY = `quotas:
  default: { virtualNetworks: 3, subnets: 1, routers: 1, endpoints: 2 }
  tenants: { big: { virtualNetworks: 30 } }
`;
const ALL = { pageSize: 1000, pageToken: '', filter: '' };

const tap = (id: string): ReturnType<typeof endpoint> => {
  const fixed = { ownerUid: 0, multiQueue: false, vnetHdr: false };
  return endpoint(id, { port: { kind: 'tap', interface: id, ...fixed } });
};

describe('quotas over plans', function () {
  this.timeout(20_000);
  let dir: ReturnType<typeof tempDir>;
  let store: Store;
  let faulty: FaultyStore;
  let nva: Nva;
  let other: Nva;

  const start = (on: Store): Promise<Nva> =>
    Nva.start({
      ...{ store: on, clock: systemClock, log: nullLog, keepRevisions: 100_000 },
      ...{
        policy: () => parseAccessPolicy(POLICY, 'policy.yaml'),
        vniRange: { min: 4096, max: 8191 },
      },
    });
  beforeEach(async () => {
    dir = tempDir();
    store = await openLmdbStore({ path: `${dir.path}/data` });
    faulty = new FaultyStore(store);
    nva = await start(faulty);
    other = await start(store);
  });
  afterEach(async () => {
    await nva.stop();
    await other.stop();
    await store.close();
    dir.remove();
  });

  const create = (id: string, tenant: string, by: NvaApi): Promise<unknown> =>
    by.virtualNetworks.create({ ...NEW, id, spec: networkSpec({ tenant }) }, call);
  const networks = async (): Promise<string[]> =>
    (await other.virtualNetworks.list(ALL, call)).resources.map(({ id }) => id);
  /** Does something once, between a plan and its transaction. */
  const meanwhile = (verb: string, work: () => Promise<unknown>): void => {
    const isIt = ({ ops }: Txn): boolean =>
      ops.some(
        (op) =>
          op.kind === 'put' && op.key.startsWith(CHANGES) && op.value.includes(`"verb":"${verb}"`),
      );
    faulty.judge = async (_count, txn) => {
      if (!isIt(txn)) return undefined;
      faulty.judge = undefined;
      await work();
      return undefined;
    };
  };

  it('count all of it, of each kind, and name what is one too many', async () => {
    await create('a', 'blue', nva);
    const nets = ['b', 'c', 'd', 'e'].map((id) => network(id, { tenant: 'blue' }));
    const made = plan(nva, ...HOSTS, ...nets);
    const { violations, metadata, message } = await refusedWith('QUOTA_EXCEEDED', made);
    const text = 'tenant blue has 1 virtualNetworks, would have 5, and may have 3';
    assert.equal(message, text);
    assert.deepEqual(
      violations.map(({ field, value, reason }) => [field, value, reason]),
      [
        ['changes[4].put', 'virtualNetworks/d', text],
        ['changes[5].put', 'virtualNetworks/e', text],
      ],
    );
    assert.deepEqual(metadata, {
      quotaSubject: 'tenant/blue',
      ...{ kind: 'virtualNetworks', limit: '3' },
    });
    await refusedWith('QUOTA_EXCEEDED', plan(nva, router('r1'), router('r2')));
    const net = network('blue');
    const eps = ['e1', 'e2', 'e3'].map((id) => tap(id));
    await refusedWith('QUOTA_EXCEEDED', plan(nva, ...HOSTS, net, ...eps));
    const subs = ['10.1.0', '10.2.0'].map((of, i) =>
      subnet(`s${i}`, { prefix: `${of}.0/24`, gateway: `${of}.1`, pools: [] }),
    );
    await refusedWith('QUOTA_EXCEEDED', plan(nva, net, ...subs));
    await applyAll(nva, ...HOSTS, net, ...eps.slice(1), ...subs.slice(1), router('r1'));
  });

  it('let what goes make room for what comes, and for what others create next', async () => {
    await applyAll(nva, ...['a', 'b', 'c'].map((id) => network(id, { tenant: 'blue' })));
    await refusedWith('QUOTA_EXCEEDED', create('d', 'blue', other));
    await applyAll(nva, gone('VirtualNetwork', 'a'), network('d', { tenant: 'blue' }));
    await refusedWith('QUOTA_EXCEEDED', create('e', 'blue', other));
    await applyAll(nva, gone('VirtualNetwork', 'b'));
    await create('e', 'blue', other);
    await refusedWith('QUOTA_EXCEEDED', create('f', 'blue', nva));
  });

  it('hold against a create at the same moment elsewhere', async () => {
    await applyAll(nva, ...['a', 'b'].map((id) => network(id, { tenant: 'blue' })));
    meanwhile('APPLY', () => create('c', 'blue', other));
    const late = await refusedWith('PLAN_CHANGED', applyAll(nva, network('d', { tenant: 'blue' })));
    assert.match(late.message, /tenant blue has 3 virtualNetworks, would have 4/);
    assert.deepEqual(await networks(), ['a', 'b', 'c']);
  });

  it('are never overshot by plans and creates of two processes together', async () => {
    const five = (i: number): Promise<unknown> =>
      applyAll(
        i % 2 === 0 ? nva : other,
        ...[0, 1, 2, 3, 4].map((j) => network(`n${i}-${j}`, { tenant: 'big' })),
      );
    await Promise.allSettled([
      ...Array.from({ length: 8 }, (_, i) => five(i)),
      ...Array.from({ length: 10 }, (_, i) => create(`m${i}`, 'big', i % 2 === 0 ? nva : other)),
    ]);
    const { length } = await networks();
    assert.ok(length > 0 && length <= 30, String(length));
    for (let i = length; i < 30; i++) await create(`last-${i}`, 'big', other);
    await refusedWith('QUOTA_EXCEEDED', plan(nva, network('more', { tenant: 'big' })));
  });

  it('bound a rollback, and never an undo', async () => {
    const { revision } = await applyAll(nva, network('a'), network('b'));
    const request = wanted(gone('VirtualNetwork', 'a'), gone('VirtualNetwork', 'b'));
    const { tenant } = networkSpec();
    const made = await applyPlan(nva, request, 60_000);
    for (const id of ['c', 'd', 'e']) await create(id, tenant, other);
    const undo = { revision: made.revision, undo: true };
    await nva.changes.confirm(undo, call);
    assert.deepEqual(await networks(), ['a', 'b', 'c', 'd', 'e']);
    // What is over takes nothing away, and leaves no room.
    await refusedWith('QUOTA_EXCEEDED', create('f', tenant, other));
    await refusedWith('QUOTA_EXCEEDED', plan(nva, network('f')));
    await applyAll(nva, gone('VirtualNetwork', 'a'), gone('VirtualNetwork', 'b'));
    await refusedWith('QUOTA_EXCEEDED', create('f', tenant, nva));
    // Back to a and b alone: three go, and two come.
    await rollBack(nva, revision);
    assert.deepEqual(await networks(), ['a', 'b']);
  });

  it('leave a rollback to say what is wrong by the name of the resource', async () => {
    const { revision } = await applyAll(nva, network('a', { vni: 5000 }));
    await applyAll(nva, gone('VirtualNetwork', 'a'));
    const policy = parseAccessPolicy('quotas: { default: { virtualNetworks: 0 } }', 'p');
    const strict = await Nva.start({
      ...{ store, clock: systemClock, log: nullLog, keepRevisions: 100_000, policy: () => policy },
      vniRange: { min: 4096, max: 8191 },
    });
    try {
      const back = strict.changes.plan({ rollbackTo: revision }, call);
      const { violations } = await refusedWith('QUOTA_EXCEEDED', back);
      assert.deepEqual(
        violations.map(({ field }) => field),
        ['virtualNetworks/a'],
      );
    } finally {
      await strict.stop();
    }
  });
});

describe('a rollback that replaces a network', function () {
  this.timeout(20_000);
  it('takes in an endpoint that somebody adds at the same moment', async () => {
    const dir = tempDir();
    const store = await openLmdbStore({ path: `${dir.path}/data` });
    const faulty = new FaultyStore(store);
    const options = {
      ...{ clock: systemClock, log: nullLog, keepRevisions: 100_000 },
      vniRange: { min: 4096, max: 8191 },
    };
    const nva = await Nva.start({ ...options, store: faulty });
    const other = await Nva.start({ ...options, store });
    try {
      const { revision } = await applyAll(nva, ...HOSTS, network('blue', { vni: 5000 }));
      await applyAll(nva, gone('VirtualNetwork', 'blue'));
      await applyAll(nva, network('blue', { vni: 6000 }));
      let count = 0;
      faulty.judge = async (_count, { ops }) => {
        const isRollback = ops.some((op) => op.kind === 'put' && op.value.includes('"ROLLBACK"'));
        if (isRollback && count++ === 0) await applyAll(other, tap('late'));
        return undefined;
      };
      // What was planned knew nothing of the endpoint, which goes with the network it came to.
      await refusedWith('PLAN_CHANGED', rollBack(nva, revision));
      assert.equal(count, 1);
      assert.equal((await nva.virtualNetworks.get('blue')).spec.vni, 6000);
      await rollBack(nva, revision);
      await refusedWith('NOT_FOUND', other.endpoints.get('late'));
      assert.equal((await other.virtualNetworks.get('blue')).spec.vni, 5000);
    } finally {
      await nva.stop();
      await other.stop();
      await store.close();
      dir.remove();
    }
  });
});
