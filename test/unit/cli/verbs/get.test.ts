import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { NEW_NVE } from '../../../../src/model/nve.js';
import { CliWorld } from '../../../support/cli-world.js';
import { settle } from '../../../support/fake-clock.js';

describe('nfvctl get', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.create();
  });

  const BLUE = 'blue   acme      100   1450   HEAD_END   10.0.0.0/24   0s\n';
  const RED = 'red    default   200   1450   HEAD_END   -             0s\n';
  const HEAD = 'NAME   TENANT    VNI   MTU    BUM        PREFIXES      AGE\n';

  const rows: [line: string, out: string][] = [
    ['get networks', HEAD + BLUE + RED],
    ['get vn', HEAD + BLUE + RED],
    ['get networks --no-headers', BLUE + RED],
    ['get networks --tenant acme -o name', 'virtualNetworks/blue\n'],
    ['get networks --filter vni>100 -o name', 'virtualNetworks/red\n'],
    ['get nves -l site=a -o name', 'nves/host-a\n'],
    ['get nves -l !site -o name', 'nves/host-b\n'],
    ['get endpoints --network blue --nve host-a -o name', 'endpoints/web-1\n'],
    ['get endpoints --network red -o name', ''],
    ['get endpoints --tenant acme -o name', 'endpoints/web-1\n'],
    ['get endpoints --tenant default -o name', ''],
    [
      'get networks,nves -o name',
      'virtualNetworks/blue\nvirtualNetworks/red\nnves/host-a\nnves/host-b\n',
    ],
    ['get network red blue -o name', 'virtualNetworks/red\nvirtualNetworks/blue\n'],
    ['get network/red nve/host-a -o name', 'virtualNetworks/red\nnves/host-a\n'],
    [
      'get endpoints --network red -o json',
      '{\n  "apiVersion": "nfv/v1",\n  "kind": "List",\n  "items": []\n}\n',
    ],
    ['get endpoints --network red -o yaml', ''],
  ];
  for (const [line, out] of rows) {
    it(line, async () => {
      assert.deepEqual(await world.run(line), { status: 0, out, err: '' });
    });
  }

  it('shows all kinds, with names that say which', async () => {
    const { out } = await world.run('get all');
    assert.deepEqual(
      out.split('\n').map((line) => line.split(' ')[0]),
      [
        'NAME',
        'virtualNetworks/blue',
        'virtualNetworks/red',
        '',
        'NAME',
        'nves/host-a',
        'nves/host-b',
        '',
        'NAME',
        'endpoints/web-1',
        '',
      ],
    );
  });

  const routed: [line: string, out: string][] = [
    ['get subnets --network blue -o name', 'subnets/blue-v4\n'],
    ['get sn --tenant acme -o name', 'subnets/blue-v4\n'],
    ['get subnets --tenant default -o name', 'subnets/red-v4\n'],
    ['get routers --tenant acme -o name', 'routers/r1\n'],
    ['get routers --tenant default -o name', ''],
    ['get subnets,endpoints --network blue -o name', 'subnets/blue-v4\nendpoints/web-1\n'],
    ['get routers --filter subnets:blue-v4 -o name', 'routers/r1\n'],
    [
      'get subnet blue-v4',
      'NAME      NETWORK   PREFIX        GATEWAY    POOLS   AGE\nblue-v4   blue      10.0.0.0/24   10.0.0.1   all     0s\n',
    ],
    [
      'get router r1',
      'NAME   TENANT   VRF   SUBNETS   ROUTES   AGE\nr1     acme     7     blue-v4   0        0s\n',
    ],
  ];
  for (const [line, out] of routed) {
    it(line, async () => {
      await world.addRouting();
      assert.deepEqual(await world.run(line), { status: 0, out, err: '' });
    });
  }

  it('says that there is nothing', async () => {
    const { status, out, err } = await world.run('get endpoints --network red');
    assert.deepEqual([status, out, err], [0, '', 'no endpoints found\n']);
  });

  it('shows one as one, several as a list', async () => {
    const one: unknown = JSON.parse((await world.run('get nve host-a -o json')).out);
    const list: unknown = JSON.parse((await world.run('get nve host-a host-a -o json')).out);
    assert.deepEqual(list, { apiVersion: 'nfv/v1', kind: 'List', items: [one, one] });
  });

  it('shows what there is, and says what there is not', async () => {
    const { status, out, err } = await world.run('get network blue grey red -o name');
    assert.equal(status, 3);
    assert.equal(out, 'virtualNetworks/blue\nvirtualNetworks/red\n');
    assert.equal(
      err,
      'error: virtualNetworks/grey does not exist (NOT_FOUND)\nremedy: list what exists with "nfvctl get all"\n',
    );
  });

  it('prints nothing for the one that is not there', async () => {
    const { status, out } = await world.run('get network grey -o json');
    assert.deepEqual([status, out], [3, '']);
  });

  it('gets every page', async () => {
    for (let i = 0; i < 1100; i++) {
      const vtepAddresses = [`10.78.${Math.floor(i / 200)}.${(i % 200) + 1}`];
      const spec = { ...NEW_NVE, vtepAddresses };
      await world.nva.nves.create({ id: `n${i}`, spec, requestId: '', validateOnly: false });
    }
    const { out } = await world.run('get nves -o name');
    const all = world.nva.nves.all.map(({ id }) => `nves/${id}\n`);
    assert.equal(all.length, 1102);
    assert.equal(out, all.join(''));
  });

  const wrong: [line: string, message: string][] = [
    ['get pods', 'error: KIND: pods: not a kind of resource (INVALID_FIELD)'],
    ['get networks,pods', 'error: KIND: pods: not a kind of resource (INVALID_FIELD)'],
    [
      'get network blue --filter vni=1',
      'error: --filter: vni=1: not used with names (INVALID_FIELD)',
    ],
    ['get nves --network blue', 'error: --network: blue: nves have none (INVALID_FIELD)'],
    [
      'get nves --filter colour=red',
      'error: filter: colour: at character 1: no such field (INVALID_FILTER)',
    ],
    [
      'get endpoints --tenant acme -w',
      'error: --tenant: acme: not used with --watch for endpoints (INVALID_FIELD)',
    ],
    [
      'get subnets --tenant acme -w',
      'error: --tenant: acme: not used with --watch for subnets (INVALID_FIELD)',
    ],
    ['get network Blue', 'error: network NAME: Blue: not an id (INVALID_FIELD)'],
  ];
  for (const [line, message] of wrong) {
    it(`refuses ${line}`, async () => {
      const { status, out, err } = await world.run(line);
      assert.deepEqual([status, out, err.split('\n')[0]], [2, '', message]);
    });
  }

  it('says that the NVA cannot be reached', async () => {
    world.nva.failNext('nves.list', new NfvError('NVA_UNREACHABLE', 'unix:/x: ENOENT'));
    const { status, err } = await world.run('get nves');
    assert.equal(status, 5);
    assert.equal(
      err,
      'error: unix:/x: ENOENT (NVA_UNREACHABLE)\nremedy: check that "nfvd nva" runs and the address is right\n',
    );
  });

  for (const line of ['get nve host-a', 'describe nve host-a']) {
    it(`tells of other errors at once: ${line}`, async () => {
      world.nva.failNext('nves.get', new NfvError('NVA_UNREACHABLE', 'away'));
      const { status, out, err } = await world.run(line);
      assert.deepEqual([status, out], [5, '']);
      assert.match(err, /^error: away \(NVA_UNREACHABLE\)\n/);
    });
  }

  describe('--watch', () => {
    it('shows what there is, then every change', async () => {
      const running = world.start('get endpoints --network blue -w');
      await settle();
      await world.addEndpoint('web-2');
      await settle();
      await world.nva.endpoints.delete({ id: 'web-1', etag: '', validateOnly: false });
      await settle();
      running.interrupt();
      assert.equal(await running.status, 130);
      assert.equal(
        running.out.text,
        `EVENT     NAME    NETWORK   NVE      MAC                 IPS         STATE     AGE
PUT       web-1   blue      host-a   02:00:00:00:00:01   10.0.0.11   PENDING   0s
PUT       web-2   blue      host-a   02:00:00:00:00:02   10.0.0.12   PENDING   0s
DELETED   web-1   blue      host-a   02:00:00:00:00:01   10.0.0.11   PENDING   0s
`,
      );
    });

    it('shows what ceases to match as deleted', async () => {
      const running = world.start('get nves -l site=a -w -o name');
      await settle();
      const update = { id: 'host-a', etag: '', validateOnly: false };
      await world.nva.nves.update({ ...update, changes: { labels: {} } });
      await settle();
      running.interrupt();
      await running.status;
      assert.equal(running.out.text, 'PUT nves/host-a\nDELETED nves/host-a\n');
    });

    it('watches several kinds, each from where it was listed', async () => {
      const running = world.start('get networks,nves -w -o name');
      await settle();
      await world.nva.virtualNetworks.delete({ id: 'red', etag: '', validateOnly: false });
      await world.nva.nves.delete({ id: 'host-b', etag: '', validateOnly: false });
      await settle();
      running.interrupt();
      await running.status;
      assert.deepEqual(running.out.text.split('\n').toSorted(), [
        '',
        'DELETED nves/host-b',
        'DELETED virtualNetworks/red',
        'PUT nves/host-a',
        'PUT nves/host-b',
        'PUT virtualNetworks/blue',
        'PUT virtualNetworks/red',
      ]);
    });

    it('watches those that are named, and no others', async () => {
      const running = world.start('get nve/host-a network/red -w -o name');
      await settle();
      await world.nva.virtualNetworks.delete({ id: 'red', etag: '', validateOnly: false });
      await world.nva.nves.delete({ id: 'host-b', etag: '', validateOnly: false });
      await settle();
      running.interrupt();
      assert.equal(await running.status, 130);
      const lines = ['PUT nves/host-a', 'PUT virtualNetworks/red', 'DELETED virtualNetworks/red'];
      assert.deepEqual(running.out.text.trimEnd().split('\n'), lines);
    });

    it('does not wait for one that is not there', async () => {
      const { status, out, err } = await world.run('get nves host-a host-z -w');
      assert.deepEqual([status, out], [3, '']);
      assert.match(err, /^error: nves\/host-z does not exist \(NOT_FOUND\)\n/);
    });

    it('ends all its watches when one fails', async () => {
      world.nva.failNext('watch', new NfvError('REVISION_COMPACTED', 'too old'));
      const { status, err } = await world.run('get networks,nves -w -o name');
      assert.equal(status, 2);
      assert.match(err, /^error: too old \(REVISION_COMPACTED\)\n/);
    });
  });
});
