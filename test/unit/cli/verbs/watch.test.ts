import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { CliWorld } from '../../../support/cli-world.js';
import { settle } from '../../../support/fake-clock.js';
import { z } from 'zod';

const Event = z.strictObject({
  type: z.enum(['PUT', 'DELETED']),
  revision: z.int(),
  resource: z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) }),
});

describe('nfvctl watch', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.create();
  });

  const touch = async (id: string): Promise<void> => {
    const changes = { displayName: `changed at ${world.nva.revision}` };
    await world.nva.nves.update({ id, changes, etag: '', validateOnly: false });
    await settle();
  };

  it('shows changes from now on, a line each as JSON', async () => {
    const running = world.start('watch -o json');
    await settle();
    await touch('host-a');
    await world.nva.virtualNetworks.delete({ id: 'red', etag: '', validateOnly: false });
    await settle();
    running.interrupt();
    assert.equal(await running.status, 130);
    const lines = running.out.text.trimEnd().split('\n');
    const events = lines.map((line) => Event.parse(JSON.parse(line)));
    assert.deepEqual(
      events.map(({ type, revision, resource }) => [
        type,
        revision,
        resource.kind,
        resource.metadata.name,
      ]),
      [
        ['PUT', 6, 'Nve', 'host-a'],
        ['DELETED', 7, 'VirtualNetwork', 'red'],
      ],
    );
    assert.equal(running.err.text, '');
  });

  it('begins anew where it is cut in the midst of what exists', async () => {
    const broken = new NfvError('NVA_UNREACHABLE', 'cut');
    const watch = world.nva.watch.bind(world.nva);
    let cuts = 0;
    world.nva.watch = async function* (request, call) {
      for await (const event of watch(request, call)) {
        yield event;
        if (cuts++ === 0) throw broken;
      }
    };
    const running = world.start('watch networks --from-revision 0 -o name');
    await settle();
    await world.clock.advance(200);
    running.interrupt();
    assert.equal(await running.status, 130);
    assert.equal(running.err.text, 'connection lost (cut); resuming from the beginning\n');
    assert.equal(running.out.text, 'PUT virtualNetworks/blue\nPUT virtualNetworks/red\n');
  });

  it('shows a table', async () => {
    const running = world.start('watch nves');
    await settle();
    await touch('host-a');
    await touch('host-b');
    running.interrupt();
    await running.status;
    assert.equal(
      running.out.text,
      `EVENT     NAME     STATE             VTEPS       APPLIED   FAILED   LAST-SEEN   AGE
PUT       host-a   NEVER_CONNECTED   10.77.0.1   0/0       0        never       0s
PUT       host-b   NEVER_CONNECTED   10.77.0.2   0/0       0        never       0s
`,
    );
  });

  it('shows YAML documents', async () => {
    const running = world.start('watch nves --filter name=host-a -o yaml');
    await settle();
    await touch('host-b');
    await touch('host-a');
    running.interrupt();
    await running.status;
    assert.match(
      running.out.text,
      /^---\ntype: PUT\nrevision: 7\nresource:\n {2}apiVersion: nfv\/v1\n/,
    );
  });

  it('begins at a revision', async () => {
    const running = world.start('watch --from-revision 3 -o name');
    await settle();
    running.interrupt();
    await running.status;
    assert.equal(running.out.text, 'PUT nves/host-b\nPUT endpoints/web-1\n');
  });

  it('begins with all that exists', async () => {
    const running = world.start('watch networks --from-revision 0 -o name');
    await settle();
    running.interrupt();
    await running.status;
    assert.equal(running.out.text, 'PUT virtualNetworks/blue\nPUT virtualNetworks/red\n');
  });

  it('goes on after a lost connection, without missing or doubling', async () => {
    const running = world.start('watch nves -o name');
    await settle();
    await touch('host-a');
    world.nva.breakWatches();
    await settle();
    assert.equal(
      running.err.text,
      'connection lost (the NVA is stopping); resuming from revision 5\n',
    );
    world.nva.failNext('watch', new NfvError('NVA_UNREACHABLE', 'down'), 2);
    await touch('host-b');
    await world.clock.advance(5000);
    await touch('host-a');
    running.interrupt();
    await running.status;
    assert.equal(running.out.text, 'PUT nves/host-a\nPUT nves/host-b\nPUT nves/host-a\n');
  });

  const wrong: [line: string, status: number, err: string][] = [
    ['watch --from-revision 99', 2, '99 is after 5 (REVISION_IN_FUTURE)'],
    ['watch --from-revision x', 2, '--from-revision: x: not a whole number (INVALID_FIELD)'],
    ['watch pods', 2, 'KIND: pods: not a kind of resource (INVALID_FIELD)'],
    ['watch --filter vni', 2, 'filter: (empty): at character 4: ends too soon (INVALID_FILTER)'],
  ];
  for (const [line, status, err] of wrong) {
    it(`refuses ${line}`, async () => {
      const ran = await world.run(line);
      assert.deepEqual([ran.status, ran.err.split('\n')[0]], [status, `error: ${err}`]);
    });
  }

  it('fails at once where there is no NVA', async () => {
    world.nva.failNext('virtualNetworks.list', new NfvError('NVA_UNREACHABLE', 'down'));
    assert.equal((await world.run('watch')).status, 5);
  });

  it('says that what it should begin at is forgotten', async () => {
    world.nva.compact();
    const ran = await world.run('watch --from-revision 2');
    assert.equal(ran.status, 2);
    assert.match(
      ran.err,
      /REVISION_COMPACTED\)\nremedy: list again and watch from the new revision\n/,
    );
  });
});
