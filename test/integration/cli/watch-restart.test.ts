/** A watch through kill -9 of the NVA: every change once, as the store's own history has it. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { startProgram, runProgram, type Child } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';
import { FakeAgent } from '../../support/fake-agent.js';
import { poolManifest } from '../../support/pool-manifest.js';
import { SpawnedNva } from '../../support/spawned-nva.js';

const Event = z.object({
  type: z.enum(['PUT', 'DELETED']),
  revision: z.int(),
  resource: z.object({ kind: z.string(), metadata: z.object({ name: z.string() }) }),
});

/** Of `watch -o json`; the last line may be under way. */
function eventsIn(out: string): string[] {
  return out
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const { type, revision, resource } = Event.parse(JSON.parse(line));
      return `${revision} ${type} ${resource.kind}/${resource.metadata.name}`;
    });
}

describe('nfvctl watch, when the NVA is killed', function () {
  this.timeout(120_000);
  let nva: SpawnedNva;
  let agent: FakeAgent;
  before(async () => {
    nva = await SpawnedNva.start();
    // Its reports change many endpoints in one transaction.
    agent = new FakeAgent({ name: 'host-a', socket: nva.socket });
  });
  after(async () => {
    await agent.stop();
    await nva.close();
  });

  const nfvctl = (line: string, stdin = ''): ReturnType<typeof runProgram> =>
    runProgram(['-s', nva.target, ...line.split(' ')], { stdin });
  const startWatch = (line: string): Child =>
    startProgram(['-s', nva.target, 'watch', '-o', 'json', ...line.split(' ')]);

  /** Until a network of that name comes by, which is made for that. */
  async function untilSeen(watch: Child, name: string): Promise<void> {
    assert.equal((await nfvctl(`create network ${name}`)).status, 0);
    await eventually(() => watch.out.includes(`"name":"${name}"`), 30_000);
  }

  it('loses nothing and doubles nothing', async () => {
    assert.equal((await nfvctl('apply -f -', poolManifest(0))).status, 0);
    const watch = startWatch('--from-revision 1');
    await untilSeen(watch, 'begin');
    for (let round = 1; round <= 2; round++) {
      const apply = nfvctl('apply -f -', poolManifest(20 * round));
      // In the midst of it.
      await eventually(() => watch.out.includes(`"name":"web-${20 * (round - 1) + 3}"`), 30_000);
      await nva.kill();
      await nva.start();
      await apply;
      assert.equal((await nfvctl('apply -f -', poolManifest(20 * round))).status, 0);
      assert.equal((await nfvctl(`delete endpoint web-${round}`)).status, 0);
    }
    await eventually(
      async () => (await nfvctl('wait --for nve/host-a=in-sync')).status === 0,
      30_000,
    );
    await untilSeen(watch, 'end');
    const { status, err, out } = await watch.kill('SIGINT');
    assert.equal(status, 130);
    const resumed = [...err.matchAll(/^connection lost \(.*\); resuming from revision (\d+)$/gm)];
    assert.ok(resumed.length >= 2, err);

    const history = startWatch('--from-revision 1');
    await eventually(() => history.out.includes('"name":"end"'), 30_000);
    const expected = eventsIn((await history.kill('SIGINT')).out);
    // 40 endpoints made, 2 of them deleted, their network and NVE, begin and end; states besides.
    assert.ok(expected.length > 45, String(expected.length));
    assert.deepEqual(eventsIn(out), expected);
    assert.equal(new Set(expected).size, expected.length);
  });

  it('goes on with get --watch too', async () => {
    const watch = startProgram(['-s', nva.target, 'get', 'networks', '-w', '-o', 'name']);
    await eventually(() => watch.out.includes('virtualNetworks/end\n'), 30_000);
    await nva.kill();
    await nva.start();
    await nfvctl('create network later');
    await eventually(() => watch.out.includes('PUT virtualNetworks/later\n'), 30_000);
    const { out } = await watch.kill('SIGINT');
    assert.equal(out.match(/virtualNetworks\/end\n/g)?.length, 1);
  });
});
