/** A plan that was just told is done as it was made; one that may be another by now is made anew. */
import assert from 'node:assert/strict';
import type { AccessPolicy } from '../../../../src/model/access-policy.js';
import type { Call } from '../../../../src/model/api.js';
import type { ApplyRequest, PlanRequest, Wanted } from '../../../../src/model/changes.js';
import { timestamp } from '../../../../src/model/clock.js';
import { Catalog } from '../../../../src/nva/catalog.js';
import { Changes } from '../../../../src/nva/changes/changes.js';
import { CompileIndex } from '../../../../src/nva/compiler/compile-index.js';
import { specKey } from '../../../../src/nva/keys.js';
import { Quotas } from '../../../../src/nva/resources/quotas.js';
import { RECORDS, type SpecRecord } from '../../../../src/nva/records.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryStore } from '../../../support/memory-store.js';
import { nullLog } from '../../../support/null-log.js';
import { networkSpec, nveInput } from '../../../support/specs.js';

const signal = new AbortController().signal;
const admin = (who: string): Call => ({
  signal,
  caller: { who, grants: [{ role: 'admin', tenants: undefined, ports: undefined }] },
});

/** Networks that are to be. */
const networks = (...ids: readonly string[]): PlanRequest => ({
  wanted: ids.map((id): Wanted => {
    return { put: { kind: 'VirtualNetwork', id, spec: networkSpec({ vni: 0 }) }, etag: '' };
  }),
});

class World {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore();
  readonly index = new CompileIndex();
  quotas: AccessPolicy['quotas'];
  /** Keys that were read. */
  reads = 0;
  caughtUp = 0;
  readonly changes: Changes;

  constructor() {
    const { clock, index, store } = this;
    const get = store.get.bind(store);
    store.get = (...args) => {
      this.reads++;
      return get(...args);
    };
    const quotas = new Quotas({
      ...{ store, quotas: () => this.quotas },
      reached: () => Promise.resolve(),
    });
    this.changes = new Changes({
      ...{ store, clock, index, quotas, log: nullLog, catalog: new Catalog() },
      vniRange: { min: 4096, max: 8191 },
      caughtUp: () => {
        this.caughtUp++;
        return Promise.resolve();
      },
    });
  }

  async planned(plan: PlanRequest, call: Call): Promise<ApplyRequest> {
    const { hash } = await this.changes.plan(plan, call);
    return { plan, hash, requestId: '', confirmWithinMs: 0 };
  }

  /** @returns how many keys had to be read for it */
  async apply(request: ApplyRequest, call: Call): Promise<number> {
    const before = this.reads;
    await this.changes.apply(request, call);
    return this.reads - before;
  }

  async record(id: string): Promise<SpecRecord<unknown>> {
    const kv = await this.store.get(specKey('virtualNetworks', id));
    if (kv === undefined) assert.fail(`there is no ${id}`);
    return RECORDS.virtualNetworks.decode(kv.key, kv.value);
  }
}

describe('nva: a plan that was just told', () => {
  it('is done as it was made, at the time at which it is done', async () => {
    const world = new World();
    const request = await world.planned(networks('blue', 'red'), admin('user/a'));
    await world.clock.advance(5000);
    assert.equal(await world.apply(request, admin('user/a')), 0);
    const now = timestamp(world.clock.now());
    for (const id of ['blue', 'red']) {
      const { createTime, updateTime, pending } = await world.record(id);
      assert.deepEqual([createTime, updateTime, pending], [now, now, undefined], id);
    }
  });

  it('can be one that is to be confirmed', async () => {
    const world = new World();
    const request = await world.planned(networks('blue'), admin('user/a'));
    assert.equal(await world.apply({ ...request, confirmWithinMs: 60_000 }, admin('user/a')), 0);
    const { pending } = await world.record('blue');
    assert.match(pending ?? '', /^[0-9a-f-]{36}$/);
    const { ops } = world.store.txns.at(-1) ?? assert.fail();
    assert.equal(ops.filter(({ key }) => key.endsWith(pending ?? '-')).length, 1);
  });

  const ANEW: readonly [name: string, between: (world: World) => unknown, by?: string][] = [
    ['its time is over', ({ clock }) => clock.advance(10_000)],
    ['NVEs may be to have something else', ({ index }) => index.apply(NVE)],
    ['quotas are others', (world) => (world.quotas = { default: { endpoints: 1 } })],
    ['another one carries it out', () => undefined, 'user/b'],
  ];
  const NVE = { kind: 'Nve', id: 'host', after: nveInput(['192.0.2.1']) } as const;
  for (const [name, between, by = 'user/a'] of ANEW) {
    it(`is made anew: ${name}`, async () => {
      const world = new World();
      const request = await world.planned(networks('blue'), admin('user/a'));
      await between(world);
      assert.notEqual(await world.apply(request, admin(by)), 0);
      assert.equal((await world.record('blue')).updateTime, timestamp(world.clock.now()));
    });
  }

  it('is made anew where there was nothing to do', async () => {
    const world = new World();
    const request = await world.planned({ wanted: [] }, admin('user/a'));
    const caughtUp = world.caughtUp;
    assert.equal(await world.apply(request, admin('user/a')), 0);
    // Once to look for a plan that was kept, and once to make another.
    assert.equal(world.caughtUp - caughtUp, 2);
  });

  it('is forgotten after its time, and when the NVA stops', async () => {
    const world = new World();
    await world.planned(networks('blue'), admin('user/a'));
    assert.equal(world.clock.pending, 1);
    await world.clock.advance(10_000);
    assert.equal(world.clock.pending, 0);
    await world.planned(networks('blue'), admin('user/a'));
    world.changes.close();
    assert.equal(world.clock.pending, 0);
    await world.planned(networks('blue'), admin('user/a'));
    assert.equal(world.clock.pending, 0);
  });

  it('is not taken for another of the same effect', async () => {
    const world = new World();
    const request = await world.planned(networks('blue'), admin('user/a'));
    const [first] = 'wanted' in request.plan ? request.plan.wanted : [];
    if (first === undefined) assert.fail();
    const other = { ...request, plan: { wanted: [{ ...first, etag: '7' }] } };
    await assert.rejects(world.apply(other, admin('user/a')), { code: 'PLAN_CHANGED' });
    assert.equal(await world.store.get(specKey('virtualNetworks', 'blue')), undefined);
  });

  it('is one of the last eight', async () => {
    const world = new World();
    const requests: ApplyRequest[] = [];
    for (let n = 0; n < 9; n++) {
      requests.push(await world.planned(networks(`n${n}`), admin('user/a')));
    }
    const read: boolean[] = [];
    for (const request of requests.slice(0, 2)) {
      read.push((await world.apply(request, admin('user/a'))) > 0);
    }
    assert.deepEqual(read, [true, false]);
  });

  it('is done once, and goes again by what there is then', async () => {
    const world = new World();
    const request = await world.planned(networks('blue'), admin('user/a'));
    const key = specKey('virtualNetworks', 'blue');
    // Somebody else makes it, at the last moment.
    world.store.beforeTxn = () => {
      world.store.beforeTxn = () => undefined;
      world.store.put(key, '{}');
    };
    await assert.rejects(world.apply(request, admin('user/a')), { code: 'WRITE_CONFLICT' });
    assert.equal((await world.store.get(key))?.value, '{}');
  });
});
