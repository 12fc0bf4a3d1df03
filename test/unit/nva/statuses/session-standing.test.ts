import assert from 'node:assert/strict';
import type { DataplaneStatus } from '../../../../src/model/dataplane-status.js';
import { sessionStanding } from '../../../../src/nva/statuses/session-standing.js';

const there: DataplaneStatus = {
  ...{ session: 'CONNECTED', since: '', reasonCode: '', reason: '', restarts: 0, boot: '' },
  ...{ features: [], plugins: [] },
};
const lost: DataplaneStatus = {
  ...there,
  ...{ session: 'LOST', reasonCode: 'VPP_UNREACHABLE', reason: 'nobody listens' },
};
const hangs: DataplaneStatus = {
  ...there,
  ...{ session: 'DEGRADED', reasonCode: 'DATAPLANE_TIMEOUT', reason: 'it owes 3 answers' },
};

describe('an NVE that has a session', () => {
  for (const [what, idle, failed, dataplane, ...standing] of [
    ['has said nothing of its dataplane', true, 0, undefined, 'IN_SYNC', '', ''],
    ['has applied all', true, 0, there, 'IN_SYNC', '', ''],
    ['is at it', false, 0, there, 'SYNCING', '', ''],
    ['failed in something', true, 1, there, 'DEGRADED', '', ''],
    ...([true, false] as const).flatMap((idle) => [
      [
        `had applied ${idle ? 'all' : 'a part'}, and has no VPP now`,
        ...([idle, 0, lost, 'DEGRADED', 'VPP_UNREACHABLE'] as const),
        'its dataplane: nobody listens',
      ] as const,
    ]),
    [
      'has a VPP that does not answer',
      ...([true, 1, hangs, 'DEGRADED', 'DATAPLANE_TIMEOUT'] as const),
      'its dataplane: it owes 3 answers',
    ],
  ] as const) {
    it(`is ${standing.join(' ').trim()}: it ${what}`, () => {
      const progress = { idle, counts: { failed } };
      const { state, reasonCode, reason } = sessionStanding({ session: { progress }, dataplane });
      assert.deepEqual([state, reasonCode, reason], standing);
    });
  }
});
