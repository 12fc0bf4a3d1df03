/** A backup of the embedded store is put back, while clients have what was written after it. */
import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { Daemon, DaemonFiles } from '../../support/daemon.js';
import { call } from '../../support/nva-harness.js';
import { refusedWith } from '../../support/refusals.js';
import { networkSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

describe('a backup that was put back', function () {
  this.timeout(120_000);
  let dir: ReturnType<typeof tempDir>;
  let daemon: Daemon | undefined;
  beforeEach(() => {
    dir = tempDir();
  });
  afterEach(async () => {
    await daemon?.stop('SIGKILL');
    dir.remove();
  });

  it('an etag of the time that was lost is refused, though its revision comes again', async () => {
    const files = new DaemonFiles(dir.path);
    const dataDir = join(dir.path, 'nva');
    const listen = [{ address: `unix:${files.socket()}` }];
    const config = files.write('nva', { dataDir, listen });
    const address = { kind: 'unix', path: files.socket() } as const;
    async function within<T>(work: (api: NvaClient['virtualNetworks']) => Promise<T>): Promise<T> {
      daemon = await Daemon.start(['nva', '--config', config]);
      const client = new NvaClient({ address, timeoutMs: 20_000 });
      try {
        return await work(client.virtualNetworks);
      } finally {
        client.close();
        await daemon.stop('SIGTERM');
      }
    }
    const update = (
      displayName: string,
      etag = '',
    ): Parameters<NvaClient['virtualNetworks']['update']>[0] => ({
      id: 'blue',
      changes: { displayName },
      etag,
      validateOnly: false,
    });

    await within((api) =>
      api.create({ id: 'blue', spec: networkSpec({}), requestId: '', validateOnly: false }, call),
    );
    const backup = join(dir.path, 'backup.mdb');
    await copyFile(join(dataDir, 'data.mdb'), backup);
    const lost = await within((api) => api.update(update('lost'), call));
    await copyFile(backup, join(dataDir, 'data.mdb'));
    await within(async (api) => {
      const now = await api.update(update('of somebody else'), call);
      assert.equal(now.meta.revision, lost.meta.revision);
      await refusedWith('ETAG_MISMATCH', api.update(update('mine', lost.meta.etag), call));
      assert.equal((await api.get('blue', call)).spec.displayName, 'of somebody else');
    });
  });
});
