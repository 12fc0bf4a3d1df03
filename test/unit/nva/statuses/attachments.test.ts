import assert from 'node:assert/strict';
import { placesOf, type PlacedEndpoint } from '../../../../src/model/migration.js';
import { attachmentsOf, type PortReport } from '../../../../src/nva/statuses/attachments.js';
import type { AttachmentRecord } from '../../../../src/nva/records.js';
import { endpointSpec, migrationTo } from '../../../support/specs.js';

const at = endpointSpec({ nve: 'a' });
const moving = { ...at, migration: migrationTo('b', { id: 'm-1', source: 'a' }) };
const moved = endpointSpec({ nve: 'b' });

function text(records: readonly AttachmentRecord[]): string {
  return records
    .map(({ nve, state, cause, migrationId }) => `${nve} ${state} ${cause} ${migrationId}`.trim())
    .join(', ');
}

describe('the places of an endpoint', () => {
  const look = (
    spec: PlacedEndpoint,
    before: readonly AttachmentRecord[],
    reports: Readonly<Record<string, PortReport>>,
    migrationId = '',
  ): AttachmentRecord[] =>
    attachmentsOf(placesOf(spec), before, migrationId, (nve) => reports[nve]);

  it('are INIT until their NVEs have reported', () => {
    assert.equal(text(look(at, [], {})), 'a INIT CREATE');
    assert.equal(text(look(moving, [], {})), 'a INIT CREATE, b INIT MIGRATE m-1');
  });

  it('are told by each NVE for itself', () => {
    const active = look(at, [], { a: 'applied' });
    assert.equal(text(active), 'a ACTIVATED CREATE');
    const waiting = look(moving, active, { a: 'applied' });
    assert.equal(text(waiting), 'a ACTIVATED CREATE, b INIT MIGRATE m-1');
    const held = look(moving, waiting, { b: 'applied' });
    assert.equal(text(held), 'a ACTIVATED CREATE, b ASSOCIATED MIGRATE m-1');
    const up = { ...moving, migration: { ...moving.migration, phase: 'SWITCHING' } as const };
    const both = look(up, held, { b: 'applied' });
    assert.equal(text(both), 'a ACTIVATED CREATE, b ACTIVATED MIGRATE m-1');
    assert.equal(text(look(moved, both, {}, 'm-1')), 'b ACTIVATED MIGRATE m-1');
  });

  it('stand as they were while their NVE says nothing', () => {
    const active = look(at, [], { a: 'applied' });
    assert.equal(text(look(at, active, {})), 'a ACTIVATED CREATE');
  });

  it('are INIT again when the port fails, and where the endpoint has left', () => {
    const active = look(at, [], { a: 'applied' });
    assert.equal(text(look(at, active, { a: 'failed' })), 'a INIT CREATE');
    const elsewhere = look(moved, active, {});
    assert.equal(text(elsewhere), 'b INIT CREATE');
    assert.equal(text(look(at, elsewhere, {})), 'a INIT CREATE');
  });

  it('are associated while the endpoint is down, and resume', () => {
    const down = { ...at, adminState: 'DOWN' } as const;
    const active = look(at, [], { a: 'applied' });
    const paused = look(down, active, { a: 'applied' });
    assert.equal(text(paused), 'a ASSOCIATED CREATE');
    assert.equal(text(look(at, paused, { a: 'applied' })), 'a ACTIVATED RESUME');
    const born = look(down, [], { a: 'applied' });
    assert.equal(text(look(at, born, { a: 'applied' })), 'a ACTIVATED CREATE');
  });
});
