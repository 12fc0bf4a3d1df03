import assert from 'node:assert/strict';
import type { Connect } from '../../../../src/cli/host.js';
import { NfvError, type ErrorCode } from '../../../../src/errors.js';
import { connectTo } from '../../../support/cli.js';
import { CliWorld } from '../../../support/cli-world.js';
import { settle } from '../../../support/fake-clock.js';
import { NO_CHANGES } from '../../../support/no-changes.js';
import { TempFiles } from '../../../support/temp-files.js';

describe('nfvctl delete', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.create();
  });

  it('deletes what is named', async () => {
    await world.addEndpoint('web-2');
    const ran = await world.run('delete endpoint web-1 web-2 --wait');
    assert.deepEqual(ran, {
      status: 0,
      out: 'endpoints/web-1 deleted\nendpoints/web-2 deleted\napplied by every NVE at revision 8 after 0ms\n',
      err: '',
    });
    assert.deepEqual(world.nva.endpoints.all, []);
  });

  it('deletes in the order that references need', async () => {
    const ran = await world.run('delete network/blue nve/host-a endpoint/web-1');
    assert.equal(ran.status, 0);
    assert.equal(
      ran.out,
      'endpoints/web-1 deleted\nvirtualNetworks/blue deleted\nnves/host-a deleted\n',
    );
  });

  it('deletes NVEs when the rest is applied: until then their agents have to hear of it', async () => {
    const line = 'delete network/blue nve/host-a endpoint/web-1 --wait=5s';
    world.nva.laggards = [
      { nve: 'host-a', code: 'NVE_PENDING', reason: 'r', appliedRevision: 5, failures: [] },
    ];
    const running = world.start(line);
    await settle();
    await world.clock.advance(5000);
    assert.equal(await running.status, 6);
    assert.equal(running.out.text, 'endpoints/web-1 deleted\nvirtualNetworks/blue deleted\n');
    assert.match(
      running.err.text,
      /^error: 1 NVE has not applied[^]*\nnves\/host-a stays until the rest is gone\n$/,
    );
    assert.equal(world.nva.nves.all.length, 2);
    world.nva.laggards = [];
    const again = await world.run(line);
    assert.equal(again.status, 0);
    assert.match(
      again.out,
      /^applied by every NVE at revision 7 after 0ms\nnves\/host-a deleted\n$/,
    );
  });

  it('keeps NVEs with --wait while what was to go before them could not', async () => {
    const line = 'delete network/blue network/red nve/host-a nve/host-b';
    for (const flag of [' --wait --dry-run', ' --wait']) {
      const ran = await world.run(line + flag);
      assert.equal(ran.status, 4);
      assert.match(ran.out, /^virtualNetworks\/red deleted.*\n$/);
      assert.match(
        ran.err,
        /\n1 of 4 could not be deleted\nnves\/host-a stays until the rest is gone\nnves\/host-b stays until the rest is gone\n$/,
      );
      assert.equal(world.nva.nves.all.length, 2);
    }
    const { out } = await world.run(line);
    assert.equal(out, 'nves/host-b deleted\n', 'without --wait all goes that can');
  });

  it('deletes routers before subnets, and subnets before networks', async () => {
    await world.addRouting();
    const { out, err, status } = await world.run(
      'delete network/red subnet/red-v4 router/r1 subnet/blue-v4 ep/web-1 network/blue nve/host-a',
    );
    assert.deepEqual([status, err], [0, '']);
    assert.deepEqual(out.split('\n'), [
      'endpoints/web-1 deleted',
      'routers/r1 deleted',
      'subnets/red-v4 deleted',
      'subnets/blue-v4 deleted',
      'virtualNetworks/red deleted',
      'virtualNetworks/blue deleted',
      'nves/host-a deleted',
      '',
    ]);
  });

  it('keeps a subnet that a router has', async () => {
    await world.addRouting();
    const { status, err } = await world.run('delete subnet blue-v4');
    assert.equal(status, 4);
    assert.match(err, /^error: subnets\/blue-v4 is a subnet of routers\/r1 \(RESOURCE_IN_USE\)\n/);
  });

  for (const flag of ['', ' --ignore-not-found']) {
    it(`does not mind what is not there${flag}`, async () => {
      const ran = await world.run(`delete network red grey${flag}`);
      assert.deepEqual(ran, {
        status: 0,
        out: 'virtualNetworks/red deleted\n',
        err: 'virtualNetworks/grey not found, nothing to delete\n',
      });
    });
  }

  it('checks only', async () => {
    const before = world.nva.revision;
    const ran = await world.run('delete network red --dry-run --wait');
    assert.deepEqual(ran, { status: 0, out: 'virtualNetworks/red deleted (dry run)\n', err: '' });
    assert.equal(world.nva.revision, before);
  });

  it('checks only, and says what is in use where no plan tells what would go with it', async () => {
    const refused = (code: ErrorCode): Connect => {
      const plan = (): Promise<never> => Promise.reject(new NfvError(code, 'no plan'));
      return (options) => ({ ...connectTo(world.nva)(options), changes: { ...NO_CHANGES, plan } });
    };
    const line = 'delete network/blue nve/host-b --dry-run';
    for (const code of ['PROTOCOL_VERSION', 'INVALID_FIELD', 'ACCESS_DENIED'] as const) {
      const { status, out, err } = await world.run(line, { connect: refused(code) });
      assert.deepEqual([status, out], [4, 'nves/host-b deleted (dry run)\n'], code);
      assert.match(
        err,
        /^error: virtualNetworks\/blue is in use by 1 endpoints, .*RESOURCE_IN_USE/,
      );
    }
    const broken = await world.run(line, { connect: refused('INTERNAL') });
    assert.match(broken.err, /^error: virtualNetworks\/blue: no plan \(INTERNAL\)\n/);
  });

  it('minds an etag', async () => {
    assert.equal((await world.run('delete network red --etag old')).status, 4);
    assert.equal((await world.run('delete network red --etag e2')).status, 0);
  });

  it('goes on with the rest, and says what could not be deleted', async () => {
    const ran = await world.run('delete network blue red --wait');
    assert.equal(ran.status, 4);
    assert.equal(ran.out, 'virtualNetworks/red deleted\n');
    assert.equal(
      ran.err,
      'error: virtualNetworks/blue is in use by 1 endpoints, e.g. endpoints/web-1 (RESOURCE_IN_USE)\nremedy: delete what still refers to it first\n1 of 2 could not be deleted\n',
    );
  });

  it('says what the NVA said of which, where it does not say so itself', async () => {
    world.nva.failNext('nves.delete', new NfvError('STORE_LIMIT', 'too much'));
    const { status, err } = await world.run('delete nve host-b');
    assert.equal(status, 2);
    assert.match(err, /^error: nves\/host-b: too much \(STORE_LIMIT\)\n/);
  });

  it('deletes what files name, those that refer to others first', async () => {
    const files = await TempFiles.create();
    const { out } = await world.run('get all -o yaml');
    const file = await files.write('all.yaml', out);
    const ran = await world.run(`delete -f ${file}`);
    assert.deepEqual([ran.status, ran.err], [0, '']);
    assert.match(ran.out, /^endpoints\/web-1 deleted\n/);
    assert.equal(ran.out.split('\n').length - 1, 5);
    const again = await world.run(`delete -f ${file}`);
    assert.deepEqual([again.status, again.out], [0, '']);
    await files.remove();
  });

  const wrong: [line: string, err: string][] = [
    ['delete', 'nothing is named (INVALID_FIELD)'],
    ['delete network', 'nothing is named (INVALID_FIELD)'],
    ['delete network blue red --etag e1', '--etag: e1: given for 2 resources (INVALID_FIELD)'],
    ['delete network blue -f x.yaml', '-f: x.yaml: not used with names (INVALID_FIELD)'],
    ['delete network Blue', 'network NAME: Blue: not an id (INVALID_FIELD)'],
    ['delete network blue --wait=x', '--wait: x: not a duration (INVALID_FIELD)'],
  ];
  for (const [line, err] of wrong) {
    it(`refuses ${line}`, async () => {
      const before = world.nva.revision;
      const ran = await world.run(line);
      assert.deepEqual([ran.status, ran.out, ran.err.split('\n')[0]], [2, '', `error: ${err}`]);
      assert.equal(world.nva.revision, before);
    });
  }
});
