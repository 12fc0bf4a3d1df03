import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { parseAddress, type Address } from '../../../src/rpc/address.js';
import type { TlsFiles } from '../../../src/rpc/tls-material.js';
import { LOOK_MS, TlsKeeper, type TlsEvents } from '../../../src/rpc/tls-keeper.js';
import { PageServer } from '../../../src/telemetry/page-server.js';
import { FakeClock } from '../../support/fake-clock.js';
import { LabCa } from '../../support/lab-ca.js';
import { eventually } from '../../support/eventually.js';
import { authority, certificate, needOpenssl } from '../../support/certificates.js';
import { refusedWith } from '../../support/refusals.js';
import { fetchPage } from '../../support/scrape.js';
import { tempDir } from '../../support/temp-dir.js';

describe('the server of the metrics page', function () {
  this.timeout(30_000);
  let dir: ReturnType<typeof tempDir>;
  const servers: PageServer[] = [];

  beforeEach(() => {
    dir = tempDir();
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    dir.remove();
  });

  const addressOf = (text: string): Address => {
    const address = parseAddress(text);
    assert.ok(address, text);
    return address;
  };
  let render = (): Promise<string> => Promise.resolve('a 1\n');
  const start = async (text: string, tls?: TlsFiles): Promise<number> => {
    const server = new PageServer({ contentType: 'text/plain', render: () => render() });
    servers.push(server);
    const listener = { address: addressOf(text), ...(tls && { tls }) };
    const [bound = ''] = await server.start([listener]);
    return Number(bound.slice(bound.lastIndexOf(':') + 1));
  };

  it('has one page, on loopback', async () => {
    const port = await start('127.0.0.1:0');
    const page = await fetchPage({ port });
    assert.deepEqual(page, { status: 200, type: 'text/plain', text: 'a 1\n' });
    assert.equal((await fetchPage({ port, path: '/metrics?x=1' })).status, 200);
    assert.equal((await fetchPage({ port, method: 'HEAD' })).text, '');
    assert.equal((await fetchPage({ port, path: '/' })).status, 404);
    assert.equal((await fetchPage({ port, path: '/metrics/../etc/passwd' })).status, 404);
    assert.equal((await fetchPage({ port, method: 'POST' })).status, 405);
  });

  it('has it on a socket that only its user may open', async () => {
    const socketPath = join(dir.path, 'metrics.sock');
    await start(`unix:${socketPath}`);
    assert.equal((await stat(socketPath)).mode & 0o777, 0o600);
    assert.equal((await fetchPage({ socketPath })).text, 'a 1\n');
  });

  it('makes the page once for all who ask meanwhile, and anew for the next', async () => {
    let made = 0;
    let finish = (): void => undefined;
    render = () => {
      made++;
      return new Promise((resolve) => {
        finish = () => {
          resolve('b 1\n');
        };
      });
    };
    const port = await start('127.0.0.1:0');
    const asked = [fetchPage({ port }), fetchPage({ port })];
    const connected = setInterval(() => {
      if (made > 0) finish();
    }, 50);
    await Promise.all(asked);
    clearInterval(connected);
    assert.ok(made <= 2);
    render = () => Promise.reject(new Error('it broke'));
    const { status, text } = await fetchPage({ port });
    assert.deepEqual([status, text], [500, 'it broke\n']);
    render = () => Promise.resolve('a 1\n');
    assert.equal((await fetchPage({ port })).status, 200);
  });

  it('does not wait for who asks for nothing when it stops', async () => {
    const port = await start('127.0.0.1:0');
    const idle = connect(port, '127.0.0.1');
    await new Promise((resolve) => idle.once('connect', resolve));
    const closed = new Promise((resolve) => idle.once('close', resolve));
    idle.on('error', () => undefined);
    await servers.splice(0)[0]?.stop();
    await closed;
  });

  it('is not to be had from other hosts without TLS, nor where somebody else listens', async () => {
    await refusedWith('INSECURE_LISTENER', start('0.0.0.0:0'));
    const port = await start('127.0.0.1:0');
    await refusedWith('LISTEN_FAILED', start(`127.0.0.1:${port}`));
  });

  it('asks for a certificate of its CA where there is TLS', async function () {
    await needOpenssl(this);
    const ca = await authority(dir.path, 'ca');
    const otherCa = await authority(dir.path, 'other-ca');
    const port = await start('127.0.0.1:0', await certificate(dir.path, 'server', ca));
    const ask = (files?: TlsFiles): ReturnType<typeof fetchPage> =>
      fetchPage({
        ...{ port, host: '127.0.0.1', ca: readFileSync(ca.cert) },
        ...(files && { cert: readFileSync(files.cert), key: readFileSync(files.key) }),
      });
    assert.equal((await ask(await certificate(dir.path, 'ours', ca))).text, 'a 1\n');
    await assert.rejects(ask());
    await assert.rejects(ask(await certificate(dir.path, 'theirs', otherCa)));
    await assert.rejects(ask(await certificate(dir.path, 'old', ca, { expired: true })));
    await assert.rejects(fetchPage({ port }));
  });

  it('takes each connection with what the files hold at that moment', async () => {
    const ca = await LabCa.create(dir.path);
    const clock = new FakeClock();
    const none = (): void => undefined;
    const peers: string[] = [];
    const peerRefused: TlsEvents['peerRefused'] = (_files, _peer, reason) => peers.push(reason);
    const events = { loaded: none, refused: none, ending: none, ended: none, peerRefused };
    const keeper = new TlsKeeper({ clock, events });
    const server = new PageServer({ contentType: 'text/plain', render: () => render() }, keeper);
    servers.push(server);
    const tls = await ca.issue('nva');
    const [bound = ''] = await server.start([{ address: addressOf('127.0.0.1:0'), tls }]);
    const port = Number(bound.slice(bound.lastIndexOf(':') + 1));
    const scraper = await ca.issue('user/scraper');
    const ask = (): ReturnType<typeof fetchPage> =>
      fetchPage({
        ...{ port, host: '127.0.0.1', ca: readFileSync(scraper.ca) },
        ...{ cert: readFileSync(scraper.cert), key: readFileSync(scraper.key) },
      });
    assert.equal((await ask()).text, 'a 1\n');
    await ca.revoke('user/scraper');
    for (let looks = 0; looks < 2; looks++) {
      const sets = clock.pending;
      await clock.advance(LOOK_MS);
      await eventually(() => clock.pending === sets);
    }
    await assert.rejects(ask());
    assert.deepEqual(peers, ['CERT_REVOKED']);
    await keeper.close();
  });
});
