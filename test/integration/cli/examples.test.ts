import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { nfvctl, type Ran } from '../../support/cli.js';
import { MemoryNva } from '../../support/memory-nva.js';
import { clientOf, startServer, type TestServer } from '../../support/nva-server.js';

const FILES = readdirSync('examples')
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => `examples/${name}`);

describe('examples', () => {
  let nva: MemoryNva;
  let server: TestServer;
  beforeEach(async () => {
    nva = new MemoryNva();
    server = await startServer(nva);
  });
  afterEach(() => server.stop());

  const run = (argv: string[], stdin = ''): Promise<Ran> =>
    nfvctl(['-s', server.target, ...argv], {
      stdin,
      connect: ({ timeoutMs }) => clientOf(server.target, timeoutMs),
    });

  it('are there', () => {
    assert.deepEqual(FILES.toSorted(), [
      'examples/ipv6-underlay.yaml',
      'examples/multicast.yaml',
      'examples/routed.yaml',
      'examples/two-tenants.yaml',
    ]);
  });

  for (const file of FILES) {
    it(`${file} is right, and can be applied, shown, applied again and deleted`, async () => {
      const checked = await run(['apply', '-f', file, '--dry-run']);
      assert.deepEqual([checked.status, checked.err], [0, '']);
      assert.equal(nva.revision, 0);

      const applied = await run(['apply', '-f', file]);
      assert.deepEqual([applied.status, applied.err], [0, '']);
      assert.doesNotMatch(applied.out, / (configured|unchanged)/);
      assert.equal((await run(['diff', '-f', file])).status, 0);

      const { revision } = nva;
      const shown = await run(['get', 'all', '-o', 'yaml']);
      const again = await run(['apply', '-f', '-'], shown.out);
      assert.deepEqual([again.status, again.err], [0, '']);
      assert.doesNotMatch(again.out, / (configured|created)/);
      assert.equal(nva.revision, revision);

      const deleted = await run(['delete', '-f', file]);
      assert.deepEqual([deleted.status, deleted.err], [0, '']);
      assert.equal((await run(['get', 'all', '-o', 'name'])).out, '');
    });
  }

  it('go together', async () => {
    const { status, err } = await run(['apply', '-f', 'examples']);
    assert.deepEqual([status, err], [0, '']);
  });

  it('have a router between two networks, on two hosts', async () => {
    await run(['apply', '-f', 'examples/routed.yaml']);
    const [router] = nva.routers.all;
    assert.deepEqual(router?.spec.subnets, ['web-v4', 'db-v4']);
    assert.deepEqual(
      nva.endpoints.all.map(
        ({ id, spec }) => `${spec.nve} ${spec.network} ${id} ${spec.ips.join()}`,
      ),
      [
        'l3-host-b db db-1 10.21.0.1',
        'l3-host-a web uplink 10.20.0.2',
        'l3-host-a web web-1 10.20.0.100',
        'l3-host-b web web-2 10.20.0.101',
      ],
    );
  });

  it('have two tenants with the same addresses on three hosts', async () => {
    await run(['apply', '-f', 'examples/two-tenants.yaml']);
    const of = (network: string): string[] =>
      nva.endpoints.all
        .filter(({ spec }) => spec.network === network)
        .map(({ spec }) => `${spec.mac} ${spec.ips.join()}`);
    // The fourth of red has an address that nobody in blue has.
    assert.deepEqual(of('red').slice(0, 3), of('blue').slice(0, 3));
    assert.equal(nva.endpoints.all.length, 8);
    assert.deepEqual(
      nva.nves.all.map(({ id, spec }) => `${id} ${spec.vtepAddresses.join()}`),
      ['host-a 10.77.0.1', 'host-b 10.77.0.2', 'host-c 10.77.0.3'],
    );
  });
});
