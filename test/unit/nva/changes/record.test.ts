import assert from 'node:assert/strict';
import type { Call } from '../../../../src/model/api.js';
import {
  authorshipIn,
  authorOf,
  CHANGE_RECORD,
  recordOp,
  type Author,
} from '../../../../src/nva/changes/record.js';
import { FakeClock } from '../../../support/fake-clock.js';

const TRACE = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const signal = new AbortController().signal;
const caller = { who: 'user/alice', grants: [] };

describe('the author of a change', () => {
  const rows: readonly (readonly [title: string, call: Call, author: Author])[] = [
    [
      'is who called, with the trace of the call',
      {
        ...{ signal, caller },
        origin: { who: 'user/alice', requestId: '', trace: { ...TRACE, sampled: false } },
      },
      { who: 'user/alice', traceId: TRACE.traceId },
    ],
    ['has no trace where the call has none', { signal, caller }, { who: 'user/alice' }],
    ['is the NVA itself without a call of anybody', { signal }, { who: 'nva' }],
  ];
  for (const [title, call, author] of rows) {
    it(title, () => {
      assert.deepEqual(authorOf(call), author);
      const what = { ...author, verb: 'UPDATE', target: 0, changes: [] } as const;
      const op = recordOp(new FakeClock(), what);
      const { time, ...rest } = CHANGE_RECORD.decode(op.key, op.value);
      assert.deepEqual([time, rest], ['2026-01-01T00:00:00.000Z', what]);
      assert.deepEqual(authorshipIn(op.value), { time, ...author });
    });
  }

  for (const value of ['', '{', 'null', '[]', '{"who":7}', '{"traceId":"x"}']) {
    it(`is not in ${JSON.stringify(value)}`, () => {
      assert.equal(authorshipIn(value), undefined);
    });
  }
});
