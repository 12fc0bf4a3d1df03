/** `nfvctl host` and `nfvd host` as processes, on this machine's own kernel: its hugepages. */
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, type Ended } from '../../support/child.js';
import { Daemon, DaemonFiles } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';
import { Netns } from '../../support/netns.js';
import { skip } from '../../support/skip.js';
import { tempDir } from '../../support/temp-dir.js';

const program = (name: string): string =>
  fileURLToPath(new URL(`../../../src/main/${name}.js`, import.meta.url));
const POOL = '/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages';

describe('host preparation on this kernel', () => {
  const dir = tempDir();
  const stateDir = join(dir.path, 'state');
  const profile = join(dir.path, 'host.yaml');
  let atFirst = 0;

  const pages = async (): Promise<number> => Number(await readFile(POOL, 'utf8'));
  const start = (name: string, words: readonly string[]): Child =>
    new Child(process.execPath, [program(name), 'host', ...words, '--state-dir', stateDir]);
  const nfvctl = (...words: string[]): Promise<Ended> => start('nfvctl', words).ended;

  before(async function () {
    if (process.getuid?.() !== 0) skip(this, 'not root');
    try {
      atFirst = await pages();
    } catch {
      skip(this, 'this kernel has no hugepages of 2 MiB on a node 0');
    }
    const wanted = `{ size: 2M, node: 0, pages: ${atFirst + 3} }`;
    await writeFile(profile, `hugepages: [${wanted}]\n`);
  });

  afterEach(async () => {
    if ((await pages()) !== atFirst) await nfvctl('undo');
    await rm(stateDir, { recursive: true, force: true });
  });
  after(() => {
    dir.remove();
  });

  it('applies a profile, and undoes it', async () => {
    const applied = await nfvctl('apply', '-f', profile);
    assert.deepEqual([applied.status, applied.out], [0, 'host prepared, 1 step\n']);
    assert.equal(await pages(), atFirst + 3);
    const undone = await nfvctl('undo');
    assert.deepEqual([undone.status, undone.out], [0, 'undone\n']);
    assert.equal(await pages(), atFirst);
  });

  it('undoes what nobody confirms, though who applied it has gone', async () => {
    const applied = await nfvctl('apply', '-f', profile, '--confirm', '300ms');
    assert.equal(applied.status, 0, applied.err);
    await eventually(async () => (await pages()) === atFirst);
    await eventually(async () => (await nfvctl('status')).out.includes('idle'));
  });

  it('keeps what is confirmed', async () => {
    await nfvctl('apply', '-f', profile, '--confirm', '1m');
    assert.equal((await nfvctl('confirm')).out, 'confirmed\n');
    const guard = await start('nfvd', ['guard']).ended;
    assert.equal(guard.status, 0, guard.err);
    assert.equal(await pages(), atFirst + 3);
  });

  it('gives one of two that change the host at once a clear refusal, or its turn', async () => {
    const both = await Promise.all([
      nfvctl('apply', '-f', profile),
      nfvctl('apply', '-f', profile),
    ]);
    for (const { status, err } of both) assert.ok(status === 0 || err.includes('HOST_BUSY'), err);
    assert.ok(both.some(({ status }) => status === 0));
    assert.equal(await pages(), atFirst + 3);
  });

  it('recovers as the service does: nothing to do, said so', async () => {
    const { status, out } = await start('nfvd', ['recover']).ended;
    assert.equal(status, 0);
    assert.match(out, /"state":"idle","ready":false/);
  });

  describe('with an agent that waits for it', () => {
    const files = new DaemonFiles(join(dir.path, 'nve'));
    const waiting = async (): Promise<Daemon> => {
      const host = { required: true, stateDir };
      const args = ['nve', '--config', files.nve('host-a', { host })];
      return await Daemon.start(args, netns, 'waiting until the host is prepared');
    };
    let netns: Netns;
    before(async () => {
      netns = await Netns.create();
    });
    after(() => netns.close());

    it('lets it start when a change is confirmed, and not before', async () => {
      const agent = await waiting();
      try {
        assert.equal(agent.lines.at(-1)?.['state'], 'idle');
        await nfvctl('apply', '-f', profile, '--confirm', '1m');
        await agent.logged((line) => line['state'] === 'unconfirmed');
        assert.ok(!agent.lines.some(({ msg }) => msg === 'NVE is up'));
        await nfvctl('confirm');
        await agent.logged('the host is prepared');
        await agent.logged('NVE is up');
      } finally {
        await agent.stop();
      }
      assert.deepEqual(await agent.ended, { code: 0, signal: null });
    });

    it('stops it while it waits', async () => {
      const agent = await waiting();
      assert.deepEqual(await agent.stop(), { code: 0, signal: null });
      assert.equal(agent.lines.at(-1)?.msg, 'stopped');
    });
  });

  it('shows this machine, and what is in its way', async () => {
    const inventory = await nfvctl('inventory', '-o', 'json');
    assert.equal(inventory.status, 0, inventory.err);
    assert.match(inventory.out, /"hugepages"/);
    const { out } = await nfvctl('preflight');
    assert.match(out, /^ok +privileges: root$/m);
    assert.match(out, /^ok +hugepages: node 0: /m);
  });
});
