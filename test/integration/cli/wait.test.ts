/** --wait through the real NVA: who lags, and why. */
import assert from 'node:assert/strict';
import { runProgram, type Ended } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';
import { FakeAgent } from '../../support/fake-agent.js';
import { poolManifest } from '../../support/pool-manifest.js';
import { SpawnedNva } from '../../support/spawned-nva.js';

describe('nfvctl wait, with NVEs that lag', function () {
  this.timeout(60_000);
  let nva: SpawnedNva;
  const agents: FakeAgent[] = [];
  let isBroken = true;
  let takeOn: () => void = () => undefined;
  const stalled = new Promise<void>((resolve) => (takeOn = resolve));

  before(async () => {
    nva = await SpawnedNva.start();
    agents.push(
      new FakeAgent({
        name: 'host-a',
        socket: nva.socket,
        judge: ({ key }) =>
          isBroken && key === 'port/web-0'
            ? { code: 'NETNS_MISSING', message: 'there is no network namespace web-0' }
            : undefined,
      }),
      new FakeAgent({ name: 'host-c', socket: nva.socket, onDelta: () => stalled }),
    );
  });
  after(async () => {
    takeOn();
    for (const agent of agents) await agent.stop();
    await nva.close();
  });

  const run = (line: string, stdin = ''): Promise<Ended> =>
    runProgram(['-s', nva.target, ...line.split(' ')], { stdin });

  it('names each, with its reason and what to do, and ends with 6', async () => {
    await run('apply -f -', poolManifest(0));
    // host-b has no agent, host-c takes its deltas and does not answer.
    await eventually(() => agents.every(({ nve }) => nve.welcome !== undefined));
    const { status, out, err } = await run('apply -f - --wait=2s', poolManifest(3));
    assert.equal(status, 6, err);
    assert.equal(out.match(/ created\n/g)?.length, 3);
    const [head = '', ...lines] = err.split('\n');
    assert.match(head, /^error: 3 NVEs have not applied revision \d+ after [\d.]+s$/);
    const rows = lines.slice(1, 4).map((line) => line.replace(/ +/g, ' ').replace(/ \d+ /, ' N '));
    assert.deepEqual(rows, [
      'host-a NETNS_MISSING N port/web-0: there is no network namespace web-0',
      'host-b NVE_DISCONNECTED N its agent is not connected',
      'host-c NVE_PENDING N it is still applying',
    ]);
    assert.deepEqual(lines.slice(4), [
      'remedy: NETNS_MISSING: create the network namespace: ip netns add NAME',
      'remedy: NVE_DISCONNECTED: check the agent on that host',
      'remedy: NVE_PENDING: wait; the NVE is still applying',
      '',
    ]);
  });

  it('says of a resource what it is instead', async () => {
    const { status, out, err } = await run(
      'wait --for ep/web-0=active --for net/blue=existing --timeout 1s',
    );
    assert.equal(status, 6);
    assert.match(out, /^virtualNetworks\/blue is EXISTING after /);
    assert.match(
      err,
      /^error: endpoints\/web-0 is FAILED, not ACTIVE, after [\d.]+s \(DEADLINE_EXCEEDED\)\n/,
    );
  });

  it('ends with 0 once they have caught up', async () => {
    const waiting = run('wait --timeout 30s');
    isBroken = false;
    takeOn();
    await agents[0]?.nve.disconnect();
    agents.push(new FakeAgent({ name: 'host-b', socket: nva.socket }));
    const { status, out, err } = await waiting;
    assert.deepEqual([status, err], [0, '']);
    assert.match(out, /^applied by every NVE at revision \d+ after /);
    assert.equal((await run('wait --for ep/web-0=active --for ep/web-2=active')).status, 0);
  });
});
