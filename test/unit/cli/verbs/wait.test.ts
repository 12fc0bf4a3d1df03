import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { NO_ENDPOINT_STATUS, type EndpointStatus } from '../../../../src/model/endpoint.js';
import { CliWorld } from '../../../support/cli-world.js';
import { settle } from '../../../support/fake-clock.js';

/** Without --for: test/unit/cli/await-applied.test.ts. */
describe('nfvctl wait --for', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.create();
  });

  const report = (state: EndpointStatus['state']): void => {
    const status = { ...NO_ENDPOINT_STATUS, state };
    world.nva.endpoints.report('web-1', (endpoint) => ({ ...endpoint, status }));
  };

  it('ends when a resource is in a state', async () => {
    const running = world.start('wait --for endpoint/web-1=active');
    await settle();
    report('FAILED');
    await settle();
    await world.clock.advance(1500);
    report('ACTIVE');
    assert.equal(await running.status, 0);
    assert.equal(running.out.text, 'endpoints/web-1 is ACTIVE after 1.5s\n');
    assert.equal(world.clock.pending, 0);
  });

  it('ends at once where it is', async () => {
    const ran = await world.run(
      'wait --for endpoint/web-1=pending --for nve/host-a=never-connected --for vn/blue=existing',
    );
    assert.deepEqual(ran, {
      status: 0,
      out: 'endpoints/web-1 is PENDING after 0ms\nnves/host-a is NEVER_CONNECTED after 0ms\nvirtualNetworks/blue is EXISTING after 0ms\n',
      err: '',
    });
  });

  it('knows of subnets and routers that they are there', async () => {
    await world.addRouting();
    const ran = await world.run('wait --for subnet/blue-v4=existing --for router/r1=existing');
    assert.deepEqual(ran, {
      status: 0,
      out: 'subnets/blue-v4 is EXISTING after 0ms\nrouters/r1 is EXISTING after 0ms\n',
      err: '',
    });
  });

  it('waits for what does not exist yet, and for what shall no longer', async () => {
    const running = world.start('wait --for endpoint/web-2=pending --for endpoint/web-1=deleted');
    await settle();
    await world.addEndpoint('web-2');
    await world.nva.endpoints.delete({ id: 'web-1', etag: '', validateOnly: false });
    assert.equal(await running.status, 0);
    assert.equal(
      running.out.text,
      'endpoints/web-2 is PENDING after 0ms\nendpoints/web-1 is DELETED after 0ms\n',
    );
  });

  it('says what there is when the time is up', async () => {
    const running = world.start('wait --for ep/web-1=active --for ep/web-7=active --timeout 5s');
    await settle();
    report('FAILED');
    await settle();
    await world.clock.advance(5000);
    assert.equal(await running.status, 6);
    assert.equal(
      running.err.text,
      `error: endpoints/web-1 is FAILED, not ACTIVE, after 5s (DEADLINE_EXCEEDED)
remedy: see "nfvctl describe endpoints/web-1"
error: endpoints/web-7 does not exist, not ACTIVE, after 5s (DEADLINE_EXCEEDED)
remedy: see "nfvctl describe endpoints/web-7"
`,
    );
  });

  it('goes on after a lost connection', async () => {
    const running = world.start('wait --for endpoint/web-1=active');
    await settle();
    world.nva.breakWatches();
    await settle();
    report('ACTIVE');
    await world.clock.advance(200);
    assert.equal(await running.status, 0);
  });

  it('ends quietly when it is interrupted', async () => {
    const running = world.start('wait --for endpoint/web-1=active');
    await settle();
    running.interrupt();
    assert.equal(await running.status, 130);
    assert.equal(running.out.text + running.err.text, '');
    assert.equal(world.clock.pending, 0);
  });

  it('fails where one of its watches does', async () => {
    world.nva.failNext('watch', new NfvError('NVE_IDENTITY_MISMATCH', 'x'));
    const ran = await world.run('wait --for ep/web-1=active --for nve/host-a=in-sync');
    assert.equal(ran.status, 7);
    assert.equal(world.clock.pending, 0);
  });

  const wrong: [line: string, err: string, remedy: string][] = [
    ['endpoint/web-1', '--for: endpoint/web-1: no state', 'give KIND/NAME=STATE'],
    ['web-1=active', '--for: web-1=active: no kind', 'give KIND/NAME=STATE'],
    [
      'endpoint/web-1=happy',
      '--for: endpoint/web-1=happy: not a state that it can have',
      'give one of pending, active, failed, down, deleted',
    ],
    [
      'network/blue=active',
      '--for: network/blue=active: not a state that it can have',
      'give one of existing, deleted',
    ],
    [
      'nve/host-a=in-sync --revision 5',
      '--revision: 5: not used with --for',
      'leave out one of the two',
    ],
  ];
  for (const [flags, err, remedy] of wrong) {
    it(`refuses ${flags}`, async () => {
      assert.deepEqual(await world.run(`wait --for ${flags}`), {
        status: 2,
        out: '',
        err: `error: ${err} (INVALID_FIELD)\nremedy: ${remedy}\n`,
      });
    });
  }
});
