/** Migrations that go on when a test says so, by the NVA's own steps: no NVE is connected that they could wait for. */
import assert from 'node:assert/strict';
import type { Migration } from '../../src/model/endpoint.js';
import type { MigrationPhase } from '../../src/model/migration-phase.js';
import type { MigrateRequest } from '../../src/model/migration-requests.js';
import { currentMigration, type PlacedEndpoint } from '../../src/model/migration.js';
import { specKey } from '../../src/nva/keys.js';
import { step } from '../../src/nva/mobility/migration-steps.js';
import { RECORDS } from '../../src/nva/records.js';
import type { MigrationEvent } from '../../src/statemachine/migration.js';
import { TAP } from './guarded.js';
import { call, type NvaHarness } from './nva-harness.js';

type Happens = MigrationEvent['type'];

/** What has happened to a migration that is in a phase. */
const WAYS: Readonly<Record<MigrationPhase, readonly Happens[]>> = {
  ASSOCIATING: [],
  ASSOCIATED: ['APPLIED'],
  ACTIVATING: ['APPLIED'],
  SWITCHING: ['APPLIED', 'APPLIED'],
  RETURNING: ['APPLIED', 'APPLIED', 'CANCEL'],
  FINISHED: ['APPLIED', 'APPLIED', 'APPLIED'],
  CANCELLED: ['CANCEL'],
  FAILED: ['TIME_UP'],
};

/** As the store has it; undefined: there is none of this name. */
export async function stored(
  { store }: NvaHarness,
  id: string,
): Promise<PlacedEndpoint | undefined> {
  const key = specKey('endpoints', id);
  const kv = await store.get(key);
  return kv && RECORDS.endpoints.decode(key, kv.value).spec;
}

export async function migrationOf(nva: NvaHarness, id: string): Promise<Migration | undefined> {
  return (await stored(nva, id))?.migration;
}

/** To a tap port, with time for each phase that no test takes. */
export function toNve(id: string, nve: string, more: Partial<MigrateRequest> = {}): MigrateRequest {
  return {
    ...{ id, nve, port: TAP, etag: '', requestId: '', validateOnly: false },
    ...{ hold: false, timeoutMs: 3_600_000 },
    ...more,
  };
}

/** What the NVA makes of it; nothing, where nothing comes of it. */
export async function happens(
  { nva }: NvaHarness,
  id: string,
  ...events: readonly Happens[]
): Promise<void> {
  const which = { id, etag: '', validateOnly: false, byUser: false };
  for (const type of events) {
    await nva.endpoints.revise(which, (spec) => step(spec, { type }, Date.now()) ?? spec, call);
  }
}

/** Begins a migration, and brings it to a phase. */
export async function migrateTo(
  nva: NvaHarness,
  phase: MigrationPhase,
  request: MigrateRequest,
): Promise<void> {
  const hold = phase === 'ASSOCIATED';
  await nva.client.migrations.migrate({ ...request, hold }, call);
  await happens(nva, request.id, ...WAYS[phase]);
  assert.equal((await migrationOf(nva, request.id))?.phase, phase);
}

/** Lets a migration go on until it is over. */
export async function end(nva: NvaHarness, id: string): Promise<void> {
  for (;;) {
    const spec = await stored(nva, id);
    const moving = spec && currentMigration(spec);
    if (moving === undefined) return;
    await happens(nva, id, moving.phase === 'ASSOCIATED' ? 'FINISH' : 'APPLIED');
  }
}
