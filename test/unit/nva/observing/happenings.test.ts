/** What is told of commits: by whom they were made, on whichever replica. */
import assert from 'node:assert/strict';
import { timestamp } from '../../../../src/model/clock.js';
import type { NvaEvent } from '../../../../src/model/observation.js';
import { Catalog } from '../../../../src/nva/catalog.js';
import { recordOp, type Author } from '../../../../src/nva/changes/record.js';
import { ItemSum } from '../../../../src/nva/compiler/item-sum.js';
import {
  Happenings,
  MAX_ITEM_EVENTS,
  MAX_SESSION_EVENTS,
} from '../../../../src/nva/observing/happenings.js';
import { CHANGES, specKey } from '../../../../src/nva/keys.js';
import type { Committed } from '../../../../src/nva/origins.js';
import { Progress } from '../../../../src/nva/sessions/progress.js';
import { RECORDS } from '../../../../src/nva/records.js';
import type { StoreEvent } from '../../../../src/store/store.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { nullLog } from '../../../support/null-log.js';
import { MemoryStore } from '../../../support/memory-store.js';
import {
  endpointSpec,
  migrationTo,
  networkSpec,
  nveSpec,
  subnetSpec,
} from '../../../support/specs.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const REVISION = 7;

describe('nva/happenings', () => {
  const clock = new FakeClock();
  let happenings: Happenings;

  beforeEach(() => {
    happenings = new Happenings(clock, new Catalog(), nullLog, 'unix:/a');
  });

  const put = (key: string, value: string): StoreEvent => ({
    kind: 'put',
    kv: { key, value, createRevision: REVISION, modRevision: REVISION },
  });
  const time = new Date(clock.now()).toISOString();
  const nve = put(
    specKey('nves', 'host-a'),
    RECORDS.nves.encode({
      createTime: time,
      updateTime: time,
      spec: nveSpec(['192.0.2.1']),
    }),
  );
  const recorded = (author: Author): StoreEvent => {
    const op = recordOp(clock, { ...author, verb: 'CREATE', target: 0, changes: [] });
    return put(op.key, op.value);
  };
  const events = async (ring = happenings.all): Promise<NvaEvent[]> => {
    const found: NvaEvent[] = [];
    for await (const { event } of ring.read(false, new AbortController().signal)) {
      if (event !== undefined) found.push(event);
    }
    return found;
  };
  const own: Committed = {
    origin: {
      ...{ who: 'user/alice', requestId: '' },
      trace: { traceId: TRACE, spanId: 'b7ad6b7169203331', sampled: true },
    },
    at: 0,
  };

  const rows: readonly (readonly [
    title: string,
    events: readonly StoreEvent[],
    by: Committed | undefined,
    who: string,
    traceId: string,
  ])[] = [
    ['its call', [nve], own, 'user/alice', TRACE],
    [
      'its record, where another replica made it',
      [nve, recorded({ who: 'user/bob', traceId: TRACE })],
      undefined,
      'user/bob',
      TRACE,
    ],
    ['a record without a trace', [recorded({ who: 'local' }), nve], undefined, 'local', ''],
    ['that the NVA did it by itself', [nve, recorded({ who: 'nva' })], undefined, '', ''],
    ['nobody, without a record', [nve], undefined, '', ''],
    [
      'the author of a later version’s record',
      [nve, put(`${CHANGES}1`, '{"who":"user/bob","verb":"NEW"}')],
      undefined,
      'user/bob',
      '',
    ],
    ['nobody, by a record of nonsense', [nve, put(`${CHANGES}1`, '{')], undefined, '', ''],
    [
      'nobody, by one that was forgotten',
      [nve, { kind: 'delete', key: `${CHANGES}1` }],
      undefined,
      '',
      '',
    ],
  ];
  for (const [title, committed, by, who, traceId] of rows) {
    it(`tells of a change ${title}`, async () => {
      happenings.committed(REVISION, committed, by);
      const told = await events();
      assert.deepEqual(
        told.map((event) => [event.kind, event.resource, event.who, event.traceId]),
        [['CREATED', 'nves/host-a', who, traceId]],
      );
      assert.deepEqual(await events(happenings.own), []);
    });
  }

  it('tells when a change was made, though it hears of that later: before what came of it', async () => {
    const change = [nve, recorded({ who: 'local' })];
    const start = clock.now();
    await clock.advance(50);
    happenings.committed(REVISION, change, own);
    await clock.advance(10);
    happenings.connected('host-a', 'unix');
    // Its record says before, and it comes after that in the order of all that is told.
    happenings.committed(REVISION + 1, change, undefined);
    assert.deepEqual(
      (await events()).map((event) => Date.parse(event.time) - start),
      [0, 60, 60],
    );
  });

  it('tells of no change that it will be, whatever another replica’s clock says', async () => {
    const change = [nve, recorded({ who: 'local' })];
    const behind = new FakeClock();
    await clock.advance(1000);
    const early = new Happenings(behind, new Catalog(), nullLog);
    early.committed(REVISION, [nve, recorded({ who: 'local' })], undefined);
    early.committed(REVISION, change, undefined);
    const now = timestamp(behind.now());
    assert.deepEqual(
      (await events(early.all)).map((event) => event.time),
      [now, now],
    );
  });

  it('counts all that it tells, and keeps apart what only this replica knows', async () => {
    happenings.connected('host-a', 'unix');
    happenings.committed(REVISION, [nve], undefined);
    happenings.lost('host-a');
    const seen = (told: readonly NvaEvent[]): unknown[] =>
      told.map(({ sequence, kind, replica }) => [sequence, kind, replica]);
    assert.deepEqual(seen(await events()), [
      [1, 'NVE_CONNECTED', 'unix:/a'],
      [2, 'CREATED', 'unix:/a'],
      [3, 'NVE_LOST', 'unix:/a'],
    ]);
    assert.deepEqual(seen(await events(happenings.own)), [
      [1, 'NVE_CONNECTED', 'unix:/a'],
      [3, 'NVE_LOST', 'unix:/a'],
    ]);
  });

  it('tells of what goes together with its network by that network’s tenant', async () => {
    const common = { createTime: time, updateTime: time };
    const ofBlue = { network: 'blue' };
    const values = {
      virtualNetworks: RECORDS.virtualNetworks.encode({
        ...common,
        spec: networkSpec({ tenant: 'acme' }),
      }),
      subnets: RECORDS.subnets.encode({ ...common, spec: subnetSpec(ofBlue) }),
      endpoints: RECORDS.endpoints.encode({ ...common, spec: endpointSpec(ofBlue) }),
    };
    const deleted = (collection: keyof typeof values): StoreEvent => {
      const previous = values[collection];
      return { kind: 'delete', key: specKey(collection, 'blue'), previous };
    };
    const all = [deleted('endpoints'), deleted('virtualNetworks'), deleted('subnets')];
    happenings.committed(REVISION, all, own);
    // The network is no more, and nobody knows whose it was.
    happenings.committed(REVISION + 1, [deleted('endpoints')], own);
    assert.deepEqual(
      (await events()).map(({ kind, resource, tenant }) => [kind, resource, tenant]),
      [
        ['DELETED', 'endpoints/blue', 'acme'],
        ['DELETED', 'virtualNetworks/blue', 'acme'],
        ['DELETED', 'subnets/blue', 'acme'],
        ['DELETED', 'endpoints/blue', undefined],
      ],
    );
  });

  describe('of what an NVE says of its items', () => {
    const spec = endpointSpec({ network: 'blue', nve: 'host-a', mac: '02:00:00:00:00:01' });
    const migration = migrationTo('host-c', { source: 'host-a' });

    beforeEach(async () => {
      const catalog = new Catalog();
      const store = new MemoryStore();
      const common = { createTime: time, updateTime: time };
      const network = networkSpec({ tenant: 'blue' });
      store.put(
        specKey('virtualNetworks', 'blue'),
        RECORDS.virtualNetworks.encode({ ...common, spec: network }),
      );
      store.put(specKey('endpoints', 'web'), RECORDS.endpoints.encode({ ...common, spec }));
      const moving = { ...spec, mac: '02:00:00:00:00:02', migration };
      store.put(specKey('endpoints', 'db'), RECORDS.endpoints.encode({ ...common, spec: moving }));
      await catalog.load(store, new AbortController().signal, () => undefined);
      happenings = new Happenings(clock, catalog, nullLog, 'unix:/a');
    });

    const said: readonly (readonly [nve: string, key: string, resource: string, tenant: string])[] =
      [
        ['host-a', 'port/web', 'endpoints/web', 'blue'],
        ['host-b', 'port/web', 'nves/host-b', ''],
        ['host-a', 'port/db', 'endpoints/db', 'blue'],
        ['host-c', 'port/db', 'endpoints/db', 'blue'],
        ['host-b', 'port/db', 'nves/host-b', ''],
        ['host-a', 'port/none', 'nves/host-a', ''],
        ['host-a', 'port/web/x', 'nves/host-a', ''],
        ['host-a', 'mac/100/02:00:00:00:00:01', 'nves/host-a', ''],
        ['host-b', 'bd/100', 'nves/host-b', ''],
        ['host-b', 'gwneigh/7/100/10.0.0.5', 'nves/host-b', ''],
      ];
    for (const [nve, key, resource, tenant] of said) {
      it(`${nve} tells of ${key} as of ${resource}`, async () => {
        const drift = { key, difference: 'missing', action: 'REPAIRED', time } as const;
        happenings.drifted(nve, [drift]);
        const progress = new Progress(new ItemSum(), () => '1');
        progress.report({ key, version: '1', failure: { code: 'NETNS_MISSING', message: 'no' } });
        happenings.progressed(nve, [key], progress);
        const told = await events(happenings.own);
        assert.deepEqual(
          told.map((event) => [event.kind, event.nve, event.resource, event.tenant]),
          [
            ['DRIFT', nve, resource, tenant],
            ['APPLY_FAILED', nve, resource, tenant],
          ],
        );
      });
    }
  });

  describe('one NVE with more to tell than its share', () => {
    const drifts = (count: number): void => {
      const drift = { difference: 'missing', action: 'REPAIRED', time } as const;
      const all = Array.from({ length: count }, (_, n) => ({ ...drift, key: `bd/${n}` }));
      happenings.drifted('host-a', all);
    };
    const kinds = async (nve: string): Promise<readonly (readonly [string, string])[]> =>
      (await events(happenings.own))
        .filter((event) => event.nve === nve)
        .map(({ kind, code }) => [kind, code]);
    const missed = ['MISSED', 'TOO_MANY_REQUESTS'];

    it('is told that the rest of the minute is not told, once, and is heard in the next', async () => {
      drifts(MAX_ITEM_EVENTS);
      assert.equal((await kinds('host-a')).length, MAX_ITEM_EVENTS);
      drifts(500);
      const [last, ...more] = (await events(happenings.own)).slice(MAX_ITEM_EVENTS);
      assert.deepEqual(more, []);
      assert.ok(last !== undefined);
      const { kind, code, sequence, resource, nve, tenant } = last;
      assert.deepEqual([kind, code, sequence], [...missed, 0]);
      assert.deepEqual([resource, nve, tenant], ['nves/host-a', 'host-a', '']);
      await clock.advance(59_999);
      drifts(1);
      assert.equal((await kinds('host-a')).length, MAX_ITEM_EVENTS + 1);
      await clock.advance(1);
      drifts(1);
      assert.equal((await kinds('host-a')).length, MAX_ITEM_EVENTS + 2);
    });

    it('takes nothing from others, nor from what is told of its sessions', async () => {
      drifts(20_000);
      happenings.lost('host-a');
      happenings.connected('host-b', 'ipv4:192.0.2.2:1');
      const { length } = await events(happenings.own);
      assert.equal(length, MAX_ITEM_EVENTS + 3);
      assert.deepEqual(await kinds('host-b'), [['NVE_CONNECTED', '']]);
      assert.deepEqual((await kinds('host-a')).at(-1), ['NVE_LOST', '']);
    });

    it('has a share for its sessions, too', async () => {
      for (let n = 0; n < MAX_SESSION_EVENTS; n++) {
        happenings.connected('host-a', 'ipv4:192.0.2.1:1');
        happenings.lost('host-a');
      }
      const found = await kinds('host-a');
      assert.equal(found.length, MAX_SESSION_EVENTS + 1);
      assert.deepEqual(found.at(-1), missed);
    });
  });
});
