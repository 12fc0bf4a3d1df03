/** What TLS servers are told of the name that they are called by (SNI, RFC 6066 §3), and by which name they are judged. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { Client, type ChannelCredentials } from '@grpc/grpc-js';
import { clientCredentials, credentialsToNva } from '../../../src/rpc/tls.js';
import { readTls } from '../../../src/rpc/tls-files.js';
import type { TlsFiles } from '../../../src/rpc/tls-material.js';
import { LabCa } from '../../support/lab-ca.js';
import { tempDir } from '../../support/temp-dir.js';

const MS = 10_000;

async function listen(server: TcpServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

describe('the name of a TLS server', function () {
  this.timeout(20_000);
  let dir: ReturnType<typeof tempDir>;
  let ca: LabCa;
  let files: TlsFiles;
  let port: number;
  let server: ReturnType<typeof createTlsServer>;
  let secured: Promise<TLSSocket>;
  /** Stays to the end: grpc-js tells on stderr of one that it cannot reach. */
  let proxy: ReturnType<typeof createServer> | undefined;
  /** What goes through it, which is not the proxy's to close. */
  const tunnels: Duplex[] = [];
  const kinds: readonly (readonly [string, () => ChannelCredentials])[] = [
    ['an NVA', () => credentialsToNva(readTls(files))],
    ['an etcd member', () => clientCredentials(files)],
    ['an etcd member that wants no certificate', () => clientCredentials({ ca: files.ca })],
  ];

  before(async () => {
    dir = tempDir();
    ca = await LabCa.create(dir.path);
    const { pki } = ca;
    const days = 90;
    const own = { identity: 'nva', name: '', dns: ['localhost'], ips: ['127.0.0.1'], days };
    const { cert, key, ca: authority } = await pki.issue(own);
    files = { ca: authority, cert, key };
  });
  beforeEach(async () => {
    const [cert, key] = [readFileSync(files.cert), readFileSync(files.key)];
    server = createTlsServer({ cert, key, ALPNProtocols: ['h2'] });
    port = await listen(server);
    secured = once(server, 'secureConnection').then(([socket]: TLSSocket[]) => {
      assert.ok(socket);
      socket.on('error', () => undefined);
      return socket;
    });
  });
  afterEach(() => server.close());
  after(() => {
    dir.remove();
    for (const end of tunnels) end.destroy();
    proxy?.close();
  });

  /** What the server hears, when it is called. */
  async function heard(target: string, credentials: ChannelCredentials): Promise<unknown> {
    const client = new Client(target, credentials);
    try {
      client.waitForReady(Date.now() + MS, () => undefined);
      const socket = await secured;
      socket.destroy();
      return socket.servername;
    } finally {
      client.close();
    }
  }

  for (const [who, make] of kinds) {
    it(`is not told to ${who} that is called by its address`, async () => {
      assert.equal(await heard(`127.0.0.1:${port}`, make()), false);
    });

    it(`is told to ${who} that is called by it`, async () => {
      assert.equal(await heard(`localhost:${port}`, make()), 'localhost');
    });
  }

  it('is that of this host at a socket of its', async () => {
    const path = `${dir.path}/tls.sock`;
    const relay = createTcpServer((client) => {
      const through = connect(port, '127.0.0.1');
      for (const end of [client, through]) end.on('error', () => undefined);
      client.pipe(through).pipe(client);
      tunnels.push(client, through);
    });
    relay.listen(path);
    await once(relay, 'listening');
    try {
      assert.equal(await heard(`unix:${path}`, clientCredentials(files)), 'localhost');
    } finally {
      relay.close();
    }
  });

  it('is that of the server also where a proxy is between', async () => {
    const asked: unknown[] = [];
    proxy = createServer().on('connect', ({ url }, client) => {
      asked.push(url);
      const through = connect(port, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        client.pipe(through).pipe(client);
      });
      for (const end of [client, through]) end.on('error', () => undefined);
      tunnels.push(client, through);
    });
    const at = await listen(proxy);
    process.env['grpc_proxy'] = `http://127.0.0.1:${at}`;
    try {
      assert.equal(await heard(`localhost:${port}`, clientCredentials(files)), 'localhost');
      assert.deepEqual(asked, [`localhost:${port}`]);
    } finally {
      delete process.env['grpc_proxy'];
    }
  });
});
