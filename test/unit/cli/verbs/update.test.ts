import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { CliWorld } from '../../../support/cli-world.js';
import { settle } from '../../../support/fake-clock.js';

describe('nfvctl update', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.create();
  });

  it('changes just what is given', async () => {
    const before = world.nva.virtualNetworks.find('blue')?.spec;
    const ran = await world.run('update network blue --mtu 1400 --no-arp-suppression');
    assert.deepEqual(ran, { status: 0, out: 'virtualNetworks/blue updated\n', err: '' });
    assert.deepEqual(world.nva.virtualNetworks.find('blue')?.spec, {
      ...before,
      mtu: 1400,
      arpSuppression: false,
    });
  });

  it('says so where nothing changes', async () => {
    await world.run('update network blue --mtu 1400 --label a=b');
    const { revision } = world.nva;
    for (const flags of ['--mtu 1400', '--label a=b', '--label none-', '--mtu 1400 --dry-run']) {
      const { status, out } = await world.run(`update network blue ${flags}`);
      const dry = flags.endsWith('--dry-run') ? ' (dry run)' : '';
      assert.deepEqual([status, out], [0, `virtualNetworks/blue unchanged${dry}\n`]);
    }
    assert.equal(world.nva.revision, revision);
  });

  it('moves an endpoint, and waits', async () => {
    const ran = await world.run('update endpoint web-1 --nve host-b --wait');
    assert.equal(
      ran.out,
      'endpoints/web-1 updated\napplied by every NVE at revision 6 after 0ms\n',
    );
    assert.equal(world.nva.endpoints.find('web-1')?.spec.nve, 'host-b');
  });

  it('changes labels and ports on top of what there is', async () => {
    await world.run('update nve host-a --label rack=r1');
    assert.deepEqual(world.nva.nves.find('host-a')?.spec.labels, { site: 'a', rack: 'r1' });
    await world.run('update nve host-a --label site-');
    assert.deepEqual(world.nva.nves.find('host-a')?.spec.labels, { rack: 'r1' });
    await world.run('update endpoint web-1 --veth-interface eth9');
    assert.deepEqual(world.nva.endpoints.find('web-1')?.spec.port, {
      kind: 'veth',
      netns: 'web-1',
      interface: 'eth9',
      hostInterface: '',
    });
  });

  it('takes the multicast group away with its mode', async () => {
    await world.run('update network blue --bum-mode multicast --bum-group 239.1.1.1');
    const ran = await world.run('update network blue --bum-mode head-end');
    assert.equal(ran.status, 0);
    assert.equal(world.nva.virtualNetworks.find('blue')?.spec.bumGroup, '');
  });

  it('lets another agent bind the name', async () => {
    const update = { id: 'host-a', etag: '', validateOnly: false };
    await world.nva.nves.update({ ...update, changes: { nodeUuid: 'u' } });
    const ran = await world.run('update nve host-a --reset-identity');
    assert.equal(ran.status, 0);
    assert.equal(world.nva.nves.find('host-a')?.spec.nodeUuid, '');
  });

  it('checks only', async () => {
    const before = world.nva.revision;
    const ran = await world.run('update network blue --mtu 1400 --dry-run');
    assert.equal(ran.out, 'virtualNetworks/blue updated (dry run)\n');
    assert.equal(world.nva.revision, before);
  });

  it('minds an etag', async () => {
    const etag = world.nva.virtualNetworks.find('blue')?.meta.etag ?? '';
    assert.equal((await world.run(`update network blue --mtu 1400 --etag ${etag}`)).status, 0);
    const ran = await world.run(`update network blue --mtu 1300 --etag ${etag}`);
    assert.equal(ran.status, 4);
    assert.match(
      ran.err,
      /^error: virtualNetworks\/blue has changed: its etag is e6 \(ETAG_MISMATCH\)\n/,
    );
    const labels = await world.run(`update network blue --label a=b --etag ${etag}`);
    assert.equal(labels.status, 4);
    assert.deepEqual(world.nva.virtualNetworks.find('blue')?.spec.labels, {});
  });

  it('starts anew when what it builds on changes meanwhile', async () => {
    const { nves } = world.nva;
    const get = nves.get.bind(nves);
    let reads = 0;
    nves.get = async (id) => {
      const read = await get(id);
      // Somebody else is faster, twice.
      if (++reads <= 2) {
        const changes = { displayName: `other ${reads}` };
        await nves.update({ id, changes, etag: '', validateOnly: false });
      }
      return read;
    };
    const ran = await world.run('update nve host-a --label rack=r1');
    assert.equal(ran.status, 0);
    assert.equal(reads, 3);
    const spec = nves.find('host-a')?.spec;
    assert.deepEqual([spec?.displayName, spec?.labels], ['other 2', { site: 'a', rack: 'r1' }]);
  });

  it('gives up when that happens again and again', async () => {
    const mismatch = new NfvError('ETAG_MISMATCH', 'changed');
    world.nva.failNext('nves.update', mismatch, 9);
    assert.equal((await world.run('update nve host-a --label rack=r1')).status, 4);
    assert.equal(world.nva.calls.filter((call) => call === 'nves.update').length, 3);
  });

  it('repeats what may be repeated', async () => {
    world.nva.failNext('virtualNetworks.update', new NfvError('WRITE_CONFLICT', 'x'), 2);
    const running = world.start('update network blue --mtu 1400');
    await settle();
    await world.clock.advance(1000);
    assert.equal(await running.status, 0);
  });

  it('does not repeat what an etag guards: the lost answer might have been a yes', async () => {
    world.nva.failNext('virtualNetworks.update', new NfvError('NVA_UNREACHABLE', 'x'));
    assert.equal((await world.run('update network blue --mtu 1400 --etag e1')).status, 5);
  });

  const wrong: [line: string, status: number, err: string][] = [
    ['update network blue', 2, 'virtualNetworks/blue: nothing to change (INVALID_FIELD)'],
    ['update network grey --mtu 1400', 3, 'virtualNetworks/grey does not exist (NOT_FOUND)'],
    ['update network blue --mtu 100', 2, 'virtual_network.mtu: 100: out of range (INVALID_FIELD)'],
    [
      'update network blue --vni 101',
      2,
      'virtual_network.vni: 101: cannot be changed (INVALID_FIELD)',
    ],
    [
      'update network blue --tenant x',
      2,
      'virtual_network.tenant: x: cannot be changed (INVALID_FIELD)',
    ],
    [
      'update endpoint web-1 --nve nowhere',
      4,
      'endpoint.nve: nves/nowhere: does not exist (REFERENCE_NOT_FOUND)',
    ],
    [
      'update endpoint web-1 --ip 10.9.9.9',
      2,
      "endpoint.ips[0]: 10.9.9.9: outside the network's prefixes (INVALID_FIELD)",
    ],
    ['update endpoint web-9 --label a=b', 3, 'endpoints/web-9 does not exist (NOT_FOUND)'],
  ];
  for (const [line, status, err] of wrong) {
    it(`refuses ${line}`, async () => {
      const before = world.nva.revision;
      const ran = await world.run(line);
      assert.deepEqual(
        [ran.status, ran.out, ran.err.split('\n')[0]],
        [status, '', `error: ${err}`],
      );
      assert.equal(world.nva.revision, before);
    });
  }
});
