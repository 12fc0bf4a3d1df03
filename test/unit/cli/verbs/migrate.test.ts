import assert from 'node:assert/strict';
import type { Migration } from '../../../../src/model/endpoint.js';
import type { MigrationPhase } from '../../../../src/model/migration-phase.js';
import { CliWorld } from '../../../support/cli-world.js';
import { settle } from '../../../support/fake-clock.js';

describe('nfvctl migrate', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.create();
  });

  const migration = (): Migration | undefined =>
    world.nva.endpoints.find('web-1')?.status.migration;

  /** As the NVA's own driver would have it. */
  function comesTo(phase: MigrationPhase, more: Partial<Migration> = {}): void {
    world.nva.endpoints.report('web-1', (endpoint) => {
      const { migration } = endpoint.status;
      assert.ok(migration !== undefined);
      const after = { ...migration, phase, ...more };
      return { ...endpoint, status: { ...endpoint.status, migration: after } };
    });
  }

  it('starts with the port as it is, but for what is given', async () => {
    const ran = await world.run(
      'migrate start web-1 --nve host-b --veth-netns there --hold --phase-timeout 5s',
    );
    const out = 'endpoints/web-1 ASSOCIATING from host-a to host-b\n';
    assert.deepEqual(ran, { status: 0, out, err: '' });
    const { port, hold, timeoutMs } = migration() ?? {};
    assert.deepEqual([hold, timeoutMs], [true, 5000]);
    assert.deepEqual(port, {
      kind: 'veth',
      netns: 'there',
      interface: 'eth0',
      hostInterface: '',
    });
  });

  it('waits until it is finished', async () => {
    const running = world.start('migrate start endpoints/web-1 --nve host-b --wait');
    await settle();
    comesTo('SWITCHING');
    await settle();
    comesTo('FINISHED');
    assert.equal(await running.status, 0);
    assert.equal(
      running.out.text,
      'endpoints/web-1 ASSOCIATING from host-a to host-b\n' +
        'endpoints/web-1 FINISHED from host-a to host-b after 0ms\n',
    );
  });

  it('tells why it went back', async () => {
    const running = world.start('migrate start web-1 --nve host-b --wait');
    await settle();
    comesTo('FAILED', { reasonCode: 'MIGRATION_TIMED_OUT', reason: 'nves/host-b: no namespace' });
    assert.equal(await running.status, 6);
    assert.match(running.err.text, /its migration FAILED: nves\/host-b: no namespace/);
  });

  it('names whom it waits for when its own time is up', async () => {
    const running = world.start('migrate start web-1 --nve host-b --wait=5s');
    await settle();
    world.nva.endpoints.report('web-1', (endpoint) => {
      const laggards = [{ nve: 'host-b', code: 'NVE_PENDING', reason: 'it is still applying' }];
      return { ...endpoint, status: { ...endpoint.status, laggards } };
    });
    await settle();
    await world.clock.advance(5000);
    assert.equal(await running.status, 6);
    assert.match(
      running.err.text,
      /ASSOCIATING after 5s, waits for nves\/host-b: it is still applying/,
    );
  });

  it('holds, finishes, and takes back', async () => {
    await world.run('migrate start web-1 --nve host-b --hold');
    comesTo('ASSOCIATED');
    assert.equal((await world.run('migrate finish web-1 --force')).status, 0);
    assert.deepEqual([migration()?.phase, migration()?.force], ['ACTIVATING', true]);
    const { out } = await world.run('migrate cancel web-1 --wait');
    assert.match(out, /CANCELLED from host-a to host-b after 0ms/);
    const none = await world.run('migrate finish web-1');
    assert.deepEqual([none.status, none.err.includes('NO_MIGRATION')], [4, true]);
  });

  it('changes nothing in a dry run', async () => {
    const { out } = await world.run('migrate start web-1 --nve host-b --dry-run');
    assert.equal(out, 'endpoints/web-1 ASSOCIATING from host-a to host-b (dry run)\n');
    assert.equal(migration(), undefined);
  });

  it('is shown by get and describe', async () => {
    await world.run('migrate start web-1 --nve host-b');
    assert.match((await world.run('get endpoint web-1 -o wide')).out, /ASSOCIATING → host-b/);
    const { out } = await world.run('describe endpoint web-1');
    assert.match(out, /Migration: +ASSOCIATING\n.*Id: .*\n +From: +host-a\n +To: +host-b\n/);
  });
});
