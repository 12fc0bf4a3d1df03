/** A guest that moves between kernel hosts under a ping every millisecond: `nfvd nva` and three `nfvd nve`. */
import assert from 'node:assert/strict';
import type { Migration } from '../../../src/model/endpoint.js';
import type { MigrationPhase } from '../../../src/model/migration-phase.js';
import { eventually } from '../../support/eventually.js';
import { call, KernelPool, vethIn } from '../../support/kernel-pool.js';
import { needNetns, type Netns } from '../../support/netns.js';
import { RunningPing } from '../../support/running-ping.js';

const MOVER = { id: 'mover', etag: '', validateOnly: false };
/** More than any switch takes; a ping that is not routed any more loses thousands. */
const MAX_LOST = 250;

describe('a migration between kernel hosts', function () {
  this.timeout(120_000);
  let pool: KernelPool | undefined;
  const its = (): KernelPool => pool ?? assert.fail();

  before(async function () {
    await needNetns(this);
    pool = await KernelPool.start(3);
  });
  // Nothing was begun where there are no namespaces.
  after(() => pool?.close());

  let from: Netns;
  let places: Netns[];

  beforeEach(async () => {
    from = await its().space();
    places = [await its().space(), await its().space()];
    const [home] = places;
    assert.ok(home !== undefined);
    await its().attach('pinger', 1, 'host-0', from);
    await its().attach('mover', 2, 'host-1', home);
    await its().applied();
  });

  afterEach(async () => {
    for (const id of ['mover', 'pinger']) await its().api.endpoints.delete({ ...MOVER, id }, call);
    await its().api.waitApplied({ revision: 0, timeoutMs: 15_000 }, call);
  });

  const reached = (phase: MigrationPhase): Promise<Migration> =>
    eventually(async () => {
      const { migration } = (await its().api.endpoints.get('mover', call)).status;
      assert.equal(migration?.phase, phase);
      return migration;
    }, 30_000);

  async function migrate(hold: boolean): Promise<void> {
    const port = vethIn(places[1] ?? from);
    const to = { ...MOVER, nve: 'host-2', port, requestId: '', hold, timeoutMs: 0 };
    await its().api.migrations.migrate(to, call);
  }

  it('loses no packet while it is associated, nor when it is taken back', async () => {
    const ping = new RunningPing(from, '10.0.0.2');
    await ping.goesOn(100);
    await migrate(true);
    await reached('ASSOCIATED');
    await ping.goesOn(200);
    await its().api.migrations.cancel(MOVER, call);
    await reached('CANCELLED');
    await its().applied();
    await ping.goesOn(100);
    const { sent, lost } = await ping.stop();
    assert.deepEqual(lost, [], `of ${sent}`);
  });

  it('moves with hardly a packet lost', async () => {
    const ping = new RunningPing(from, '10.0.0.2');
    await ping.goesOn(100);
    const begun = performance.now();
    await migrate(false);
    await reached('FINISHED');
    const took = Math.round(performance.now() - begun);
    // The old port is gone from here on: only the new place answers.
    await its().applied();
    await ping.goesOn(200);
    const { sent, lost } = await ping.stop();
    const blackout = Math.max(0, ...lost);
    process.stdout.write(
      `      migrated in ${took} ms; blackout ${blackout} ms: ${lost.join(' + ') || 0} of ${sent} pings lost, one each ms\n`,
    );
    assert.ok(blackout <= MAX_LOST, `${blackout} pings in a row`);
    assert.equal((await its().api.endpoints.get('mover', call)).spec.nve, 'host-2');
    assert.equal((await places[0]?.try('ip', 'link', 'show', 'dev', 'eth0'))?.code, 1);
  });

  it('goes on where the NVA is killed in the middle', async () => {
    const ping = new RunningPing(from, '10.0.0.2');
    await ping.goesOn(100);
    await migrate(true);
    await reached('ASSOCIATED');
    await its().api.migrations.finish({ ...MOVER, force: false }, call);
    await its().killNva();
    await ping.goesOn(200);
    await its().startNva();
    await reached('FINISHED');
    await ping.goesOn(200);
    const { lost } = await ping.stop();
    assert.ok(Math.max(0, ...lost) <= MAX_LOST, lost.join());
  });
});
