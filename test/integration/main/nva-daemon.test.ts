import assert from 'node:assert/strict';
import { once, setMaxListeners } from 'node:events';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { NfvError } from '../../../src/errors.js';
import type { Call } from '../../../src/model/api.js';
import { parseAddress } from '../../../src/rpc/address.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import type { TlsFiles } from '../../../src/rpc/tls-material.js';
import { authority, certificate, needOpenssl } from '../../support/certificates.js';
import { Child, runProgram } from '../../support/child.js';
import { Daemon, DaemonFiles, NFVD, nfvd } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';
import { Probe } from '../../support/grpc-probe.js';
import { refusedWith } from '../../support/refusals.js';
import { endpointSpec, networkSpec, nveSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

const endless = new AbortController().signal;
// Many calls at once wait on it.
setMaxListeners(0, endless);
const call: Call = { signal: endless };
const request = { requestId: '', validateOnly: false };
const ALL = { pageSize: 1000, pageToken: '', filter: '' };

describe('nfvd nva', function () {
  this.timeout(60_000);
  let dir: ReturnType<typeof tempDir>;
  let files: DaemonFiles;
  const daemons: Daemon[] = [];
  const clients: { close(): void }[] = [];

  beforeEach(() => {
    dir = tempDir();
    files = new DaemonFiles(dir.path);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    const errors: string[] = [];
    for (const daemon of daemons.splice(0)) {
      await daemon.stop('SIGKILL');
      errors.push(daemon.err);
    }
    dir.remove();
    assert.equal(errors.join(''), '');
  });

  const start = async (change: object = {}): Promise<Daemon> => {
    const daemon = await Daemon.start(['nva', '--config', files.nva(change)]);
    daemons.push(daemon);
    return daemon;
  };
  it('tells systemd when it is up, and when it stops', async () => {
    // Node cannot read the datagrams that systemd-notify sends: what it is called with is kept instead.
    const told = join(dir.path, 'told');
    const program = join(dir.path, 'systemd-notify');
    writeFileSync(program, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> '${told}'\n`, { mode: 0o755 });
    const env = {
      PATH: `${dir.path}:${process.env['PATH'] ?? ''}`,
      NOTIFY_SOCKET: '/run/systemd/notify',
    };
    const args = [NFVD, 'nva', '--config', files.nva()];
    const child = new Child(process.execPath, args, { env });
    await eventually(() => readFileSync(told, 'utf8') === '/run/systemd/notify READY=1\n');
    await child.kill('SIGTERM');
    assert.match(readFileSync(told, 'utf8'), /READY=1\n.* STOPPING=1\n$/);
    assert.match(child.out, /"NVA is up"[^]*"stopped"/);
  });

  const clientTo = (target: string, tls?: TlsFiles): NvaClient => {
    const address = parseAddress(target);
    assert.ok(address);
    const client = new NvaClient({ address, timeoutMs: 20_000, ...(tls && { tls }) });
    clients.push(client);
    return client;
  };
  const client = (): NvaClient => clientTo(`unix:${files.socket()}`);
  const probe = (): Probe => {
    const one = new Probe(`unix:${files.socket()}`);
    clients.push(one);
    return one;
  };
  const createNve = (api: NvaClient, id: string, n: number): Promise<unknown> =>
    api.nves.create({ ...request, id, spec: nveSpec([`192.0.${n >> 8}.${n & 255}`]) }, call);

  it('listens on a socket that is only for its user, and keeps its data to itself', async () => {
    const daemon = await start();
    const up = await daemon.logged('NVA is up');
    assert.deepEqual(up['addresses'], [`unix:${files.socket()}`]);
    assert.equal((await stat(files.socket())).mode & 0o7777, 0o600);
    assert.equal((await stat(files.stateOf('data'))).mode & 0o7777, 0o700);
    assert.equal((await stat(join(files.stateOf('data'), 'data.mdb'))).mode & 0o7777, 0o600);
    await createNve(client(), 'host-a', 1);
  });

  it('answers for its health, and for what services it has', async () => {
    await start();
    const asked = probe();
    for (const service of ['', 'nfv.v1.NvaService', 'nfv.v1.NveSessionService']) {
      assert.equal(await asked.health(service), 'SERVING');
    }
    assert.match(await asked.health('nfv.v1.Other'), /NOT_FOUND/);
    const services = await asked.services();
    assert.ok(services.includes('nfv.v1.NvaService'), services);
    assert.ok(services.includes('nfv.v1.NveSessionService'), services);
  });

  it('has no line in its log that is as long as a caller likes', async () => {
    const daemon = await start();
    const api = client();
    const name = 'x'.repeat(1_000_000);
    await refusedWith('NOT_FOUND', api.virtualNetworks.get(name, call));
    await refusedWith('NOT_FOUND', api.changes.get(name, call));
    for (const method of ['GetVirtualNetwork', 'GetChange']) {
      const line = await daemon.logged(({ path }) => path === `/nfv.v1.NvaService/${method}`);
      const length = JSON.stringify(line).length;
      assert.ok(length > 1000 && length < 1500, `${length} characters`);
    }
  });

  it('ends in good order on SIGTERM: what is under way is answered, who watches is told', async () => {
    const daemon = await start();
    const api = client();
    await createNve(api, 'host-a', 1);
    const network = networkSpec({ vni: 100 });
    await api.virtualNetworks.create({ ...request, id: 'blue', spec: network }, call);
    const port = {
      kind: 'tap',
      interface: 'tap0',
      ownerUid: 0,
      multiQueue: false,
      vnetHdr: false,
    } as const;
    const spec = endpointSpec({ network: 'blue', nve: 'host-a', port });
    await api.endpoints.create({ ...request, id: 'e1', spec }, call);
    const waiting = refusedWith(
      'SHUTTING_DOWN',
      api.waitApplied({ revision: 0, timeoutMs: 60_000 }, call),
    );
    const seen: string[] = [];
    const watching = (async (): Promise<void> => {
      for await (const event of api.watch({ startRevision: 0, kinds: [], filter: '' }, call)) {
        seen.push(event.type);
      }
    })();
    const told = refusedWith('SHUTTING_DOWN', watching);
    await eventually(() => seen.includes('SYNCED'));
    await daemon.logged(
      (line) => line.msg === 'call' && String(line['path']).includes('CreateEndpoint'),
    );
    const began = performance.now();
    const { code } = await daemon.stop('SIGTERM');
    assert.equal(code, 0);
    assert.ok(performance.now() - began < 5000, 'it had nothing to wait for');
    await waiting;
    await told;
    assert.equal(daemon.err, '');
    assert.equal((await daemon.logged('stopping'))['signal'], 'SIGTERM');
    assert.equal(daemon.lines.at(-1)?.msg, 'stopped');
    await refusedWith('NVA_UNREACHABLE', createNve(client(), 'host-b', 2));
  });

  it('does not wait for a peer that hangs, and never closes its end', async () => {
    const daemon = await start();
    const peer = connect({ path: files.socket(), allowHalfOpen: true });
    clients.push({ close: () => peer.destroy() });
    // HTTP/2: the preface, and settings that say nothing.
    peer.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
    await once(peer, 'data');
    const began = performance.now();
    const { code } = await daemon.stop('SIGTERM');
    assert.equal(code, 0);
    assert.ok(performance.now() - began < 10_000, 'it waited until its time was over');
    assert.equal(daemon.lines.at(-1)?.msg, 'stopped');
  });

  it('keeps what it has acknowledged when it is told to stop in the middle of it', async () => {
    const daemon = await start();
    const api = client();
    const acknowledged: string[] = [];
    const refused: NfvError[] = [];
    const creating = Array.from({ length: 200 }, async (_, n) => {
      const id = `host-${n}`;
      try {
        await createNve(api, id, n + 1);
        acknowledged.push(id);
        if (acknowledged.length === 20) daemon.signal('SIGINT');
      } catch (error) {
        refused.push(NfvError.from(error));
      }
    });
    await Promise.all(creating);
    assert.equal((await daemon.ended).code, 0);
    assert.ok(acknowledged.length >= 20);
    for (const { code } of refused) {
      assert.ok(['NVA_UNREACHABLE', 'SHUTTING_DOWN', 'STORE_CLOSED'].includes(code), code);
    }
    await start();
    const { resources } = await client().nves.list(ALL, call);
    const found = new Set(resources.map(({ id }) => id));
    for (const id of acknowledged) assert.ok(found.has(id), `${id} is lost`);
  });

  it('does not wait for ever for a call that does not end, and not at all for the second signal', async () => {
    const patient = await start();
    const asked = probe();
    const over = asked.watchHealth();
    await asked.health();
    const began = performance.now();
    assert.equal((await patient.stop('SIGTERM')).code, 0);
    const took = performance.now() - began;
    assert.ok(took > 4000 && took < 14_000, `${took} ms`);
    await eventually(() => over.aborted);

    const hasty = await start();
    const another = probe();
    another.watchHealth();
    await another.health();
    hasty.signal('SIGTERM');
    await hasty.logged('stopping');
    const second = performance.now();
    assert.equal((await hasty.stop('SIGTERM')).code, 1);
    assert.ok(performance.now() - second < 4000);
  });

  it('loses nothing that it has acknowledged when it is killed', async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 4; round++) {
      const daemon = await start();
      const api = client();
      const { resources } = await api.nves.list(ALL, call);
      const found = new Set(resources.map(({ id }) => id));
      for (const id of acknowledged) assert.ok(found.has(id), `${id} is lost`);
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let n = 0; ; n++) {
          const id = `host-${round}-${writer}-${n}`;
          await createNve(api, id, round * 10_000 + writer * 1000 + n + 1);
          acknowledged.push(id);
        }
      });
      const outcomes = Promise.allSettled(writers);
      const enough = acknowledged.length + 20 + 15 * round;
      await eventually(() => acknowledged.length >= enough);
      assert.equal((await daemon.stop('SIGKILL')).signal, 'SIGKILL');
      for (const outcome of await outcomes) {
        assert.ok(outcome.status === 'rejected');
        assert.equal(NfvError.from(outcome.reason).code, 'NVA_UNREACHABLE');
      }
      api.close();
    }
    assert.ok(acknowledged.length > 80);
  });

  it('takes over the socket of one that was killed', async () => {
    const first = await start();
    await first.stop('SIGKILL');
    assert.ok((await stat(files.socket())).isSocket());
    await start();
    await createNve(client(), 'host-a', 1);
  });

  it('does not start on what another process has', async () => {
    await start();
    const data = await nfvd(['nva', '--config', files.nva()]);
    assert.equal(data.code, 1);
    assert.match(data.stderr, /^error: .*\(STORE_LOCKED\)\nremedy: stop the other process/);
    const listen = [{ address: `unix:${files.socket()}` }];
    const path = files.write('other', { dataDir: files.stateOf('other'), listen });
    const socket = await nfvd(['nva', '--config', path]);
    assert.equal(socket.code, 1);
    assert.match(socket.stderr, /is in use by another process \(LISTEN_FAILED\)/);
    await createNve(client(), 'host-a', 1);
  });

  it('does not start where it cannot listen', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const taken = other.address();
    assert.ok(typeof taken === 'object' && taken !== null);
    const path = files.nva({ listen: [{ address: `127.0.0.1:${taken.port}` }] });
    const { code, stderr } = await nfvd(['nva', '--config', path]);
    assert.equal(code, 1);
    assert.match(stderr, /^error: 127\.0\.0\.1:\d+: .*EADDRINUSE.* \(LISTEN_FAILED\)/);
    await new Promise((resolve) => other.close(resolve));
  });

  it('does not start on a damaged store, and leaves it as it is', async () => {
    const daemon = await start();
    await createNve(client(), 'host-a', 1);
    await daemon.stop();
    const file = join(files.stateOf('data'), 'data.mdb');
    const whole = readFileSync(file);
    truncateSync(file, 8192);
    const { code, stderr } = await nfvd(['nva', '--config', files.nva()]);
    assert.equal(code, 1);
    assert.match(stderr, /\(STORE_DAMAGED\)\nremedy: restore the data directory from a backup\n$/);
    assert.deepEqual(readFileSync(file), whole.subarray(0, 8192));
  });

  describe('with TLS', () => {
    let tls: Record<'ours' | 'server' | 'theirs' | 'old', TlsFiles>;
    let certificates: ReturnType<typeof tempDir>;

    before(async function () {
      await needOpenssl(this);
      certificates = tempDir();
      const { path } = certificates;
      const ca = await authority(path, 'ca');
      const otherCa = await authority(path, 'other-ca');
      tls = {
        server: await certificate(path, 'server', ca),
        ours: await certificate(path, 'ours', ca),
        theirs: { ...(await certificate(path, 'theirs', otherCa)), ca: ca.cert },
        old: await certificate(path, 'old', ca, { expired: true }),
      };
    });
    after(() => {
      certificates.remove();
    });

    it('lets in who shows a certificate of its CA, at any address, and nobody else', async () => {
      const daemon = await start({ listen: [{ address: '0.0.0.0:0', tls: tls.server }] });
      const up = await daemon.logged('NVA is up');
      const [target] = [up['addresses']].flat().map(String);
      const here = target?.replace('0.0.0.0', '127.0.0.1') ?? '';
      await createNve(clientTo(here, tls.ours), 'host-a', 1);
      await refusedWith('NVA_UNREACHABLE', createNve(clientTo(here), 'host-b', 2));
      await refusedWith('NVA_UNREACHABLE', createNve(clientTo(here, tls.theirs), 'host-b', 2));
      const { ca, cert, key } = tls.ours;
      const flags = ['-s', here, '--tls-ca', ca, '--tls-cert', cert, '--tls-key', key];
      const ran = await runProgram(['get', 'nves', '-o', 'name', ...flags]);
      assert.deepEqual(ran, { status: 0, signal: null, out: 'nves/host-a\n', err: '' });
      const mistrustful = { ...tls.ours, ca: tls.theirs.cert };
      await refusedWith('NVA_UNREACHABLE', createNve(clientTo(here, mistrustful), 'host-b', 2));
      assert.equal((await clientTo(here, tls.ours).nves.list(ALL, call)).resources.length, 1);
      const [secret = ''] = /^\w{40,}/m.exec(readFileSync(tls.server.key, 'utf8')) ?? [];
      assert.ok(secret !== '' && !daemon.out.includes(secret) && !daemon.err.includes(secret));
    });

    it('calls a certificate that has ended an error', async () => {
      const daemon = await start({ listen: [{ address: '127.0.0.1:0', tls: tls.old }] });
      const line = await daemon.logged('has ended: peers refuse it');
      assert.deepEqual([line.level, line['file']], ['error', tls.old.cert]);
      assert.ok(!daemon.lines.some(({ msg }) => msg === 'to be renewed soon'));
    });

    it('does not start without one of its files, and makes no store', async () => {
      const missing = { ...tls.server, key: '/nonexistent/server.key' };
      const path = files.nva({ listen: [{ address: '127.0.0.1:0', tls: missing }] });
      const { code, stderr } = await nfvd(['nva', '--config', path]);
      assert.equal(code, 1);
      assert.match(stderr, /^error: \/nonexistent\/server\.key: ENOENT.* \(FILE_UNREADABLE\)/);
      await assert.rejects(stat(join(dir.path, 'data')), { code: 'ENOENT' });
    });

    it('does not start with files that do not belong together', async () => {
      const mixed = { ...tls.server, key: tls.ours.key };
      const path = files.nva({ listen: [{ address: '127.0.0.1:0', tls: mixed }] });
      const { code, stderr } = await nfvd(['nva', '--config', path]);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^error: .*server\.pem.* \(FILE_UNREADABLE\)\nremedy: .*belong together/,
      );
      const checked = await nfvd(['nva', '--check-config', '--config', path]);
      assert.deepEqual(checked, { code, stdout: '', stderr });
    });
  });
});
