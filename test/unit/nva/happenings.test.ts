/** What is told of commits: by whom they were made, on whichever replica. */
import assert from 'node:assert/strict';
import type { NvaEvent } from '../../../src/model/observation.js';
import { Catalog } from '../../../src/nva/catalog.js';
import { recordOp, type Author } from '../../../src/nva/changes/record.js';
import { Happenings } from '../../../src/nva/happenings.js';
import { CHANGES, specKey } from '../../../src/nva/keys.js';
import type { Committed } from '../../../src/nva/origins.js';
import { RECORDS } from '../../../src/nva/records.js';
import type { StoreEvent } from '../../../src/store/store.js';
import { FakeClock } from '../../support/fake-clock.js';
import { nullLog } from '../../support/null-log.js';
import { nveSpec } from '../../support/specs.js';

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
    assert.ok(op.kind === 'put');
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
});
