/** A host profile of `nfvd nva` that `nfvd nve` applies before it programs anything: on this kernel's hugepages. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Call } from '../../../src/model/api.js';
import { NEW_HOST_PROFILE } from '../../../src/model/host-profile.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { Child } from '../../support/child.js';
import { Daemon, DaemonFiles } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';
import { needNetns, Netns } from '../../support/netns.js';
import { skip } from '../../support/skip.js';
import { nveSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

const call: Call = { signal: new AbortController().signal };
const request = { requestId: '', validateOnly: false };
const POOL = '/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages';

describe('a host profile from the NVA, by the daemons', function () {
  this.timeout(120_000);
  const dir = tempDir();
  const files = new DaemonFiles(dir.path);
  const stateDir = join(dir.path, 'host');
  const running: Daemon[] = [];
  const closing: (() => Promise<void>)[] = [];
  let atFirst = 0;

  const pages = async (): Promise<number> => Number(await readFile(POOL, 'utf8'));
  const nfvctl = (...words: string[]): Promise<{ readonly out: string }> =>
    new Child(process.execPath, [
      'dist/src/main/nfvctl.js',
      'host',
      '--state-dir',
      stateDir,
      ...words,
    ]).ended;

  before(async function () {
    await needNetns(this);
    try {
      atFirst = await pages();
    } catch {
      skip(this, 'this kernel has no hugepages of 2 MiB on a node 0');
    }
  });
  after(async () => {
    for (const daemon of running.reverse()) await daemon.stop('SIGKILL');
    for (const close of closing.reverse()) await close();
    if (running.length > 0 && (await pages()) !== atFirst) await nfvctl('undo');
    dir.remove();
  });

  it('comes first, where the agent is to wait for its host', async () => {
    const host = await Netns.create();
    closing.push(() => host.close());
    await host.ip('address', 'add', '192.0.2.1/32', 'dev', 'lo');
    running.push(await Daemon.start(['nva', '--config', files.nva()]));
    const api = new NvaClient({
      address: { kind: 'unix', path: files.socket() },
      timeoutMs: 20_000,
    });
    closing.push(() => {
      api.close();
      return Promise.resolve();
    });
    await api.nves.create({ ...request, id: 'host-a', spec: nveSpec(['192.0.2.1']) }, call);
    const own = { required: true, stateDir, profileFrom: 'nva', apply: 'auto' };
    const agent = await Daemon.start(['nve', '--config', files.nve('host-a', { host: own })], host);
    running.push(agent);
    await agent.logged('waiting until the host is prepared');
    await agent.logged('connected to NVA');
    assert.equal((await api.nves.get('host-a', call)).status.state, 'SYNCING');

    const profile = `hugepages: [{ size: 2M, node: 0, pages: ${atFirst + 2} }]\n`;
    const spec = { ...NEW_HOST_PROFILE, profile, nves: ['host-a'] };
    await api.hostProfiles.create({ ...request, id: 'edge', spec }, call);
    await eventually(async () => {
      const { status } = await api.nves.get('host-a', call);
      assert.deepEqual([status.host?.phase, status.state], ['APPLIED', 'IN_SYNC']);
    }, 30_000);
    assert.equal(await pages(), atFirst + 2);
    assert.match(
      (await nfvctl('status')).out,
      /^Offered by the NVA: +hostProfiles\/edge, this one; /m,
    );

    // What the agent has applied is undone on the host, and not applied again behind one's back.
    assert.equal((await nfvctl('undo')).out, 'undone\n');
    assert.equal(await pages(), atFirst);
    await eventually(async () => {
      const { status } = await api.nves.get('host-a', call);
      assert.equal(status.host?.phase, 'OFFERED');
    }, 30_000);
    assert.equal(await pages(), atFirst);
  });
});
