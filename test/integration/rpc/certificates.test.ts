/** Certificates that are replaced or revoked while they are in use, over real connections. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { callerOf } from '../../../src/model/access-policy.js';
import { parseAddress } from '../../../src/rpc/address.js';
import type { CallEnd } from '../../../src/rpc/handlers.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { NveSessionClient, type NveSideStream } from '../../../src/rpc/nve-client.js';
import { RpcServer } from '../../../src/rpc/server.js';
import { LOOK_MS, TlsKeeper } from '../../../src/rpc/tls-keeper.js';
import type { TlsFiles } from '../../../src/rpc/tls-material.js';
import { welcome } from '../../support/agent-rig.js';
import { needOpenssl } from '../../support/certificates.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { IntermediateCa } from '../../support/intermediate-ca.js';
import { Probe } from '../../support/grpc-probe.js';
import { LabCa, putFile } from '../../support/lab-ca.js';
import { MemoryNva } from '../../support/memory-nva.js';
import { CALL } from '../../support/nva-server.js';
import { refusedWith } from '../../support/refusals.js';
import { tempDir } from '../../support/temp-dir.js';

const ALL = { pageSize: 0, pageToken: '', filter: '' };

describe('certificates in use', function () {
  this.timeout(60_000);
  let dir: ReturnType<typeof tempDir>;
  let ca: LabCa;
  let clock: FakeClock;
  let keeper: TlsKeeper;
  let server: RpcServer;
  let serverTls: TlsFiles;
  let port: number;
  let ends: CallEnd[];
  let log: string[];
  let refusals: [peer: string, reason: string][];
  let welcomed: number;
  const opened: (() => void)[] = [];

  beforeEach(async () => {
    dir = tempDir();
    ca = await LabCa.create(dir.path);
    serverTls = await ca.issue('nva');
    clock = new FakeClock();
    ends = [];
    log = [];
    refusals = [];
    welcomed = 0;
    keeper = new TlsKeeper({
      clock,
      events: {
        loaded: () => log.push('loaded'),
        refused: (_files, { message }) => log.push(message),
        ending: () => undefined,
        ended: () => undefined,
        peerRefused: (_files, peer, reason) => refusals.push([peer, reason]),
      },
    });
    server = new RpcServer({
      listeners: [{ address: { kind: 'tcp', host: '127.0.0.1', port: 0 }, tls: serverTls }],
      tls: keeper,
      nva: {
        api: new MemoryNva(),
        // Until the peer, or who knows that the peer may not, ends it.
        async session(stream) {
          await stream.send(welcome());
          for await (const message of stream.incoming) assert.fail(JSON.stringify(message));
        },
        callerOf: (identity) => callerOf(undefined, identity),
        onCallEnd: (end) => ends.push(end),
      },
    });
    const [target = ''] = await server.start();
    const address = parseAddress(target);
    assert.ok(address?.kind === 'tcp');
    ({ port } = address);
  });
  afterEach(async () => {
    for (const close of opened.splice(0)) close();
    await server.stop(0);
    await keeper.close();
    dir.remove();
  });

  const look = async (): Promise<void> => {
    const sets = clock.pending;
    await clock.advance(LOOK_MS);
    await eventually(() => clock.pending === sets);
  };
  const clientOf = (tls: TlsFiles): NvaClient => {
    const client = new NvaClient({
      address: { kind: 'tcp', host: '127.0.0.1', port },
      timeoutMs: 5000,
      tls,
    });
    opened.push(() => {
      client.close();
    });
    return client;
  };
  const session = (tls: TlsFiles): NveSideStream => {
    const stream = new NveSessionClient(keeper).connect(
      { kind: 'tcp', host: '127.0.0.1', port },
      tls,
    );
    opened.push(() => {
      stream.end();
    });
    return stream;
  };
  /** How a session ends. */
  const endOf = async ({ incoming }: NveSideStream): Promise<void> => {
    for await (const { kind } of incoming) {
      assert.equal(kind, 'welcome');
      welcomed++;
    }
  };
  /** A bare TLS connection; its first bytes have come, so it has been let in. */
  const raw = async (tls: TlsFiles, before?: Buffer): Promise<TLSSocket> => {
    const [caPem, cert, key] = [tls.ca, tls.cert, tls.key].map((path) => readFileSync(path));
    const socket = connect({
      ...{ host: '127.0.0.1', port, ca: caPem, cert, key, ALPNProtocols: ['h2'] },
      ...(before !== undefined && { session: before }),
    });
    opened.push(() => socket.destroy());
    const closed = once(socket, 'close').then(() => {
      throw new Error('closed');
    });
    closed.catch(() => undefined);
    await Promise.race([once(socket, 'secureConnect'), closed]);
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
    await Promise.race([once(socket, 'data'), closed]);
    return socket;
  };

  describe('that are revoked', () => {
    it('get no connection any more', async () => {
      const alice = await ca.issue('user/alice');
      await clientOf(alice).nves.list(ALL, CALL);
      await ca.revoke('user/alice');
      await look();
      await refusedWith('NVA_UNREACHABLE', clientOf(alice).nves.list(ALL, CALL));
      await refusedWith('NVA_UNREACHABLE', endOf(session(alice)));
      await clientOf(await ca.issue('user/bob')).nves.list(ALL, CALL);
      assert.deepEqual(
        ends.map(({ origin }) => origin.who),
        ['user/alice', 'user/bob'],
      );
      // The second is not told: it is of the same minute.
      assert.equal(refusals.length, 1);
      const [peer, reason] = refusals[0] ?? [];
      assert.match(peer ?? '', /^127\.0\.0\.1:[1-9]\d*$/);
      assert.equal(reason, 'CERT_REVOKED');
    });

    it('can do nothing on a connection that they have, and that is told', async () => {
      const client = clientOf(await ca.issue('user/alice'));
      await client.nves.list(ALL, CALL);
      await ca.revoke('user/alice');
      await look();
      const error = await refusedWith('ACCESS_DENIED', client.nves.list(ALL, CALL));
      assert.equal(error.message, 'the certificate of this connection has been revoked');
      assert.deepEqual(
        ends.map(({ origin, error: end }) => [origin.who, end?.code]),
        [
          ['user/alice', undefined],
          ['user/alice (revoked)', 'ACCESS_DENIED'],
        ],
      );
    });

    it('learn nothing more of the health of the server, nor of its methods', async () => {
      const probe = new Probe(`127.0.0.1:${port}`, await ca.issue('user/alice'));
      opened.push(() => {
        probe.close();
      });
      assert.equal(await probe.health(), 'SERVING');
      const watch = probe.watchHealth();
      await ca.revoke('user/alice');
      await look();
      await eventually(() => watch.aborted);
      const revoked = /the certificate of user\/alice has been revoked/;
      assert.match(await probe.health(), revoked);
      assert.match(await probe.healthList(), revoked);
      assert.match(await probe.watched(), revoked);
      assert.match(await probe.services().catch(String), revoked);
    });

    it('lose the watches, waits and sessions that they have; others keep theirs', async () => {
      const watching = async (tls: TlsFiles): Promise<void> => {
        const request = { kinds: [], filter: '', startRevision: 0 };
        for await (const event of clientOf(tls).watch(request, CALL)) log.push(event.type);
      };
      const [alice, bob] = [await ca.issue('user/alice'), await ca.issue('user/bob')];
      const [a, b] = [await ca.issue('nve/host-a'), await ca.issue('nve/host-b')];
      const lost = [watching(alice), endOf(session(a))].map((end) =>
        refusedWith('ACCESS_DENIED', end),
      );
      let others = 0;
      for (const kept of [watching(bob), endOf(session(b))]) {
        void kept.catch(() => undefined).then(() => others++);
      }
      await eventually(() => log.filter((line) => line === 'SYNCED').length === 2);
      await clientOf(a).nves.list(ALL, CALL);
      await ca.revoke('user/alice');
      await ca.revoke('nve/host-a');
      await look();
      for (const end of lost) {
        const error = await end;
        assert.match(error.message, /the certificate of this connection has been revoked/);
      }
      assert.equal(others, 0);
    });

    it('do not come back by a session that they have resumed', async () => {
      const tls = await ca.issue('user/alice');
      const first = await raw(tls);
      const ticket = first.getSession();
      assert.ok(ticket);
      assert.ok((await raw(tls, ticket)).isSessionReused(), 'sessions are resumed at all');
      await ca.revoke('user/alice');
      await look();
      await assert.rejects(raw(tls, ticket), /closed|ECONNRESET|alert/);
    });

    it('make an agent leave its NVA, and not come back to it', async () => {
      const agent = await ca.issue('nve/host-a');
      const ended = refusedWith('ACCESS_DENIED', endOf(session(agent)));
      // Only its agents have heard of it.
      const crl = `${dir.path}/crl-of-agents.pem`;
      const heard = { ...agent, crl };
      putFile(crl, ca.read('crl.pem'));
      const other = refusedWith('ACCESS_DENIED', endOf(session(heard)));
      await eventually(() => welcomed === 2);
      await ca.revoke('nva');
      const revoked = ca.read('crl.pem');
      putFile(crl, revoked);
      await look();
      const error = await other;
      assert.equal(error.message, `the certificate of 127.0.0.1:${port} has been revoked`);
      await refusedWith('NVA_UNREACHABLE', endOf(session(heard)));
      await ended;
    });
  });

  describe('that are replaced', () => {
    it('serve new connections, and leave those that are up as they are', async () => {
      const agent = await ca.issue('nve/host-a');
      const up = session(agent);
      let isUp = true;
      const over = endOf(up).finally(() => (isUp = false));
      const before = (await raw(agent)).getPeerCertificate().serialNumber;
      await ca.pki.renew('nva', undefined);
      await ca.pki.renew('nve/host-a', undefined);
      await look();
      const after = await raw(agent);
      assert.notEqual(after.getPeerCertificate().serialNumber, before);
      const again = session(agent);
      const secondOver = endOf(again);
      await clientOf(agent).nves.list(ALL, CALL);
      assert.ok(isUp);
      up.end();
      again.end();
      await Promise.all([over, secondOver]);
    });

    it('may be of another CA, by way of a bundle of both', async () => {
      const agent = await ca.issue('nve/host-a');
      const next = await LabCa.create(dir.path, 'next');
      const both = ca.read('ca.pem') + next.read('ca.pem');
      const lists = ca.read('crl.pem') + next.read('crl.pem');
      const serial = new Set([(await raw(agent)).getPeerCertificate().serialNumber]);
      // 1. Everybody trusts both. 2. The NVA is the new CA's. 3. Agents are.
      putFile(serverTls.crl ?? '', lists);
      putFile(serverTls.ca, both);
      await look();
      const nva = await next.issue('nva');
      putFile(serverTls.key, readFileSync(nva.key, 'utf8'));
      putFile(serverTls.cert, readFileSync(nva.cert, 'utf8'));
      await look();
      serial.add((await raw(agent)).getPeerCertificate().serialNumber);
      assert.equal(serial.size, 2);
      await clientOf(await next.issue('user/alice')).nves.list(ALL, CALL);
      await clientOf(agent).nves.list(ALL, CALL);
    });
  });

  it('that are no NVA’s serve no agent and no nfvctl', async () => {
    // Of the right CA, for the right address.
    const agentHost = await ca.pki.issue({
      ...{ identity: 'nve/host-b', name: '', dns: [], ips: ['127.0.0.1'], days: 1 },
    });
    const fake = new RpcServer({
      listeners: [{ address: { kind: 'tcp', host: '127.0.0.1', port: 0 }, tls: agentHost }],
    });
    opened.push(() => void fake.stop(0));
    const [target = ''] = await fake.start();
    const address = parseAddress(target);
    assert.ok(address?.kind === 'tcp');
    ({ port } = address);
    const agent = await ca.issue('nve/host-a');
    for (const call of [endOf(session(agent)), clientOf(agent).nves.list(ALL, CALL)]) {
      const error = await refusedWith('NVA_UNREACHABLE', call);
      assert.match(error.message, /its certificate is that of nve\/host-b, which is no NVA/);
    }
  });

  it('of a CA below the one that is trusted are taken with its revocation list, and without it that is told', async function () {
    await needOpenssl(this);
    const mid = await IntermediateCa.create(dir.path);
    const ours = await mid.issue('below');
    const alice = await mid.issue('alice', 'spiffe://nfv.example/user/alice');
    for (const [crl, unlisted] of [
      [mid.rootList, ['"CN=mid"']],
      [mid.bothLists, []],
    ] as const) {
      const tls = { ...ours, crl };
      assert.deepEqual(keeper.keep(tls).current.unlisted, unlisted);
      const other = new RpcServer({
        listeners: [{ address: { kind: 'tcp', host: '127.0.0.1', port: 0 }, tls }],
        tls: keeper,
        nva: {
          api: new MemoryNva(),
          session: () => Promise.resolve(),
          callerOf: (identity) => callerOf(undefined, identity),
          onCallEnd: (end) => ends.push(end),
        },
      });
      opened.push(() => void other.stop(0));
      const address = parseAddress((await other.start())[0] ?? '');
      assert.ok(address?.kind === 'tcp');
      ({ port } = address);
      const listed = clientOf(alice).nves.list(ALL, CALL);
      if (unlisted.length === 0) await listed;
      else await refusedWith('NVA_UNREACHABLE', listed);
    }
    assert.deepEqual(
      refusals.map(([, reason]) => reason),
      ['UNABLE_TO_GET_CRL'],
    );
  });

  it('say nothing of a port that is only looked at', async () => {
    const socket = connectTcp(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.end();
    await once(socket.resume(), 'close');
    await clientOf(await ca.issue('user/bob')).nves.list(ALL, CALL);
    assert.deepEqual(refusals, []);
  });
});
