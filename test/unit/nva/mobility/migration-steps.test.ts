import assert from 'node:assert/strict';
import type { MigrationPhase } from '../../../../src/model/migration-phase.js';
import type { PlacedEndpoint } from '../../../../src/model/migration.js';
import { eventOf, step } from '../../../../src/nva/mobility/migration-steps.js';
import { endpointSpec, migrationTo } from '../../../support/specs.js';

const NOW = Date.parse('2026-01-01T00:00:30.000Z');
const LAGGARDS = [{ nve: 'b', code: 'NETNS_MISSING', reason: 'port/ep: there is none' }];

const endpoint = (phase: MigrationPhase, hold = false): PlacedEndpoint => ({
  ...endpointSpec({ nve: 'nve' }),
  migration: migrationTo('b', { phase, hold }),
});

describe('the course of a migration', () => {
  it('goes on when nobody lags, and back when the time is up', () => {
    const moving = migrationTo('b');
    const late = Date.parse(moving.deadline);
    assert.equal(eventOf(moving, LAGGARDS, NOW), undefined);
    assert.deepEqual(eventOf(moving, [], NOW), { type: 'APPLIED' });
    assert.deepEqual(eventOf(moving, [], late), { type: 'APPLIED' });
    assert.equal(eventOf(moving, LAGGARDS, late - 1), undefined);
    assert.deepEqual(eventOf(moving, LAGGARDS, late), { type: 'TIME_UP' });
  });

  it('waits for somebody, not for NVEs, while it is associated', () => {
    assert.equal(eventOf(migrationTo('b', { phase: 'ASSOCIATED' }), [], NOW), undefined);
  });

  it('gives each phase its time', () => {
    const next = step(endpoint('ASSOCIATING'), { type: 'APPLIED' }, NOW)?.migration;
    assert.equal(next?.deadline, '2026-01-01T00:01:30.000Z');
    const held = step(endpoint('ASSOCIATING', true), { type: 'APPLIED' }, NOW)?.migration;
    assert.equal(held?.phase, 'ASSOCIATED');
    assert.equal(held.deadline, '2026-01-02T00:00:30.000Z');
  });

  it('leaves the endpoint at the target', () => {
    const done = step(endpoint('SWITCHING'), { type: 'APPLIED' }, NOW);
    assert.equal(done?.nve, 'b');
    assert.deepEqual(done.port, migrationTo('b').port);
    assert.equal(done.migration?.deadline, '2026-01-01T00:00:30.000Z');
  });

  it('tells whom it waited for when it goes back', () => {
    const failed = step(endpoint('ASSOCIATING'), { type: 'TIME_UP' }, NOW, LAGGARDS);
    assert.equal(failed?.nve, 'nve');
    assert.equal(failed.migration?.phase, 'FAILED');
    assert.equal(failed.migration.reasonCode, 'MIGRATION_TIMED_OUT');
    assert.equal(
      failed.migration.reason,
      'still ASSOCIATING when its time was up: nves/b: port/ep: there is none (NETNS_MISSING)',
    );
    const back = step(endpoint('SWITCHING'), { type: 'TIME_UP' }, NOW, LAGGARDS);
    assert.equal(back?.migration?.phase, 'RETURNING');
    const over = step(back, { type: 'TIME_UP' }, NOW, [])?.migration;
    assert.deepEqual([over?.phase, over?.reason], ['FAILED', back.migration.reason]);
  });

  it('is none where there is none, and none that is over', () => {
    assert.equal(step(endpointSpec(), { type: 'APPLIED' }, NOW), undefined);
    for (const phase of ['FINISHED', 'CANCELLED', 'FAILED'] as const) {
      assert.equal(step(endpoint(phase), { type: 'CANCEL' }, NOW), undefined);
    }
  });
});
