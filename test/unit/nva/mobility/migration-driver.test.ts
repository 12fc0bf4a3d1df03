import assert from 'node:assert/strict';
import type { MigrationPhase } from '../../../../src/model/migration-phase.js';
import type { PlacedEndpoint } from '../../../../src/model/migration.js';
import { MigrationDriver } from '../../../../src/nva/mobility/migration-driver.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { bridgeDomain, itemOf } from '../../../support/items.js';
import { nullLog } from '../../../support/null-log.js';
import { endpointSpec, migrationTo } from '../../../support/specs.js';

const ITEMS = [itemOf(bridgeDomain(10))];
const AWAY = { code: 'NVE_DISCONNECTED', reason: 'its agent is not connected' };

describe('a migration', () => {
  /** @returns the phase that it comes to; undefined: it waits */
  async function next(phase: MigrationPhase, dead: string): Promise<MigrationPhase | undefined> {
    const clock = new FakeClock();
    const stop = new AbortController();
    const spec = { ...endpointSpec({ nve: 'nve' }), migration: migrationTo('b', { phase }) };
    const endpoint = { spec, modRevision: 1, createTime: '' };
    let committed: PlacedEndpoint | undefined;
    const driver = new MigrationDriver({
      ...{ clock, log: nullLog, signal: stop.signal },
      endpoint: () => endpoint,
      concerned: () => new Map(['nve', 'b', 'other'].map((nve) => [nve, ITEMS])),
      lacks: (nve) => Promise.resolve(nve === dead ? AWAY : undefined),
      isWithdrawn: (nve) => nve === dead,
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
});
