import assert from 'node:assert/strict';
import type { MigrationPhase } from '../../../../src/model/migration-phase.js';
import type { PlacedEndpoint } from '../../../../src/model/migration.js';
import type { NotApplied } from '../../../../src/nva/applied-items.js';
import { MigrationDriver } from '../../../../src/nva/mobility/migration-driver.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { bridgeDomain, itemOf } from '../../../support/items.js';
import { nullLog } from '../../../support/null-log.js';
import { endpointSpec, migrationTo } from '../../../support/specs.js';

const ITEMS = [itemOf(bridgeDomain(10))];
const AWAY: NotApplied = {
  ...{ standing: 'away', code: 'NVE_DISCONNECTED', reason: 'its agent is not connected' },
};
const NO_VPP: NotApplied = {
  ...{ standing: 'away', code: 'VPP_UNREACHABLE', reason: 'its dataplane: nobody listens' },
};
const PENDING: NotApplied = {
  ...{ standing: 'pending', code: 'NVE_PENDING', reason: 'it is still applying' },
};

describe('a migration', () => {
  /** @returns the phase that it comes to; undefined: it waits */
  async function next(
    phase: MigrationPhase,
    late: string,
    why = AWAY,
    how: { readonly isDead: boolean; readonly force: boolean } = { isDead: true, force: false },
  ): Promise<MigrationPhase | undefined> {
    const clock = new FakeClock();
    const stop = new AbortController();
    const spec = {
      ...endpointSpec({ nve: 'nve' }),
      migration: migrationTo('b', { phase, force: how.force }),
    };
    const endpoint = { spec, modRevision: 1, createTime: '' };
    let committed: PlacedEndpoint | undefined;
    const driver = new MigrationDriver({
      ...{ clock, log: nullLog, signal: stop.signal },
      endpoint: () => endpoint,
      concerned: () => new Map(['nve', 'b', 'other'].map((nve) => [nve, ITEMS])),
      lacks: (nve) => Promise.resolve(nve === late ? why : undefined),
      isWithdrawn: (nve) => how.isDead && nve === late,
      commit: (_id, _revision, after) => {
        committed = after;
        return Promise.resolve();
      },
      onLaggards: () => undefined,
    });
    driver.changed('e');
    await clock.advance(100);
    stop.abort();
    await driver.close();
    return committed?.migration?.phase;
  }

  for (const [phase, dead, comesTo] of [
    ['ASSOCIATING', 'other', 'ACTIVATING'],
    ['ASSOCIATING', 'nve', 'ACTIVATING'],
    ['ASSOCIATING', 'b', undefined],
    ['RETURNING', 'other', 'CANCELLED'],
    ['RETURNING', 'b', 'CANCELLED'],
    ['RETURNING', 'nve', undefined],
  ] as const) {
    it(`that is ${phase} from nve to b ${comesTo === undefined ? 'waits' : 'does not wait'} for ${dead}, which is dead`, async () => {
      assert.equal(await next(phase, dead), comesTo);
    });
  }

  for (const [late, why, force, comesTo] of [
    ['other', NO_VPP, true, 'FINISHED'],
    ['nve', NO_VPP, true, 'FINISHED'],
    ['nve', NO_VPP, false, undefined],
    ['b', NO_VPP, true, undefined],
    ['other', PENDING, true, undefined],
  ] as const) {
    it(`that is SWITCHING ${comesTo === undefined ? 'waits' : 'does not wait'} for ${late} with ${why.code}${force ? ', though forced' : ''}`, async () => {
      assert.equal(await next('SWITCHING', late, why, { isDead: false, force }), comesTo);
    });
  }
});
