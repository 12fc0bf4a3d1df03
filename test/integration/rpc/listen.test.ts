import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAddress, type Address } from '../../../src/rpc/address.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { RpcServer } from '../../../src/rpc/server.js';
import type { TlsFiles } from '../../../src/rpc/tls-material.js';
import { ANYBODY } from '../../support/anybody.js';
import { authority, certificate, needOpenssl } from '../../support/certificates.js';
import { MemoryNva } from '../../support/memory-nva.js';
import { CALL } from '../../support/nva-server.js';
import { refusedWith } from '../../support/refusals.js';

const run = promisify(execFile);
const ALL = { pageSize: 0, pageToken: '', filter: '' };

describe('listen', () => {
  let directory: string;
  const servers: RpcServer[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'nfvt-listen-'));
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop(0)));
    await rm(directory, { recursive: true });
  });

  const start = async (...listeners: { text: string; tls?: TlsFiles }[]): Promise<string[]> => {
    const server = new RpcServer({
      listeners: listeners.map(({ text, tls }) => ({
        address: addressOf(text),
        ...(tls === undefined ? {} : { tls }),
      })),
      nva: { api: new MemoryNva(), session: () => Promise.resolve(), ...ANYBODY },
    });
    servers.push(server);
    return server.start();
  };
  const list = async (target: string, tls?: TlsFiles): Promise<number> => {
    const client = new NvaClient({
      address: addressOf(target),
      timeoutMs: 2000,
      ...(tls === undefined ? {} : { tls }),
    });
    try {
      return (await client.nves.list(ALL, CALL)).revision;
    } finally {
      client.close();
    }
  };

  it('makes a socket that only its user may open', async () => {
    const path = join(directory, 'new', 'nva.sock');
    assert.deepEqual(await start({ text: `unix:${path}` }), [`unix:${path}`]);
    const { mode } = await stat(path);
    assert.equal(mode & 0o777, 0o600);
    assert.equal(await list(`unix:${path}`), 0);
  });

  it('says which port it got', async () => {
    const [target = ''] = await start({ text: '127.0.0.1:0' });
    assert.match(target, /^127\.0\.0\.1:[1-9]\d*$/);
    assert.equal(await list(target), 0);
  });

  it('takes over a socket that nobody answers at', async () => {
    const path = join(directory, 'nva.sock');
    const child = `const s = require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    await assert.rejects(run(process.execPath, ['-e', child, path]));
    assert.ok((await stat(path)).isSocket());
    await start({ text: `unix:${path}` });
    assert.equal(await list(`unix:${path}`), 0);
  });

  it('leaves a socket alone that somebody answers at', async () => {
    const path = join(directory, 'nva.sock');
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(path, resolve));
    const error = await refusedWith('LISTEN_FAILED', start({ text: `unix:${path}` }));
    assert.equal(error.message, `${path} is in use by another process`);
    await new Promise((resolve) => other.close(resolve));
  });

  it('leaves a file alone that is no socket', async () => {
    const path = join(directory, 'notes.txt');
    await writeFile(path, 'precious');
    const error = await refusedWith('LISTEN_FAILED', start({ text: `unix:${path}` }));
    assert.equal(error.message, `${path} exists and is not a socket`);
    assert.equal((await stat(path)).size, 8);
  });

  it('says so when there can be no directory for its socket', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await refusedWith('LISTEN_FAILED', start({ text: `unix:${file}/nva.sock` }));
  });

  it('refuses a port that is in use, and then listens nowhere', async () => {
    const [taken = ''] = await start({ text: '127.0.0.1:0' });
    const path = join(directory, 'nva.sock');
    await refusedWith('LISTEN_FAILED', start({ text: `unix:${path}` }, { text: taken }));
    await refusedWith('NVA_UNREACHABLE', list(`unix:${path}`));
  });

  for (const text of ['0.0.0.0:0', '[::]:0', '192.0.2.1:7443', 'nva.example.org:7443']) {
    it(`does not listen at ${text} without TLS`, async () => {
      await refusedWith('INSECURE_LISTENER', start({ text }));
    });
  }

  describe('with TLS', () => {
    let tls: Record<'ours' | 'server' | 'theirs', TlsFiles>;

    before(async function () {
      this.timeout(60_000);
      await needOpenssl(this);
    });
    beforeEach(async function () {
      this.timeout(60_000);
      const ca = await authority(directory, 'ca');
      const otherCa = await authority(directory, 'other-ca');
      tls = {
        server: await certificate(directory, 'server', ca),
        ours: await certificate(directory, 'ours', ca),
        theirs: { ...(await certificate(directory, 'theirs', otherCa)), ca: ca.cert },
      };
    });

    it('lets in who shows a certificate of its CA, and nobody else', async () => {
      const [target = ''] = await start({ text: '127.0.0.1:0', tls: tls.server });
      assert.equal(await list(target, tls.ours), 0);
      await refusedWith('NVA_UNREACHABLE', list(target, tls.theirs));
      await refusedWith('NVA_UNREACHABLE', list(target));
    });

    it('does not talk to a server of another CA', async () => {
      const [target = ''] = await start({ text: '127.0.0.1:0', tls: tls.server });
      await refusedWith('NVA_UNREACHABLE', list(target, { ...tls.ours, ca: tls.theirs.cert }));
    });

    it('may listen anywhere', async () => {
      const [target = ''] = await start({ text: '0.0.0.0:0', tls: tls.server });
      assert.equal(await list(target.replace('0.0.0.0', '127.0.0.1'), tls.ours), 0);
    });

    it('says which file it could not read', async () => {
      const missing = { ...tls.server, key: join(directory, 'none.pem') };
      const error = await refusedWith(
        'FILE_UNREADABLE',
        start({ text: '127.0.0.1:0', tls: missing }),
      );
      assert.ok(error.message.startsWith(`${missing.key}: ENOENT`), error.message);
      await refusedWith('FILE_UNREADABLE', list('127.0.0.1:1', missing));
    });
  });
});

function addressOf(text: string): Address {
  const address = parseAddress(text);
  assert.ok(address !== undefined, text);
  return address;
}
