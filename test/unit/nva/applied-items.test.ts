import assert from 'node:assert/strict';
import type { DataplaneSession, DataplaneStatus } from '../../../src/model/dataplane-status.js';
import { AppliedItems } from '../../../src/nva/applied-items.js';
import type { Progress } from '../../../src/nva/sessions/progress.js';
import { MemoryStore } from '../../support/memory-store.js';

const FAILED = {
  key: 'bd/1',
  code: 'FOREIGN_OBJECT',
  message: 'bridge domain 1 has no tag of ours',
};

describe('what an NVE with a session has not applied', () => {
  const lacks = async (
    state: ReturnType<Progress['stateOf']>,
    session: DataplaneSession,
  ): Promise<unknown> => {
    const isThere = session === 'CONNECTED';
    const dataplane: DataplaneStatus = {
      ...{ session, since: '', restarts: 0, boot: '', features: [], plugins: [] },
      reasonCode: isThere ? '' : 'VPP_UNREACHABLE',
      reason: isThere ? '' : 'nobody listens',
    };
    const applied = new AppliedItems({
      store: new MemoryStore(),
      connected: () => ({ session: { progress: { stateOf: () => state } }, dataplane }),
      judged: () => Promise.resolve(),
      missed: () => undefined,
      isElsewhere: () => false,
    });
    return applied.lacks('host-a', [{ key: 'bd/1' }], 1);
  };

  for (const session of ['CONNECTED', 'LOST'] as const) {
    it(`is nothing where it has told of all, its dataplane ${session}`, async () => {
      assert.equal(await lacks('applied', session), undefined);
    });
  }

  it('is told with why it failed', async () => {
    assert.deepEqual(await lacks(FAILED, 'CONNECTED'), {
      ...{ standing: 'failed', code: 'FOREIGN_OBJECT' },
      reason: 'bd/1: bridge domain 1 has no tag of ours',
    });
  });

  it('is pending while its dataplane is there', async () => {
    assert.deepEqual(await lacks('open', 'CONNECTED'), {
      ...{ standing: 'pending', code: 'NVE_PENDING', reason: 'it is still applying' },
    });
  });

  for (const [what, state] of [
    ['not tried', 'open'],
    ['failed', FAILED],
  ] as const) {
    it(`is told with why its dataplane is away, ${what}`, async () => {
      assert.deepEqual(await lacks(state, 'LOST'), {
        ...{ standing: 'away', code: 'VPP_UNREACHABLE', reason: 'its dataplane: nobody listens' },
      });
    });
  }
});
