import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { claimLibrary } from '../../../../src/vpp-api/ffi/claim.js';

const never = new AbortController().signal;

describe('claimLibrary', () => {
  it('lets one in, and refuses the next', async () => {
    const claim = await claimLibrary(never);
    try {
      await assert.rejects(claimLibrary(never), { code: 'VPP_LIBRARY_BUSY' });
    } finally {
      claim.giveUp();
    }
    (await claimLibrary(never)).giveUp();
  });

  it('waits for one that is on its way out', async () => {
    const first = await claimLibrary(never);
    first.leave();
    const second = claimLibrary(never);
    first.giveUp();
    (await second).giveUp();
  });

  it('lets only one of many in that waited', async () => {
    const first = await claimLibrary(never);
    first.leave();
    const waiting = [claimLibrary(never), claimLibrary(never)];
    first.giveUp();
    const results = await Promise.allSettled(waiting);
    const won = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    assert.equal(won.length, 1);
    won[0]?.giveUp();
  });

  it('does not wait longer than its caller', async () => {
    const claim = await claimLibrary(never);
    claim.leave();
    const end = new AbortController();
    const waiting = claimLibrary(end.signal);
    end.abort(new NfvError('CANCELLED', 'enough'));
    await assert.rejects(waiting, { code: 'CANCELLED' });
    claim.giveUp();
  });
});
